//! What is saved when, and what a visitor is told when it cannot be.

use std::{future::Future, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Response},
    routing::get,
};
use http_body_util::{BodyExt as _, Empty};
use tenure::{LazySession, Session, SessionError, SessionLayer, testing};
use tokio::sync::Notify;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{
    site::{Site, request},
    stage::Fault,
};

const SAID: HeaderName = HeaderName::from_static("x-said");

#[tokio::test]
async fn nothing_is_saved_when_the_handler_fails() {
    let site = Site::new();
    let cookie = site.visitor().await;
    site.stage.take_calls();
    let seen = site.get("/write-and-fail", &cookie).await;
    assert_eq!((seen.status, seen.cookie()), (500, None));
    assert_eq!(site.stage.take_calls(), ["load"]);
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(1)");
    let seen = site.get("/write-and-fail", "").await;
    assert_eq!((seen.status, seen.cookie()), (500, None));
    assert_eq!(site.stage.rows().await.len(), 1);
}

#[tokio::test]
async fn a_logout_stands_even_when_the_handler_fails_after_it() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let seen = site.get("/flush-and-fail", &cookie).await;
    assert_eq!(seen.status, 500);
    assert!(seen.removes_the_cookie());
    assert!(site.stage.rows().await.is_empty());
}

#[tokio::test]
async fn a_new_key_reaches_the_visitor_even_when_the_handler_fails_after_it() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let seen = site.get("/log-in-and-fail", &cookie).await;
    assert_eq!(seen.status, 502);
    let new = seen.cookie().unwrap();
    assert_ne!(new, cookie);
    assert_eq!(site.get("/read", &new).await.body, "cart Some(1)");
    assert_eq!(site.get("/read", &cookie).await.body, "cart None");
}

#[tokio::test]
async fn a_new_key_reaches_the_visitor_even_when_the_store_fails_after_it() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let stage = site.stage.clone();
    // The login's own step passes; the save at the end of the request meets the outage.
    site.stage.before("save", async move {
        stage.set_fault(Fault::Down);
    });
    let seen = site.post("/log-in", &cookie).await;
    assert_eq!(seen.status, 503);
    let new = seen.cookie().unwrap();
    assert_ne!(new, cookie);
    site.stage.set_fault(Fault::None);
    assert_eq!(site.get("/read", &new).await.body, "cart Some(1)");
}

#[tokio::test]
async fn a_session_that_is_gone_meanwhile_is_400_with_a_text_to_read() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let (app, other) = (site.app.clone(), cookie.clone());
    site.stage.before("save", async move {
        let other = request("POST", "/log-out", &[other.as_bytes()]);
        assert_eq!(app.oneshot(other).await.unwrap().status(), 200);
    });
    let seen = site.get("/write", &cookie).await;
    assert_eq!(seen.status, 400);
    assert!(seen.body.contains("Reload the page"), "{}", seen.body);
    assert_eq!(seen.all("content-type"), ["text/plain; charset=utf-8"]);
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert_eq!(seen.cookie(), None);
    assert!(site.stage.rows().await.is_empty());
}

#[tokio::test]
async fn an_outage_is_503_with_retry_after_and_the_same_cookie_works_afterwards() {
    let site = Site::new();
    let cookie = site.visitor().await;
    for path in ["/read", "/write", "/save-and-write", "/flush-and-fail"] {
        site.stage.set_fault(Fault::Down);
        let seen = site.get(path, &cookie).await;
        assert_eq!(seen.status, 503, "{path}");
        assert_eq!(seen.all("retry-after"), ["5"]);
        assert_eq!(seen.all("vary"), ["Cookie"], "{path}");
        assert_eq!(seen.cookie(), None, "{path}");
        assert!(seen.body.contains("not available"), "{}", seen.body);
        assert!(!seen.body.contains("refused"), "causes stay in the log");
        assert_eq!(site.get("/plain", &cookie).await.status, 200);
        site.stage.set_fault(Fault::None);
    }
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(1)");
}

#[tokio::test]
async fn a_page_made_without_the_session_in_an_outage_varies_by_cookie_too() {
    let handler = async |session: Result<Session, SessionError>| match session {
        Ok(session) => session.len().to_string(),
        Err(_) => "the shop without your cart".to_owned(),
    };
    let routes = Router::new().route("/", get(handler));
    let site = Site::with(&testing::settings(), routes.merge(crate::site::routes()));
    let cookie = site.visitor().await;
    site.stage.set_fault(Fault::Down);
    let seen = site.get("/", &cookie).await;
    assert_eq!(
        (seen.status, seen.body.as_str()),
        (200, "the shop without your cart")
    );
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert_eq!(seen.cookie(), None);
}

