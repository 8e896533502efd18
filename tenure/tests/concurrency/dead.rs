//! The dead stay dead: what was flushed or has expired is not brought back by a slow request.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tenure::{
    LazySession, ResponseHeaders, Session, SessionError, Sessions, store::SessionStore, testing,
};

use crate::site::{Site, log_out, request, respond, set, stored, values, visitor};

/// How a slow request comes to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    AtTheEnd,
    AtOnce,
    NewKey,
    /// A relative expiry that is to be prolonged.
    Prolonging,
    /// `SESSION_SAVE_EVERY_REQUEST`.
    EveryRequest,
}

const ALL: [Writing; 5] = [
    Writing::AtTheEnd,
    Writing::AtOnce,
    Writing::NewKey,
    Writing::Prolonging,
    Writing::EveryRequest,
];
const LENGTH: Duration = Duration::from_secs(1000);

impl Writing {
    /// The store's step that writes.
    fn step(self) -> &'static str {
        match self {
            Self::AtTheEnd | Self::AtOnce => "save",
            Self::NewKey => "rename",
            Self::Prolonging | Self::EveryRequest => "touch",
        }
    }

    async fn site(self) -> Site<tenure::engine::db::SqliteStore> {
        let mut settings = testing::settings();
        settings.save_every_request = self == Self::EveryRequest;
        Site::sqlite(settings).await
    }

    /// The handler and the end of the request.
    async fn go_on(
        self,
        sessions: &Sessions,
        lazy: &LazySession,
        session: &Session,
    ) -> Result<ResponseHeaders, SessionError> {
        match self {
            Self::AtTheEnd => session.insert("cart", 1)?,
            Self::AtOnce => {
                session.insert("cart", 1)?;
                session.save().await?;
            }
            Self::NewKey => session.cycle_key().await?,
            Self::Prolonging | Self::EveryRequest => {
                let _: Option<u32> = session.get("user")?;
            }
        }
        respond(sessions, lazy).await
    }

    /// A request that only looked loses nothing when the session is gone; one that wrote has to say so.
    fn assert_dead(self, answer: Result<ResponseHeaders, SessionError>) {
        if self.step() == "touch" {
            assert_eq!(answer.unwrap().set_cookie, None, "{self:?}");
        } else {
            let error = answer.unwrap_err();
            assert!(matches!(error, SessionError::Interrupted), "{self:?}");
            assert_eq!(error.status(), 400);
        }
    }
}

#[tokio::test]
async fn after_an_interruption_every_further_write_is_refused_until_a_flush() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    log_out(site.sessions.clone(), cookie.clone()).await;
    session.insert("cart", 1).unwrap();
    for _ in 0..3 {
        let error = session.save().await.unwrap_err();
        assert!(matches!(error, SessionError::Interrupted));
        let error = session.cycle_key().await.unwrap_err();
        assert!(matches!(error, SessionError::Interrupted));
    }
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    assert!(matches!(error, SessionError::Interrupted));
    session.flush().await.unwrap();
    let headers = respond(&site.sessions, &lazy).await.unwrap();
    assert!(headers.set_cookie.unwrap().contains("Max-Age=0"));
    assert!(site.stage.rows().await.is_empty());
}

/// A visitor whose session lasts for [`LENGTH`] from now on.
async fn short_lived<S: SessionStore>(site: &Site<S>) -> String {
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.set_expiry(LENGTH).unwrap();
    respond(&site.sessions, &lazy).await.unwrap();
    cookie
}

#[tokio::test]
async fn a_session_that_expired_while_the_handler_worked_is_not_brought_back() {
    for writing in ALL {
        let site = writing.site().await;
        let cookie = short_lived(&site).await;
        let (lazy, session) = request(&site.sessions, &cookie).await;
        site.clock.advance(LENGTH);
        let answer = writing.go_on(&site.sessions, &lazy, &session).await;
        writing.assert_dead(answer);
        assert_nothing_is_left_alive(&site, &cookie).await;
    }
}

