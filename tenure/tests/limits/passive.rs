//! Requests that are not the user's own doing, and the time that is left.

use axum::{
    Router,
    body::Body,
    http::{Request, Response, header},
    routing::get,
};
use http_body_util::BodyExt as _;
use tenure::{
    ResponseHeaders, Session, SessionError, SessionLayer, TimeLeft, auth, testing,
    web::{self, Passive},
};
use tower::ServiceExt as _;

use crate::{
    site::{ENGINES, HOUR, MINUTE, SECOND, Site, aal2, short_of},
    visitors::Browser,
};

/// A passive request.
async fn passive(
    site: &Site,
    browser: &mut Browser,
    handler: impl AsyncFnOnce(&Session) -> Result<(), SessionError>,
) -> String {
    let header = browser.header();
    let lazy = site.sessions.begin(header.as_deref().map(str::as_bytes));
    lazy.set_passive();
    let session = lazy.load().await.unwrap();
    handler(&session).await.unwrap();
    let headers: ResponseHeaders = match site.sessions.finish_now(&lazy, 200) {
        Some(headers) => headers,
        None => site.sessions.finish(&lazy, 200).await.unwrap(),
    };
    let line = headers.set_cookie.clone().unwrap_or_default();
    browser.take(headers);
    line
}

#[tokio::test]
async fn a_passive_request_does_not_prolong_the_session_and_not_even_when_it_writes() {
    for engine in ENGINES {
        for save_every_request in [false, true] {
            let mut settings = aal2();
            settings.save_every_request = save_every_request;
            let site = engine.site(&settings).await;
            let mut browser = site.visitor().await;
            for minute in 1..60 {
                site.clock.advance(MINUTE);
                let line = passive(&site, &mut browser, async |_| Ok(())).await;
                assert_eq!(line, "", "{engine:?}");
                let line = passive(&site, &mut browser, async |session| {
                    assert!(session.contains_key("user"), "{engine:?} {minute}");
                    session.insert("minute", minute)
                });
                let line = line.await;
                let left = (60 - minute) * 60;
                let near = [left, left - 1].map(|left| format!("; Max-Age={left};"));
                let right = near.iter().any(|near| line.contains(near));
                // A session that keeps its key has no cookie to send again, but sends it as after every save.
                assert!(right, "{engine:?} {minute}: {line}");
            }
            site.clock.advance(MINUTE);
            assert!(!site.poke(&mut browser).await, "{engine:?}");
        }
    }
}

#[tokio::test]
async fn without_limits_a_passive_write_leaves_the_end_as_it_is() {
    for engine in ENGINES {
        let settings = testing::settings();
        let site = engine.site(&settings).await;
        let mut browser = site.visitor().await;
        site.clock.advance(24 * HOUR);
        passive(&site, &mut browser, async |session| session.insert("n", 1)).await;
        site.clock
            .advance(short_of(settings.cookie_age, 24 * HOUR + 2 * SECOND));
        assert!(site.is_there(&browser).await, "{engine:?}");
        site.clock.advance(2 * SECOND);
        assert!(!site.is_there(&browser).await, "{engine:?}");
    }
}

#[tokio::test]
async fn a_login_in_a_passive_route_counts() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let mut browser = site.visitor().await;
        site.clock.advance(50 * MINUTE);
        let proved = passive(&site, &mut browser, async |session| {
            auth::elevate(session).await.unwrap();
            Ok(())
        });
        proved.await;
        site.clock.advance(short_of(HOUR, 2 * SECOND));
        assert!(site.is_there(&browser).await, "{engine:?}");
        // After a flush it is passive as before.
        passive(&site, &mut browser, async |session| session.flush().await).await;
        assert!(browser.jar.is_empty());
    }
}

#[tokio::test]
async fn a_session_tells_what_is_left_of_it() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let browser = site.visitor().await;
        let left = async |browser: &Browser| {
            let mut left = None;
            let mut browser = browser.clone();
            passive(&site, &mut browser, async |session| {
                left = session.time_left();
                Ok(())
            })
            .await;
            left.map(|TimeLeft { idle, absolute, .. }| (idle, absolute))
        };
        let near = |left: Option<(u64, Option<u64>)>, idle: u64, absolute: u64| {
            let (is_idle, is_absolute) = left.unwrap();
            assert!(
                is_idle == idle || is_idle + 1 == idle,
                "{engine:?} {is_idle}"
            );
            let is_absolute = is_absolute.unwrap();
            assert!(
                is_absolute == absolute || is_absolute + 1 == absolute,
                "{engine:?} {is_absolute}"
            );
        };
        near(left(&browser).await, 3600, 86_400);
        site.clock.advance(46 * MINUTE);
        near(left(&browser).await, 840, 86_400 - 46 * 60);
        assert_eq!(left(&Browser::default()).await, None);
    }
}

#[tokio::test]
async fn a_session_that_is_to_end_now_has_nothing_left() {
    let site = ENGINES[0].site(&aal2()).await;
    let mut browser = site.visitor().await;
    browser
        .visit(&site.sessions, async |session| {
            session.set_expiry(site.now() - SECOND)?;
            session.save().await?;
            let left = session.time_left().unwrap();
            assert_eq!((left.idle, left.absolute), (0, Some(0)));
            Ok(())
        })
        .await
        .unwrap();
}

async fn get_page(app: &Router, path: &str, browser: &Browser) -> Response<Body> {
    let cookie = browser.header().unwrap_or_default();
    let request = Request::get(path).header(header::COOKIE, cookie);
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn write(session: Session) -> Result<&'static str, SessionError> {
    session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok("written")
}

#[tokio::test]
async fn a_page_can_ask_how_many_seconds_are_left() {
    let site = ENGINES[0].site(&aal2()).await;
    let app = Router::new()
        .route("/news", get(write).route_layer(Passive))
        .route("/left", get(web::seconds_left))
        .layer(SessionLayer::from(site.sessions.clone()));
    let browser = site.visitor().await;
    let left = async |browser: &Browser| {
        let response = get_page(&app, "/left", browser).await;
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::VARY], "Cookie");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    };
    assert_eq!(left(&browser).await, r#"{"seconds_left":3600}"#);
    site.clock.advance(40 * MINUTE);
    assert_eq!(get_page(&app, "/news", &browser).await.status(), 200);
    site.clock.advance(6 * MINUTE);
    assert_eq!(left(&browser).await, r#"{"seconds_left":840}"#);
    site.clock.advance(14 * MINUTE);
    assert_eq!(left(&browser).await, r#"{"seconds_left":0}"#);
    assert_eq!(left(&Browser::default()).await, r#"{"seconds_left":0}"#);
}