#[tokio::test]
async fn an_outage_at_the_end_replaces_what_the_handler_answered() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let stage = site.stage.clone();
    site.stage.before("save", async move {
        stage.set_fault(Fault::Down);
    });
    let seen = site.get("/write", &cookie).await;
    assert_eq!((seen.status, seen.cookie()), (503, None));
    assert_eq!(seen.all("retry-after"), ["5"]);
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert!(!seen.body.contains("cart"), "what it said is not true");
    site.stage.set_fault(Fault::None);
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(1)");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_503_at_the_deadline() {
    let site = Site::new();
    let cookie = site.visitor().await;
    site.stage.set_fault(Fault::Hangs);
    let seen = site.get("/write", &cookie).await;
    assert_eq!((seen.status, seen.cookie()), (503, None));
    site.stage.set_fault(Fault::None);
    assert_eq!(site.get("/write", &cookie).await.body, "cart Some(2)");
}

#[tokio::test]
async fn a_handler_that_panics_saves_nothing() {
    let site = Site::new();
    let cookie = site.visitor().await;
    site.stage.take_calls();
    let app = site.app.clone();
    let panicking = request("GET", "/write-and-panic", &[cookie.as_bytes()]);
    let joined = tokio::spawn(app.oneshot(panicking)).await;
    assert!(joined.unwrap_err().is_panic());
    assert_eq!(site.stage.take_calls(), ["load"]);
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(1)");
}

#[tokio::test]
async fn an_error_of_the_inner_service_saves_nothing_and_comes_through() {
    let site = Site::new();
    let cookie = site.visitor().await;
    let failing = service_fn(async |request: axum::http::Request<Body>| {
        let lazy = request.extensions().get::<LazySession>().unwrap();
        let session = lazy.load().await.unwrap();
        session.insert("cart", 99).unwrap();
        Err::<Response<String>, _>("the connection was reset")
    });
    let service = SessionLayer::from(site.sessions.clone()).layer(failing);
    let sent = service.oneshot(request("GET", "/", &[cookie.as_bytes()]));
    assert_eq!(sent.await.unwrap_err(), "the connection was reset");
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(1)");
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_handler_is_done_saves_nothing() {
    let changed = Arc::new(Notify::new());
    let notify = Arc::clone(&changed);
    let handler = async move |session: Session| {
        session.insert("cart", 99).unwrap();
        notify.notify_one();
        std::future::pending::<String>().await
    };
    let site = Site::with(&testing::settings(), Router::new().route("/", get(handler)));
    tokio::select! {
        biased;
        _ = site.app.clone().oneshot(request("GET", "/", &[])) => panic!("it never answers"),
        () = changed.notified() => {}
    }
    assert!(site.stage.rows().await.is_empty());
}

/// A body that does `late` once the head is out, and ends with what it says.
fn late_body(late: impl Future<Output = String> + Send + 'static) -> Body {
    let trailers = async move {
        let said = HeaderValue::try_from(late.await).unwrap();
        Some(Ok(HeaderMap::from_iter([(SAID, said)])))
    };
    Body::new(Empty::<Bytes>::new().with_trailers(trailers))
}

/// The whole response, and what its late body said.
async fn said(site: &Site, cookie: &str) -> String {
    let app = site.app.clone();
    let response = app.oneshot(request("GET", "/", &[cookie.as_bytes()])).await;
    let body = response.unwrap().into_body().collect().await.unwrap();
    let said = body.trailers().unwrap()[SAID].to_str().unwrap();
    said.to_owned()
}

#[tokio::test]
async fn a_body_that_outlives_the_head_can_save_a_session_that_has_a_key() {
    let routes = Router::new().route(
        "/",
        get(async |session: Session| {
            late_body(async move {
                session.insert("cart", 2).unwrap();
                session.save().await.unwrap();
                session.cycle_key().await.unwrap_err().to_string()
            })
        }),
    );
    let site = Site::with(&testing::settings(), routes.merge(crate::site::routes()));
    let cookie = site.visitor().await;
    let said = said(&site, &cookie).await;
    assert!(said.contains("already been sent"), "{said}");
    assert_eq!(site.get("/read", &cookie).await.body, "cart Some(2)");
}

#[tokio::test]
async fn a_body_that_outlives_the_head_is_told_that_a_new_session_comes_too_late() {
    let routes = Router::new().route(
        "/",
        get(async |session: Session| {
            late_body(async move {
                let insert = session.insert("cart", 2).unwrap_err();
                let update = session.update("n", |n: Option<u32>| n.unwrap_or(0));
                let clear = session.clear().unwrap_err();
                let save = session.save().await.unwrap_err();
                for error in [insert, update.unwrap_err(), clear, save] {
                    assert!(matches!(error, SessionError::ResponseSent));
                    assert_eq!(error.status(), 500);
                }
                assert_eq!(session.get::<u32>("cart").unwrap(), None);
                "told".to_owned()
            })
        }),
    );
    let site = Site::with(&testing::settings(), routes);
    assert_eq!(said(&site, "").await, "told");
    assert!(site.stage.rows().await.is_empty());
}
