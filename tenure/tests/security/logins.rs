//! A login's session: a key of its own, and nobody else's things.

use axum::{Extension, Router, extract::Path, routing::get};
use tenure::{
    Session, Sessions,
    auth::{self, Auth, AuthError, password::Hasher},
    engine::db::SqliteStore,
    events::{EndReason, Events, SessionTag},
    testing,
};

use crate::site::Site;

#[derive(Debug)]
struct Panics;

impl Events for Panics {
    fn ended(&self, _: SessionTag<'_>, _: EndReason) {
        panic!("a listener that panics");
    }
}

async fn log_in(
    Extension(auth): Extension<Auth>,
    Path(name): Path<String>,
    session: Session,
) -> Result<String, AuthError> {
    let user = auth.authenticate(&name, "correct horse").await?;
    auth::login(&session, &user.unwrap()).await?;
    Ok("hello".into())
}

async fn log_out(session: Session) -> Result<String, AuthError> {
    auth::logout(&session).await?;
    Ok("bye".into())
}

async fn new_password(
    Extension(auth): Extension<Auth>,
    session: Session,
) -> Result<String, AuthError> {
    let mut user = auth.user(&session).await?.unwrap();
    user.set_password("correct horse").await?;
    auth::update_session_auth_hash(&session, &user).await?;
    Ok("changed".into())
}

async fn who(Extension(auth): Extension<Auth>, session: Session) -> Result<String, AuthError> {
    let user = auth.user(&session).await?;
    let name = user.map_or("nobody".to_owned(), |user| user.username().to_owned());
    Ok(format!("{name} {:?}", session.get::<u32>("cart")?))
}

struct Users {
    site: Site,
    sessions: Sessions,
    _folder: tempfile::TempDir,
}

impl Users {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        let mut settings = testing::settings();
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(&settings).await.unwrap();
        let auth = auth.with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
        auth.create_table().await.unwrap();
        for name in ["ada", "bob"] {
            auth.create_user(name, "correct horse").await.unwrap();
        }
        let store = SqliteStore::open(&settings).await.unwrap();
        store.create_table().await.unwrap();
        let sessions = Sessions::new(store, &settings).unwrap();
        let sessions = sessions.with_events(Panics);
        let routes = Router::new()
            .route("/log-in/{name}", get(log_in))
            .route("/user-log-out", get(log_out))
            .route("/new-password", get(new_password))
            .route("/who", get(who))
            .layer(Extension(auth));
        Self {
            site: Site::with(sessions.clone(), routes),
            sessions,
            _folder: folder,
        }
    }

    /// Goes to `path`, which must change the key; the old one is a stranger's from then on, and one row is left.
    async fn rotates(&self, path: &str, cookie: &str) -> String {
        let seen = self.site.get(path, cookie).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.body);
        let new = seen.cookie.unwrap();
        assert_ne!(new, cookie, "{path}");
        assert_eq!(self.who(cookie).await, "nobody None", "{path}");
        let rows = self.sessions.store().scan(None, 10).await.unwrap();
        assert_eq!(rows.len(), usize::from(!new.is_empty()), "{path}");
        new
    }

    async fn who(&self, cookie: &str) -> String {
        self.site.get("/who", cookie).await.body
    }
}

#[tokio::test]
async fn r02_each_login_and_logout_changes_the_key_and_the_old_one_is_dead() {
    let users = Users::new().await;
    let anonymous = users.site.visitor().await;
    let ada = users.rotates("/log-in/ada", &anonymous).await;
    assert_eq!(users.who(&ada).await, "ada Some(1)");
    let again = users.rotates("/log-in/ada", &ada).await;
    assert_eq!(users.who(&again).await, "ada Some(1)");
    let changed = users.rotates("/new-password", &again).await;
    assert_eq!(users.who(&changed).await, "ada Some(1)");
    let bob = users.rotates("/log-in/bob", &changed).await;
    let nobody = users.rotates("/user-log-out", &bob).await;
    assert_eq!(nobody, "");
}

#[tokio::test]
async fn advisory_cve_2014_0482_another_user_does_not_enter_the_session_of_the_one_before() {
    let users = Users::new().await;
    let anonymous = users.site.visitor().await;
    let ada = users.rotates("/log-in/ada", &anonymous).await;
    let bob = users.rotates("/log-in/bob", &ada).await;
    assert_eq!(users.who(&bob).await, "bob None");
}

/// The listener of these sites panics whenever a session ends.
#[tokio::test]
async fn advisory_cve_2026_44511_a_listener_that_panics_stops_no_logout() {
    let users = Users::new().await;
    let ada = users.site.get("/log-in/ada", "").await.cookie.unwrap();
    assert_eq!(users.who(&ada).await, "ada None");
    users.rotates("/user-log-out", &ada).await;
}
