//! What the tests share: a site on SQLite or in memory, and requests as a framework's adapter makes them.

use std::{sync::Arc, time::SystemTime};

use tenure::{
    LazySession, ResponseHeaders, Session, SessionError, Sessions, Settings,
    engine::db::SqliteStore,
    testing::{self, MemoryStore, TestSystem},
};

use crate::stage::Stage;

pub(crate) struct Site<S> {
    pub(crate) stage: Stage<S>,
    pub(crate) sessions: Sessions,
    pub(crate) clock: Arc<TestSystem>,
    /// Holds the database's folder.
    _folder: Option<tempfile::TempDir>,
}

fn clock() -> Arc<TestSystem> {
    testkit::leaks::watch();
    Arc::new(TestSystem::at(SystemTime::now()))
}

pub(crate) async fn database(settings: &Settings) -> SqliteStore {
    let store = SqliteStore::open(settings).await.unwrap();
    store.create_table().await.unwrap();
    store
}

/// Settings with a database in a folder of its own.
pub(crate) fn with_folder(mut settings: Settings) -> (Settings, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    (settings, folder)
}

impl Site<SqliteStore> {
    pub(crate) async fn sqlite(settings: Settings) -> Self {
        let (settings, folder) = with_folder(settings);
        let clock = clock();
        let store = database(&settings).await.with_system(clock.clone());
        let stage = Stage::new(store);
        Self {
            sessions: Sessions::with_system(stage.clone(), &settings, clock.clone()).unwrap(),
            stage,
            clock,
            _folder: Some(folder),
        }
    }
}

impl Site<MemoryStore> {
    pub(crate) fn memory() -> Self {
        let (stage, clock) = (Stage::new(MemoryStore::default()), clock());
        let settings = testing::settings();
        Self {
            sessions: Sessions::with_system(stage.clone(), &settings, clock.clone()).unwrap(),
            stage,
            clock,
            _folder: None,
        }
    }
}

/// A request with this `Cookie` header, up to the handler.
pub(crate) async fn request(sessions: &Sessions, cookie: &str) -> (LazySession, Session) {
    let lazy = sessions.begin([cookie.as_bytes()]);
    let session = lazy.load().await.unwrap();
    (lazy, session)
}

/// The end of a request whose handler answered 200.
pub(crate) async fn respond(
    sessions: &Sessions,
    lazy: &LazySession,
) -> Result<ResponseHeaders, SessionError> {
    match sessions.finish_now(lazy, 200) {
        Some(headers) => Ok(headers),
        None => sessions.finish(lazy, 200).await,
    }
}

/// A visitor's `Cookie` header after a first request that set `values`.
pub(crate) async fn visitor(sessions: &Sessions, values: &[(&str, u32)]) -> String {
    let (lazy, session) = request(sessions, "").await;
    session.extend(values.iter().copied()).unwrap();
    let set_cookie = respond(sessions, &lazy).await.unwrap().set_cookie.unwrap();
    set_cookie.split(';').next().unwrap().to_owned()
}

/// What a later request finds.
pub(crate) async fn stored(sessions: &Sessions, cookie: &str) -> Vec<(String, String)> {
    let (_, session) = request(sessions, cookie).await;
    let mut all: Vec<_> = session.iter().collect();
    all.sort();
    all
}

/// As [`stored`] gives it.
pub(crate) fn values(values: &[(&str, u32)]) -> Vec<(String, String)> {
    let mut all: Vec<_> = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.to_string()))
        .collect();
    all.sort();
    all
}

/// Another request that logs out.
pub(crate) async fn log_out(sessions: Sessions, cookie: String) {
    let (lazy, session) = request(&sessions, &cookie).await;
    session.flush().await.unwrap();
    let headers = respond(&sessions, &lazy).await.unwrap();
    assert!(headers.set_cookie.unwrap().contains("Max-Age=0"));
}

/// Another request that sets one key.
pub(crate) async fn set(sessions: Sessions, cookie: String, key: &'static str, value: u32) {
    let (lazy, session) = request(&sessions, &cookie).await;
    session.insert(key, value).unwrap();
    respond(&sessions, &lazy).await.unwrap();
}
