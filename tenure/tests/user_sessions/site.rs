//! A service with sessions on some engine, and its users in a SQLite file.

use std::sync::Arc;

use tempfile::TempDir;
use tenure::{
    LazySession, Session, SessionError, SessionKey, Sessions, Settings,
    auth::{self, Auth, AuthError, User},
    events::{EndReason, Events, SessionTag},
    settings::AtMaxSessions,
};

pub(crate) const PASSWORD: &str = "correct horse";

/// How often sessions ended, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends(Arc<std::sync::Mutex<Vec<EndReason>>>);

impl Ends {
    pub(crate) fn take(&self) -> Vec<EndReason> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Events for Ends {
    fn ended(&self, _session: SessionTag<'_>, reason: EndReason) {
        self.0.lock().unwrap().push(reason);
    }
}

/// Who can log in, whatever engine the sessions are in.
pub(crate) struct Users {
    pub(crate) auth: Auth,
    _folder: TempDir,
}

impl Users {
    pub(crate) async fn open() -> Self {
        testkit::leaks::watch();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = tenure::testing::settings();
        let path = folder.path().join("users.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        settings.password_hasher = Some("pbkdf2_sha256$10".into());
        let auth = Auth::open(&settings).await.unwrap();
        auth.create_table().await.unwrap();
        for name in ["ada", "bob"] {
            auth.create_user(name, PASSWORD).await.unwrap();
        }
        Self {
            auth,
            _folder: folder,
        }
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        self.auth.user_by_name(name).await.unwrap().unwrap()
    }
}

/// The settings for sessions in an engine, with the list of users' sessions on.
pub(crate) fn listing(mut settings: Settings) -> Settings {
    settings.user_sessions = true;
    settings
}

pub(crate) fn at_most(mut settings: Settings, most: usize, policy: AtMaxSessions) -> Settings {
    settings.max_sessions = Some(most);
    settings.at_max_sessions = policy;
    settings
}

/// A browser of one visitor: it has at most one cookie.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) key: Option<String>,
}

impl Browser {
    fn begin(&self, sessions: &Sessions) -> LazySession {
        match &self.key {
            Some(key) => sessions.begin([format!("sessionid={key}").as_bytes()]),
            None => sessions.begin([]),
        }
    }

    /// A request as a web framework serves it.
    pub(crate) async fn request<T>(
        &mut self,
        sessions: &Sessions,
        handle: impl AsyncFnOnce(&Session) -> T,
    ) -> T {
        let lazy = self.begin(sessions);
        let session = lazy.load().await.unwrap();
        let answer = handle(&session).await;
        if sessions.finish_now(&lazy, 200).is_none() {
            // What another request has ended meanwhile is told to this one.
            let finished = sessions.finish(&lazy, 200).await;
            assert!(
                matches!(finished, Ok(_) | Err(SessionError::Interrupted)),
                "{finished:?}"
            );
        }
        let key = session.key();
        self.key = key.as_ref().map(SessionKey::as_str).map(str::to_owned);
        answer
    }

    pub(crate) async fn try_log_in(
        &mut self,
        sessions: &Sessions,
        user: &User,
    ) -> Result<(), AuthError> {
        self.request(sessions, async |session| auth::login(session, user).await)
            .await
    }

    pub(crate) async fn logged_in(sessions: &Sessions, user: &User) -> Self {
        let mut browser = Self::default();
        browser.try_log_in(sessions, user).await.unwrap();
        browser
    }

    pub(crate) async fn log_out(&mut self, sessions: &Sessions) {
        self.request(sessions, async |session| auth::logout(session).await)
            .await
            .unwrap();
    }

    /// Who the next click of this browser comes from.
    pub(crate) async fn visitor(&mut self, sessions: &Sessions, users: &Users) -> Option<String> {
        self.request(sessions, async |session| {
            let user = users.auth.user(session).await.unwrap();
            user.map(|user| user.username().to_owned())
        })
        .await
    }

    /// The handle of this browser's session.
    pub(crate) async fn handle(&mut self, sessions: &Sessions, user: &User) -> String {
        let listed = sessions.sessions_of(user.id()).await.unwrap();
        self.request(sessions, async |session| {
            let own = listed.iter().find(|listed| listed.is(session));
            own.unwrap().handle.clone()
        })
        .await
    }
}

/// The handles of the user's sessions.
pub(crate) async fn handles(sessions: &Sessions, user: &User) -> Vec<String> {
    let listed = sessions.sessions_of(user.id()).await.unwrap();
    listed.into_iter().map(|listed| listed.handle).collect()
}
