//! A service on the `strict` profile, with its users in a SQLite file, and browsers that keep its cookies.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;
use tenure::{
    ResponseHeaders, Session, Sessions, Settings,
    auth::{self, Auth, AuthError, Remember, User},
    engine::db::SqliteStore,
    events::{EndReason, Events, SessionTag, Suspicion},
    store::SessionStore,
    testing::{MemoryStore, TestSystem},
};

use crate::stage::Stage;

pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const ID: &str = "__Host-id";
pub(crate) const REMEMBER: &str = "__Host-remember";
/// Longer than the token before still counts.
pub(crate) const LATER: Duration = Duration::from_secs(60);

/// What was suspicious, and why sessions ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<(Vec<Suspicion>, Vec<EndReason>)>>);

impl Heard {
    pub(crate) fn suspicions(&self) -> Vec<Suspicion> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    pub(crate) fn ends(&self) -> Vec<EndReason> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

impl Events for Heard {
    fn suspicious(&self, _: Option<SessionTag<'_>>, what: Suspicion) {
        self.0.lock().unwrap().0.push(what);
    }
    fn ended(&self, _: SessionTag<'_>, reason: EndReason) {
        self.0.lock().unwrap().1.push(reason);
    }
}

pub(crate) struct Site {
    pub(crate) settings: Settings,
    pub(crate) sessions: Sessions,
    pub(crate) auth: Auth,
    pub(crate) remember: Remember,
    pub(crate) system: Arc<TestSystem>,
    pub(crate) heard: Heard,
    pub(crate) folder: Arc<TempDir>,
}

/// The settings of a site whose files are in `folder`.
pub(crate) fn strict(folder: &TempDir) -> Settings {
    let mut settings = Settings::strict();
    settings.secret_key = tenure::testing::settings().secret_key;
    settings.password_hasher = Some("pbkdf2_sha256$10".into());
    let path = folder.path().join("site.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    settings
}

impl Site {
    /// With sessions in this store.
    pub(crate) async fn on(
        store: impl SessionStore,
        settings: Settings,
        folder: Arc<TempDir>,
    ) -> Self {
        let auth = Auth::open(&settings).await.unwrap();
        auth.create_table().await.unwrap();
        let heard = Heard::default();
        let system = Arc::new(TestSystem::at(SystemTime::now()));
        let sessions = Sessions::with_system(store, &settings, system.clone()).unwrap();
        let sessions = sessions.with_events(heard.clone());
        let remember = Remember::new(&sessions, auth.clone()).unwrap();
        Self {
            settings,
            sessions,
            auth,
            remember,
            system,
            heard,
            folder,
        }
    }

    pub(crate) async fn in_memory() -> Self {
        Self::staged().await.0
    }

    /// In memory, on a stage.
    pub(crate) async fn staged() -> (Self, Stage<MemoryStore>) {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let stage = Stage::new(MemoryStore::default());
        let settings = strict(&folder);
        let site = Self::on(stage.clone(), settings, folder).await;
        site.auth.create_user("ada", PASSWORD).await.unwrap();
        (site, stage)
    }

    /// In SQLite, which has an index of users' sessions of its own.
    pub(crate) async fn in_sqlite() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let settings = strict(&folder);
        let site = Self::reopened(settings, folder).await;
        site.auth.create_user("ada", PASSWORD).await.unwrap();
        site
    }

    /// The site of this folder with these settings.
    pub(crate) async fn reopened(settings: Settings, folder: Arc<TempDir>) -> Self {
        let store = SqliteStore::open(&settings).await.unwrap();
        store.create_table().await.unwrap();
        Self::on(store, settings, folder).await
    }

    pub(crate) async fn ada(&self) -> User {
        self.auth.user_by_name("ada").await.unwrap().unwrap()
    }

    /// How many browsers the user is shown.
    pub(crate) async fn browsers(&self) -> usize {
        let ada = self.ada().await;
        self.sessions.sessions_of(ada.id()).await.unwrap().len()
    }
}

/// Runs a scenario in memory, where the index is in records, and in a database, which has one of its own.
pub(crate) async fn on_each(scenario: impl AsyncFn(&Site)) {
    scenario(&Site::in_memory().await).await;
    scenario(&Site::in_sqlite().await).await;
}

/// A browser: its cookies, and what the last response had set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) set: Vec<String>,
}

impl Browser {
    /// One in which Ada has logged in and is remembered.
    pub(crate) async fn remembered(site: &Site) -> Self {
        let mut browser = Self::default();
        browser.log_in(site).await;
        browser
    }

    pub(crate) async fn log_in(&mut self, site: &Site) {
        let ada = site.ada().await;
        self.request(site, async |session| {
            auth::login(session, &ada).await.unwrap();
            site.remember.begin(session, &ada).await.unwrap();
        })
        .await;
    }

    pub(crate) fn header(&self) -> String {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn keep(&mut self, headers: ResponseHeaders) {
        self.keep_lines(headers.set_cookies().collect());
    }

    pub(crate) fn keep_lines(&mut self, set: Vec<String>) {
        self.set = set;
        for line in &self.set {
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value == "\"\"" {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A request as a web framework serves it, whose handler answers with `status`.
    pub(crate) async fn answered<T>(
        &mut self,
        site: &Site,
        status: u16,
        handle: impl AsyncFnOnce(&Session) -> T,
    ) -> Result<T, AuthError> {
        let cookies = self.header();
        let lazy = site.sessions.begin([cookies.as_bytes()]);
        if let Err(error) = site.remember.log_in(&lazy, [cookies.as_bytes()]).await {
            let headers = site.sessions.finish_now(&lazy, error.status());
            self.keep(headers.unwrap_or_default());
            return Err(error);
        }
        let answer = handle(&lazy.load().await?).await;
        let headers = match site.sessions.finish_now(&lazy, status) {
            Some(headers) => headers,
            None => site.sessions.finish(&lazy, status).await?,
        };
        self.keep(headers);
        Ok(answer)
    }

    pub(crate) async fn request<T>(
        &mut self,
        site: &Site,
        handle: impl AsyncFnOnce(&Session) -> T,
    ) -> T {
        self.answered(site, 200, handle).await.unwrap()
    }

    /// Who the next click comes from.
    pub(crate) async fn visitor(&mut self, site: &Site) -> Option<String> {
        self.request(site, async |session| {
            let user = site.auth.user(session).await.unwrap();
            user.map(|user| user.username().to_owned())
        })
        .await
    }

    pub(crate) async fn is_ada(&mut self, site: &Site) -> bool {
        self.visitor(site).await.as_deref() == Some("ada")
    }

    pub(crate) async fn log_out(&mut self, site: &Site) {
        self.request(site, async |session| auth::logout(session).await)
            .await
            .unwrap();
    }

    /// Closes and opens it: what has no age is gone.
    pub(crate) fn restart(&mut self) {
        self.cookies.remove(ID);
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.cookies.get(REMEMBER).map(String::as_str)
    }
}
