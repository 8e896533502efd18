//! The database engine on SQLite.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::Value;
use tenure::{Sessions, Settings, codec::SignedJson, engine::db::SqliteStore};

use crate::{Before, Kept, Place, codec, common::Scripted, compare, iso, payload};

/// Django's table in a file.
pub(crate) struct Table {
    _folder: tempfile::TempDir,
    connection: Connection,
    store: SqliteStore,
    sessions: Sessions,
    codec: SignedJson,
}

impl Table {
    pub(crate) fn store(&self) -> SqliteStore {
        self.store.clone()
    }
}

impl Place for Table {
    async fn open(mut settings: Settings, system: Arc<Scripted>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let store = SqliteStore::open(&settings).await.unwrap();
        let store = store.with_system(system.clone());
        store.create_table().await.unwrap();
        Self {
            connection: Connection::open(&path).unwrap(),
            _folder: folder,
            sessions: Sessions::with_system(store.clone(), &settings, system).unwrap(),
            store,
            codec: codec(&settings),
        }
    }

    fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    async fn put(&self, case: &Value) {
        let Some(before) = Before::of(case) else {
            return;
        };
        let date = iso(before.ends).replace('T', " ").replace("+00:00", "");
        let sql = "INSERT INTO django_session VALUES (?1, ?2, ?3)";
        let row = [&before.key, &before.text(&self.codec), &date];
        self.connection.execute(sql, row).unwrap();
    }

    async fn kept(&self, _: &Value) -> Kept {
        let sql = "SELECT session_key, session_data, expire_date FROM django_session";
        let mut statement = self.connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut kept = Kept::new();
        while let Some(row) = rows.next().unwrap() {
            let [key, text, date] = [0, 1, 2].map(|column| row.get::<_, String>(column).unwrap());
            kept.insert(format!("stored {key}"), payload(&self.codec, &text));
            let date = date.replace(' ', "T") + "+00:00";
            kept.insert(format!("date {key}"), date);
        }
        kept
    }
}

#[tokio::test]
async fn requests_with_the_database_engine() {
    compare::<Table>("db").await;
}
