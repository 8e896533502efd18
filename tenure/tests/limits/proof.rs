//! How new the proof of a user must be, and what a login does to the session's key.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    routing::{get, post},
};
use http_body_util::BodyExt as _;
use tenure::{
    Session, SessionLayer, Sessions, Settings,
    auth::{self, Auth, AuthError, LoginRequired, User, password::Hasher},
    testing::{self, MemoryStore},
};
use tower::ServiceExt as _;

use crate::{
    site::{MINUTE, SECOND, aal2},
    stage::Stage,
    visitors::{Browser, clock},
};

const WITHIN: std::time::Duration = std::time::Duration::from_mins(10);

struct Users {
    auth: Auth,
    _folder: tempfile::TempDir,
}

async fn users(settings: &Settings) -> Users {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings.clone();
    let path = folder.path().join("site.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    let auth = Auth::open(&settings)
        .await
        .unwrap()
        .with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
    auth.create_table().await.unwrap();
    for name in ["ada", "bob"] {
        auth.create_user(name, "correct horse").await.unwrap();
    }
    Users {
        auth,
        _folder: folder,
    }
}

impl Users {
    async fn user(&self, name: &str) -> User {
        let user = self.auth.authenticate(name, "correct horse").await;
        user.unwrap().unwrap()
    }
}

async fn log_in(session: &Session, user: &User) -> Result<(), tenure::SessionError> {
    auth::login(session, user).await.unwrap();
    Ok(())
}

#[tokio::test]
async fn r02_every_way_to_prove_who_you_are_gives_a_new_key_and_the_old_one_is_dead() {
    let settings = testing::settings();
    let users = users(&settings).await;
    let (ada, bob) = (users.user("ada").await, users.user("bob").await);
    let stage = Stage::new(MemoryStore::default());
    let sessions = Sessions::new(stage.clone(), &settings).unwrap();
    let mut browser = Browser::default();
    browser.set(&sessions, "cart", 1).await;
    for way in ["login", "login again", "elevate", "login as another"] {
        let before = browser.clone();
        browser
            .visit(&sessions, async |session| match way {
                "elevate" => {
                    auth::elevate(session).await.unwrap();
                    Ok(())
                }
                "login as another" => log_in(session, &bob).await,
                _ => log_in(session, &ada).await,
            })
            .await
            .unwrap();
        assert_eq!(before.sees(&sessions).await, "", "{way}");
        assert_eq!(stage.rows().await, [browser.jar["sessionid"].as_str()]);
        let sees = browser.sees(&sessions).await;
        let own = way != "login as another";
        assert_eq!(sees.contains("cart=1"), own, "{way}: {sees}");
    }
}

async fn pay(session: Session) -> Result<&'static str, AuthError> {
    auth::require_recent_auth(&session, WITHIN)?;
    Ok("paid")
}

async fn confirm(session: Session) -> Result<&'static str, AuthError> {
    auth::elevate(&session).await?;
    Ok("welcome")
}

async fn ask(
    app: &Router,
    method: &str,
    path: &str,
    browser: &mut Browser,
) -> (StatusCode, String) {
    let cookie = browser.header().unwrap_or_default();
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::COOKIE, cookie);
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    for line in response.headers().get_all(header::SET_COOKIE) {
        let pair = line.to_str().unwrap().split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        browser.jar.insert(name.into(), value.into());
    }
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    testkit::leaks::search("a page", &body);
    (status, body)
}

#[tokio::test]
async fn r07_what_does_harm_asks_for_a_proof_that_is_new() {
    let settings = aal2();
    let users = users(&settings).await;
    let ada = users.user("ada").await;
    let clock = clock();
    let store = MemoryStore::default();
    let sessions = Sessions::with_system(store, &settings, clock.clone()).unwrap();
    let guard = || LoginRequired::new(users.auth.clone(), &settings);
    let log_in_again = {
        let ada = ada.clone();
        async move |session: Session| auth::login(&session, &ada).await.map(|()| "welcome")
    };
    let app = Router::new()
        .route(
            "/danger",
            get("done").route_layer(guard().recent_auth(WITHIN)),
        )
        .route("/pay", get(pay).route_layer(guard()))
        .route("/confirm", post(confirm))
        .route("/log-in", post(log_in_again))
        .layer(SessionLayer::from(sessions.clone()));
    let mut browser = Browser::default();
    // A stranger is sent to the login page, whatever else is asked for.
    let (status, _) = ask(&app, "GET", "/danger", &mut browser).await;
    assert_eq!(status, StatusCode::FOUND);
    for proof in ["/log-in", "/confirm", "/log-in"] {
        assert_eq!(ask(&app, "POST", proof, &mut browser).await.0, 200);
        clock.advance(WITHIN);
        for page in ["/danger", "/pay"] {
            assert_eq!(ask(&app, "GET", page, &mut browser).await.0, 200, "{proof}");
        }
        clock.advance(SECOND);
        for page in ["/danger", "/pay"] {
            let (status, text) = ask(&app, "GET", page, &mut browser).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{proof}");
            assert_eq!(
                text,
                "log in again: this is possible only a short time after a login\n"
            );
        }
    }
}

#[tokio::test]
async fn a_proof_from_the_future_counts_only_if_clocks_may_differ_so_much() {
    let clock = clock();
    let sessions =
        Sessions::with_system(MemoryStore::default(), &testing::settings(), clock.clone());
    let session = sessions.unwrap().new_session().load().await.unwrap();
    assert!(auth::require_recent_auth(&session, WITHIN).is_err());
    auth::elevate(&session).await.unwrap();
    clock.set(crate::visitors::start() - 5 * MINUTE);
    assert!(auth::require_recent_auth(&session, WITHIN).is_ok());
    clock.set(crate::visitors::start() - 5 * MINUTE - SECOND);
    assert!(auth::require_recent_auth(&session, WITHIN).is_err());
    session.insert("_tenure_auth", "now").unwrap();
    assert!(auth::require_recent_auth(&session, WITHIN).is_err());
}

#[tokio::test]
async fn a_login_notes_its_time_only_where_there_are_limits_or_it_was_noted_before() {
    for (settings, noted) in [(testing::settings(), false), (aal2(), true)] {
        let users = users(&settings).await;
        let ada = users.user("ada").await;
        let sessions = Sessions::new(MemoryStore::default(), &settings).unwrap();
        let session = sessions.new_session().load().await.unwrap();
        auth::login(&session, &ada).await.unwrap();
        let recent = auth::require_recent_auth(&session, WITHIN);
        assert_eq!(recent.is_ok(), noted);
        let own = session
            .keys()
            .into_iter()
            .filter(|key| key.starts_with("_tenure"));
        assert_eq!(own.count(), if noted { 2 } else { 0 });
        // A program that asks for new proofs all the same.
        auth::elevate(&session).await.unwrap();
        session.insert("_tenure_auth", 0).unwrap();
        auth::login(&session, &ada).await.unwrap();
        auth::require_recent_auth(&session, WITHIN).unwrap();
    }
}
