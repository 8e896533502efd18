//! Strangers cost nothing: no row, no cookie, and without a plausible cookie no store call.

use std::sync::{Arc, Mutex};

use tenure::{
    SessionKey, SessionLayer, Sessions, Settings,
    events::{Events, SessionTag, Suspicion},
    system::OperatingSystem,
    testing::{self, MemoryStore},
};

use crate::{
    site::{Site, request, routes, send},
    stage::Stage,
};

/// What visitors without a session send.
fn cookies(number: usize) -> String {
    let key = SessionKey::generate(&OperatingSystem).unwrap();
    let key = key.as_str();
    match number % 10 {
        0 => String::new(),
        1 => format!("sessionid={key}"),
        2 => format!("sessionid={}", &key[..7]),
        3 => "sessionid=".into(),
        4 => "sessionid=\"\"".into(),
        5 => format!("sessionid=../../{key}"),
        6 => format!("sessionid={key}' OR '1'='1"),
        7 => format!("sessionid={}", key.repeat(30)),
        8 => format!("sessionid={key}; sessionid={}", key.to_uppercase()),
        _ => format!("theme={key}; SESSIONID={key}"),
    }
}

async fn assert_strangers_cost_nothing(settings: &Settings) {
    let site = Site::with(settings, routes());
    for number in 0..1000 {
        let cookie = cookies(number);
        let seen = match number / 10 % 5 {
            0 => site.get("/plain", &cookie).await,
            1 => site.get("/read", &cookie).await,
            2 => site.get("/lazy", &cookie).await,
            3 => site.get("/write-and-fail", &cookie).await,
            _ => site.post("/log-out", &cookie).await,
        };
        assert!(
            seen.cookie().is_none() || seen.removes_the_cookie(),
            "{cookie}: {seen:?}"
        );
        if !cookie.contains("sessionid") {
            assert_eq!(seen.cookie(), None, "{cookie}");
        }
    }
    assert!(site.stage.rows().await.is_empty());
    let calls = site.stage.take_calls();
    assert!(calls.iter().all(|call| *call == "load"), "{calls:?}");
}

#[tokio::test]
async fn a_thousand_strangers_leave_no_row_and_get_no_cookie() {
    assert_strangers_cost_nothing(&testing::settings()).await;
}

#[tokio::test]
async fn strangers_cost_nothing_either_where_every_request_is_saved() {
    let mut settings = testing::settings();
    settings.save_every_request = true;
    assert_strangers_cost_nothing(&settings).await;
}

#[tokio::test]
async fn a_request_without_a_plausible_cookie_makes_no_store_call() {
    let site = Site::new();
    for cookie in [
        "",
        "theme=dark",
        "sessionid=short",
        "sessionid=\"\"",
        "sessionid=a b c d e f",
    ] {
        for path in ["/read", "/plain"] {
            site.get(path, cookie).await;
        }
        site.post("/log-out", cookie).await;
    }
    assert!(site.stage.take_calls().is_empty());
}

#[derive(Clone, Debug, Default)]
struct Guesses(Arc<Mutex<Vec<Suspicion>>>);

impl Events for Guesses {
    fn suspicious(&self, session: Option<SessionTag<'_>>, what: Suspicion) {
        assert!(session.is_some(), "which key it was can be told");
        self.0.lock().unwrap().push(what);
    }
}

#[tokio::test]
async fn r22_a_hundred_guessed_keys_are_a_hundred_events_and_no_write() {
    let stage = Stage::new(MemoryStore::default());
    let guesses = Guesses::default();
    let sessions = Sessions::new(stage.clone(), &testing::settings()).unwrap();
    let sessions = sessions.with_events(guesses.clone());
    let app = routes().layer(SessionLayer::from(sessions));
    for number in 0..100 {
        let cookie = cookies(number * 10 + 1);
        let (method, path) = [("GET", "/read"), ("POST", "/log-out")][number % 2];
        let seen = send(&app, request(method, path, &[cookie.as_bytes()])).await;
        assert!(seen.removes_the_cookie(), "{seen:?}");
    }
    assert_eq!(*guesses.0.lock().unwrap(), [Suspicion::UnknownKey; 100]);
    assert_eq!(stage.take_calls(), ["load"; 100]);
}

#[tokio::test]
async fn a_key_that_a_stranger_made_up_is_never_taken_up() {
    let site = Site::new();
    for number in 0..100 {
        let cookie = cookies(number * 10 + 1);
        let seen = site.get("/write", &cookie).await;
        let fresh = seen.cookie().unwrap();
        assert_ne!(fresh, cookie);
        assert_eq!(site.get("/read", &cookie).await.body, "cart None");
        let seen = site.post("/log-in", &cookie).await;
        assert_ne!(seen.cookie().unwrap(), cookie);
    }
    assert_eq!(site.stage.rows().await.len(), 200);
}

#[tokio::test]
async fn an_expired_or_removed_cookie_is_taken_from_the_browser_once_it_is_looked_at() {
    let site = Site::new();
    let cookie = site.visitor().await;
    site.post("/log-out", &cookie).await;
    assert_eq!(site.get("/plain", &cookie).await.cookie(), None);
    assert!(site.get("/read", &cookie).await.removes_the_cookie());
}
