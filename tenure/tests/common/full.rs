//! A disk that fills up below a database.

use std::time::Instant;

use tenure::{Sessions, store::SessionStore, testing};
use testkit::Disk;

/// Half a megabyte that packs badly: no page that a database has already holds it.
fn large() -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        format!("{state:016x}")
    };
    (0..1 << 15).map(|_| next()).collect()
}

/// Whoever writes gets 503 in time, everybody stays logged in, and the same goes through when there is room again.
pub(crate) async fn nobody_is_logged_out(store: impl SessionStore, disk: &Disk) {
    let settings = testing::settings();
    let sessions = Sessions::new(store, &settings).unwrap();
    let first = sessions.new_session();
    first.load().await.unwrap().insert("user", 7).unwrap();
    let headers = sessions.finish(&first, 200).await.unwrap();
    let set_cookie = headers.set_cookie.unwrap();
    let cookie = set_cookie.split(';').next().unwrap();
    let large = large();

    for _ in 0..2 {
        disk.fill();
        let started = Instant::now();
        let request = sessions.begin([cookie.as_bytes()]);
        let session = request.load().await.unwrap();
        assert_eq!(session.get("user").unwrap(), Some(7));
        session.insert("cart", &large).unwrap();
        let error = sessions.finish(&request, 200).await.unwrap_err();
        assert!(started.elapsed() < settings.store_timeout);
        assert_eq!(error.status(), 503);
        let cause = format!("{error:?}");
        assert!(cause.contains("no room is left on the disk"), "{cause}");
        let headers = sessions.finish_now(&request, 503);
        assert!(headers.is_none_or(|headers| headers.set_cookie.is_none()));
        disk.free();

        let request = sessions.begin([cookie.as_bytes()]);
        let session = request.load().await.unwrap();
        assert_eq!(session.get("user").unwrap(), Some(7));
        assert_eq!(session.get::<String>("cart").unwrap(), None);
    }
    let request = sessions.begin([cookie.as_bytes()]);
    request
        .load()
        .await
        .unwrap()
        .insert("cart", &large)
        .unwrap();
    sessions.finish(&request, 200).await.unwrap();
    let request = sessions.begin([cookie.as_bytes()]);
    let session = request.load().await.unwrap();
    assert_eq!(session.get("cart").unwrap(), Some(large));
}
