//! The store is away, or slow.

use std::time::Duration;

use tenure::{SessionError, StoreError};

use crate::{
    site::{Site, request, respond, stored, values, visitor},
    stage::Fault,
};

#[tokio::test]
async fn an_outage_while_loading_is_503_and_says_nothing_about_the_cookie() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    site.stage.set_fault(Fault::Down);
    let lazy = site.sessions.begin([cookie.as_bytes()]);
    let error = lazy.load().await.unwrap_err();
    assert_eq!(error.status(), 503);
    assert!(matches!(
        error,
        SessionError::Store(StoreError::Unavailable { .. })
    ));
    let headers = site.sessions.finish_now(&lazy, error.status()).unwrap();
    assert_eq!(headers.set_cookie, None);
    site.stage.set_fault(Fault::None);
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("user", 7)])
    );
}

#[tokio::test]
async fn a_handler_that_never_touches_the_session_does_not_notice_an_outage() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    site.stage.set_fault(Fault::Down);
    site.stage.take_calls();
    let lazy = site.sessions.begin([cookie.as_bytes()]);
    let headers = site.sessions.finish_now(&lazy, 200).unwrap();
    assert!(!headers.vary_cookie && headers.set_cookie.is_none());
    assert!(site.stage.take_calls().is_empty());
}

#[tokio::test]
async fn an_outage_while_saving_is_503_and_leaves_the_old_session() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("cart", 1).unwrap();
    site.stage.set_fault(Fault::Down);
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    assert_eq!(error.status(), 503);
    for failing in [
        session.save().await,
        session.cycle_key().await,
        session.flush().await,
    ] {
        assert_eq!(failing.unwrap_err().status(), 503);
    }
    assert_eq!(session.get::<u32>("user").unwrap(), Some(7), "not flushed");
    site.stage.set_fault(Fault::None);
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("user", 7)])
    );
    session.save().await.unwrap();
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("cart", 1), ("user", 7)]),
        "the change was only waiting"
    );
}

#[tokio::test]
async fn an_outage_leaves_a_new_visitor_without_cookie_and_row() {
    let site = Site::memory();
    let (lazy, session) = request(&site.sessions, "").await;
    session.insert("cart", 1).unwrap();
    site.stage.set_fault(Fault::Down);
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    assert_eq!(error.status(), 503);
    let headers = site.sessions.finish_now(&lazy, 503).unwrap();
    assert_eq!(headers.set_cookie, None);
    assert!(site.stage.rows().await.is_empty());
}

#[tokio::test]
async fn after_an_outage_at_the_end_the_visitor_still_learns_the_new_key() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("cart", 1)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.cycle_key().await.unwrap();
    session.insert("user", 7).unwrap();
    site.stage.set_fault(Fault::Down);
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    let headers = site.sessions.finish_now(&lazy, error.status()).unwrap();
    let key = session.key().unwrap();
    let new = format!("sessionid={};", key.as_str());
    assert!(headers.set_cookie.unwrap().starts_with(&new));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_given_up_at_the_deadline() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("cart", 1).unwrap();
    site.stage.set_fault(Fault::Hangs);
    let deadline = |error: SessionError| {
        assert_eq!(error.status(), 503);
        let SessionError::Store(StoreError::Deadline { after }) = error else {
            panic!("{error}");
        };
        assert_eq!(after, Duration::from_secs(5));
    };
    deadline(
        site.sessions
            .begin([cookie.as_bytes()])
            .load()
            .await
            .unwrap_err(),
    );
    deadline(session.save().await.unwrap_err());
    deadline(session.cycle_key().await.unwrap_err());
    deadline(session.flush().await.unwrap_err());
    deadline(respond(&site.sessions, &lazy).await.unwrap_err());
    assert_eq!(session.get::<u32>("user").unwrap(), Some(7));
    site.stage.set_fault(Fault::None);
    respond(&site.sessions, &lazy).await.unwrap();
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("cart", 1), ("user", 7)])
    );
}
