//! A site on a database that another program has open too.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::Connection;
use tenure::{
    Session, SessionError, Sessions, Settings, codec::SignedJson, engine::db::SqliteStore, testing,
};

pub(crate) const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
pub(crate) const LATER: &str = "2999-01-01 00:00:00";

pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    /// A connection as another program has it.
    pub(crate) other: Connection,
    pub(crate) sessions: Sessions,
    pub(crate) store: SqliteStore,
}

pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("site.sqlite3")
}

pub(crate) fn settings(folder: &Path, query: &str) -> Settings {
    let mut settings = testing::settings();
    settings.store_timeout = Duration::from_secs(1);
    settings.set_database_url(format!("sqlite://{}{query}", path(folder).display()));
    settings
}

pub(crate) fn codec() -> SignedJson {
    SignedJson::new(testing::settings().secret_key.as_ref().unwrap(), &[])
}

pub(crate) fn signed(json: &str) -> String {
    let data = tenure::Data::from_json(json.as_bytes()).unwrap();
    codec().encode(&data, SystemTime::now())
}

/// Django's statements, from the vectors.
pub(crate) fn djangos_statements() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/vectors/schema.json");
    let file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let sqlite = cases.iter().find(|case| case["name"] == "sqlite").unwrap();
    let statements = sqlite["django_session"].as_array().unwrap();
    statements
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

impl Site {
    /// A table that Django made.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(path(folder.path())).unwrap();
        for statement in djangos_statements() {
            other.execute_batch(&statement).unwrap();
        }
        Self::open(folder, other, "").await
    }

    pub(crate) async fn open(folder: tempfile::TempDir, other: Connection, query: &str) -> Self {
        let settings = settings(folder.path(), query);
        let store = SqliteStore::open(&settings).await.unwrap();
        let sessions = Sessions::new(store.clone(), &settings).unwrap();
        Self {
            folder,
            other,
            sessions,
            store,
        }
    }

    pub(crate) fn put(&self, data: impl rusqlite::ToSql, expire_date: impl rusqlite::ToSql) {
        self.other
            .execute(
                "INSERT OR REPLACE INTO django_session VALUES (?1, ?2, ?3)",
                rusqlite::params![KEY, data, expire_date],
            )
            .unwrap();
    }

    pub(crate) async fn load(&self) -> Result<Session, SessionError> {
        self.sessions.session(KEY).load().await
    }

    pub(crate) fn text(&self) -> String {
        self.other
            .query_row("SELECT session_data FROM django_session", [], |row| {
                row.get(0)
            })
            .unwrap()
    }

    pub(crate) fn rows(&self) -> u32 {
        self.other
            .query_row("SELECT count(*) FROM django_session", [], |row| row.get(0))
            .unwrap()
    }

    /// The session is empty, keeps its key, and the next write makes it whole.
    pub(crate) async fn assert_heals(&self, what: &str) {
        let session = self.load().await.unwrap();
        assert!(session.is_empty(), "{what}");
        let key = session.key().unwrap_or_else(|| panic!("{what}: no key"));
        assert_eq!(key.as_str(), KEY, "{what}");
        session.insert("new", 1).unwrap();
        let saved = session.save().await;
        saved.unwrap_or_else(|error| panic!("{what}: {error}"));
        let text = self.text();
        let data = codec().decode(&text).unwrap();
        assert_eq!(data.to_json(), r#"{"new":1}"#, "{what}");
        assert_eq!(self.rows(), 1, "{what}");
    }
}

/// The message, its cause and its status.
pub(crate) fn told(error: SessionError) -> (String, u16) {
    let status = error.status();
    let SessionError::Store(error) = error else {
        panic!("{error}");
    };
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    (format!("{error} [{}]", cause.unwrap_or_default()), status)
}
