//! The tower layer, in an axum service.

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, Response, StatusCode, header},
    routing::{get, post},
};
use tenure::{
    Session, SessionLayer,
    auth::{self, AuthError, Remember, User},
    web::RememberLayer,
};
use tower::ServiceExt as _;

use crate::{
    site::{Browser, Site},
    stage::Fault,
};

async fn log_in(State(remember): State<Remember>, session: Session) -> Result<(), AuthError> {
    let user = remember.auth().user_by_name("ada").await?.unwrap();
    auth::login(&session, &user).await?;
    remember.begin(&session, &user).await
}

fn app(site: &Site) -> Router {
    Router::new()
        .route("/who", get(async |user: User| user.username().to_owned()))
        .route("/page", get("a page that does not ask"))
        .route("/login", post(log_in))
        .route(
            "/logout",
            post(async |session: Session| auth::logout(&session).await),
        )
        .layer(RememberLayer::new(site.remember.clone()))
        .layer(SessionLayer::from(site.sessions.clone()))
        .route("/picture", get("no session here"))
        .with_state(site.remember.clone())
}

async fn send(app: &Router, browser: &mut Browser, method: &str, path: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::COOKIE, browser.header());
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let set = response.headers().get_all(header::SET_COOKIE).iter();
    browser.keep_lines(set.map(|line| line.to_str().unwrap().to_owned()).collect());
    response
}

#[tokio::test]
async fn a_session_that_is_over_begins_anew_unnoticed() {
    let (site, stage) = Site::staged().await;
    let app = app(&site);
    let mut browser = Browser::default();
    assert_eq!(
        send(&app, &mut browser, "POST", "/login").await.status(),
        200
    );
    browser.restart();
    let given = browser.token().unwrap().to_owned();
    send(&app, &mut browser, "GET", "/picture").await;
    assert_eq!(browser.token(), Some(&*given));

    let response = send(&app, &mut browser, "GET", "/who").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::VARY], "Cookie");
    assert_ne!(browser.token(), Some(&*given));
    assert_eq!(send(&app, &mut browser, "GET", "/who").await.status(), 200);

    // Away: nothing is lost.
    browser.restart();
    let before = browser.cookies.clone();
    stage.set_fault(Fault::Down);
    let response = send(&app, &mut browser, "GET", "/page").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.cookies, before);
    stage.set_fault(Fault::None);

    send(&app, &mut browser, "POST", "/logout").await;
    assert_eq!(browser.cookies.len(), 0);
    assert_eq!(send(&app, &mut browser, "GET", "/who").await.status(), 401);

    stage.take_calls();
    send(&app, &mut Browser::default(), "GET", "/page").await;
    assert!(
        stage.take_calls().is_empty(),
        "who has no cookie costs nothing"
    );
}