/// Rows of the dead may lie about until they are met or swept.
async fn assert_nothing_is_left_alive<S: SessionStore>(site: &Site<S>, cookie: &str) {
    assert!(stored(&site.sessions, cookie).await.is_empty());
    assert!(site.stage.rows().await.is_empty());
}

#[tokio::test]
async fn a_session_that_another_request_prolonged_meanwhile_is_alive() {
    for writing in ALL {
        let site = writing.site().await;
        let cookie = short_lived(&site).await;
        let (lazy, session) = request(&site.sessions, &cookie).await;
        site.clock.advance(LENGTH / 2);
        let (other, _) = request(&site.sessions, &cookie).await;
        respond(&site.sessions, &other).await.unwrap();
        site.clock.advance(LENGTH * 3 / 4);
        let headers = writing
            .go_on(&site.sessions, &lazy, &session)
            .await
            .unwrap();
        assert!(headers.set_cookie.is_some(), "{writing:?}");
        assert_eq!(site.stage.rows().await.len(), 1);
    }
}

#[tokio::test]
async fn a_write_that_loses_the_race_against_the_expiry_is_refused() {
    let site = Site::memory();
    let cookie = short_lived(&site).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("cart", 1).unwrap();
    // Another request shortens the session, whose new end then passes.
    let (other, other_session) = request(&site.sessions, &cookie).await;
    other_session.set_expiry(Duration::from_secs(1)).unwrap();
    respond(&site.sessions, &other).await.unwrap();
    site.clock.advance(Duration::from_secs(2));
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    assert!(matches!(error, SessionError::Interrupted));
}

#[tokio::test]
async fn a_visitor_who_logged_out_elsewhere_starts_anew_on_the_next_request() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    log_out(site.sessions.clone(), cookie.clone()).await;
    set(site.sessions.clone(), cookie.clone(), "cart", 1).await;
    let rows = site.stage.rows().await;
    assert_eq!(rows.len(), 1);
    let dead = cookie.split_once('=').unwrap().1;
    assert_ne!(rows[0], dead, "the old key is not taken up again");
    let new = format!("sessionid={}", rows[0]);
    assert_eq!(stored(&site.sessions, &new).await, values(&[("cart", 1)]));
}

#[tokio::test]
async fn prolonging_does_not_undo_that_another_request_shortened_the_session() {
    let site = Site::memory();
    let cookie = short_lived(&site).await;
    site.clock.advance(LENGTH / 2);
    let (lazy, _) = request(&site.sessions, &cookie).await;
    let (other, other_session) = request(&site.sessions, &cookie).await;
    other_session.set_expiry(Duration::from_secs(1)).unwrap();
    respond(&site.sessions, &other).await.unwrap();
    // The slow one would have prolonged the session, as it knew it.
    let headers = respond(&site.sessions, &lazy).await.unwrap();
    assert_eq!(headers.set_cookie, None);
    site.clock.advance(Duration::from_secs(2));
    assert_nothing_is_left_alive(&site, &cookie).await;
}

#[tokio::test]
async fn a_failed_response_stays_what_it_is_when_the_session_is_ended_while_it_is_saved() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("cart", 1).unwrap();
    let (sessions, response) = (site.sessions.clone(), Arc::new(Mutex::new(None)));
    let started = Arc::clone(&response);
    site.stage.before("save", async move {
        log_out(sessions.clone(), cookie).await;
        // The handler has failed, and a task of its own is still saving.
        let finish = tokio::spawn(async move { sessions.finish(&lazy, 500).await });
        tokio::task::yield_now().await;
        *started.lock().unwrap() = Some(finish);
    });
    let error = session.save().await.unwrap_err();
    assert!(matches!(error, SessionError::Interrupted));
    let finish = response.lock().unwrap().take().unwrap();
    assert_eq!(finish.await.unwrap().unwrap().set_cookie, None);
}
