//! A session whose key travels in a header.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Uri, header::COOKIE},
    routing::post,
};
use tenure::{
    RequestHead, SessionLayer, Sessions,
    csrf::{self, CsrfError, Source},
    settings::Transport,
    testing,
};
use tower::ServiceExt as _;

use crate::site::api;

/// The key of a new session, of a client that sends these headers.
async fn new_key(sessions: &Sessions, headers: &HeaderMap) -> String {
    let lazy = sessions.begin_request(&RequestHead::new(headers, &Uri::from_static("/")));
    let session = lazy.load().await.unwrap();
    session.insert("cart", 1).unwrap();
    session.save().await.unwrap();
    session.key().unwrap().as_str().to_owned()
}

#[tokio::test]
async fn a_session_in_a_header_needs_no_token_and_one_in_a_cookie_does() {
    let mut settings = testing::settings();
    settings.transports = vec![Transport::Cookie, Transport::Header];
    let sessions = testing::sessions(&settings).unwrap();
    let app = Router::new()
        .route("/api", post(api))
        .layer(SessionLayer::from(sessions.clone()));
    let asks = HeaderMap::from_iter([("x-session-token".parse().unwrap(), "".parse().unwrap())]);
    let in_header = new_key(&sessions, &asks).await;
    let in_cookie = new_key(&sessions, &HeaderMap::new()).await;
    for (name, value, status) in [
        ("X-Session-Token", in_header.clone(), 200),
        ("Authorization", format!("Bearer {in_header}"), 200),
        (COOKIE.as_str(), format!("sessionid={in_cookie}"), 403),
        // The key of a header does not count in a cookie, which another site's form brings along.
        (COOKIE.as_str(), format!("sessionid={in_header}"), 403),
    ] {
        let request = Request::post("/api").header(name, &value);
        let request = request.body(Body::from("{}")).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{name}");

        let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        let lazy = sessions.begin_request(&RequestHead::new(&headers, &Uri::from_static("/")));
        let session = lazy.load().await.unwrap();
        let checked = csrf::check(&session, &Source::new("POST"), None);
        let expected = if status == 200 {
            Ok(())
        } else {
            Err(CsrfError::SecretMissing)
        };
        assert_eq!(checked, expected, "{name}");
    }
}
