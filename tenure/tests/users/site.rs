//! A service with sessions and users in one database.

use tenure::{
    Session, SessionKey, Sessions, Settings,
    auth::{self, Auth, User, password::Hasher},
    system::OperatingSystem,
    testing,
};

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) fn settings(url: &str) -> Settings {
    testkit::leaks::watch();
    let mut settings = testing::settings();
    settings.set_database_url(url);
    // Django understands it, and it costs nothing.
    settings.password_hasher = Some("pbkdf2_sha256$10".into());
    settings
}

pub(crate) struct Site {
    pub(crate) sessions: Sessions,
    pub(crate) auth: Auth,
}

impl Site {
    pub(crate) async fn open(settings: &Settings) -> Self {
        Self {
            sessions: Sessions::open(settings.clone()).await.unwrap(),
            auth: Auth::open(settings).await.unwrap(),
        }
    }

    /// The session that a request with this key has.
    pub(crate) async fn session(&self, key: &str) -> Session {
        let cookie = format!("sessionid={key}");
        let request = self.sessions.begin([cookie.as_bytes()]);
        request.load().await.unwrap()
    }

    /// Who a request with this key is.
    pub(crate) async fn visitor(&self, key: &str) -> Option<User> {
        let session = self.session(key).await;
        let user = self.auth.user(&session).await.unwrap();
        session.save().await.unwrap();
        user
    }

    /// Logs in with a new session and gives its key.
    pub(crate) async fn log_in(&self, user: &User) -> String {
        let session = self.sessions.new_session().load().await.unwrap();
        auth::login(&session, user).await.unwrap();
        session.save().await.unwrap();
        key(&session)
    }

    pub(crate) async fn authenticate(&self, username: &str, password: &str) -> Option<User> {
        self.auth.authenticate(username, password).await.unwrap()
    }
}

pub(crate) fn key(session: &Session) -> String {
    session
        .key()
        .as_ref()
        .map(SessionKey::as_str)
        .unwrap()
        .to_owned()
}

/// A hash of [`PASSWORD`] at another cost.
pub(crate) fn costlier() -> Hasher {
    Hasher::pbkdf2_sha256(20).unwrap()
}

/// A hash of `battery staple`.
pub(crate) fn changed_hash() -> String {
    let hasher = Hasher::pbkdf2_sha256(10).unwrap();
    hasher.make("battery staple", &OperatingSystem).unwrap()
}
