//! One request's session is no other request's.

use axum::{Router, extract::Path, routing::get};
use tenure::{
    Session, SessionError, Sessions,
    testing::{self, MemoryStore},
};

use crate::site::Site;

/// Says whose session it is, before and after other requests have had their turn.
async fn whose(Path(waits): Path<u32>, session: Session) -> Result<String, SessionError> {
    let before: Option<u32> = session.get("cart")?;
    for _ in 0..waits {
        tokio::task::yield_now().await;
    }
    session.insert("seen", before)?;
    Ok(format!("{before:?} {:?}", session.get::<u32>("cart")?))
}

/// On one thread, so that all of them share whatever a thread has.
#[tokio::test]
async fn advisory_cve_2026_24894_two_users_of_one_worker_never_meet() {
    let sessions = Sessions::new(MemoryStore::default(), &testing::settings()).unwrap();
    let site = Site::with(sessions, Router::new().route("/whose/{waits}", get(whose)));
    let one = site.visitor().await;
    let mut two = site.visitor().await;
    two = site.get("/write", &two).await.cookie.unwrap_or(two);
    for round in 0..500_u32 {
        let requests = (0..20_u32).map(async |number| {
            let (cookie, cart) = match number % 4 {
                0 | 1 => (one.as_str(), "Some(1)"),
                2 => (two.as_str(), "Some(2)"),
                _ => ("", "None"),
            };
            let path = format!("/whose/{}", (round + number * 7) % 5);
            let seen = site.get(&path, cookie).await;
            assert_eq!(seen.body, format!("{cart} {cart}"), "round {round}");
            let is_theirs = |new: String| match cookie {
                "" => new != one && new != two,
                theirs => new == theirs,
            };
            assert!(seen.cookie.is_none_or(is_theirs), "round {round}");
        });
        join_all(requests).await;
    }
}

/// Polls each in turn, on this one task.
async fn join_all(futures: impl IntoIterator<Item = impl Future<Output = ()>>) {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}
