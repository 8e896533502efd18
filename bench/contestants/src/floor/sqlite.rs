//! SQLite through rusqlite: one connection, on the thread that answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Floor, end, now};
use crate::Error;

const TABLE: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA busy_timeout = 4000;
CREATE TABLE IF NOT EXISTS session (key TEXT NOT NULL PRIMARY KEY, data TEXT NOT NULL, ends INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS session_ends ON session (ends);";
const LOAD: &str = "SELECT data FROM session WHERE key = ?1 AND ends > ?2";
const SWAP: &str = "UPDATE session SET data = ?1, ends = ?2 WHERE key = ?3 AND data = ?4";
const CREATE: &str = "INSERT INTO session (key, data, ends) VALUES (?1, ?2, ?3)";

#[derive(Clone)]
pub(super) struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    pub(super) fn open(path: &str) -> Result<Self, Error> {
        let connection = Connection::open(path)?;
        connection.execute_batch(TABLE)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Floor for Sqlite {
    type Session = String;

    async fn load(&self, key: &str) -> Result<Option<String>, Error> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(LOAD)?;
        let found = statement.query_row(params![key, now()?], |row| row.get(0));
        Ok(found.optional()?)
    }

    async fn swap(&self, key: &str, old: &String, new: &str) -> Result<bool, Error> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(SWAP)?;
        Ok(statement.execute(params![new, end()?, key, old])? == 1)
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(CREATE)?;
        statement.execute(params![key, json, end()?])?;
        Ok(())
    }
}
