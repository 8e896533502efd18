//! `django_session` on a SQLite file of our own.

use std::{sync::Arc, time::SystemTime};

use rusqlite::{
    Connection, OptionalExtension, Row as SqliteRow,
    ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE},
    params,
};

use super::{
    super::{Row, SessionTable, Updated, index::index, statements::Statements, table::lossy},
    connection::Sqlite,
    date::{date, date_text},
    sql,
    url::Location,
};
use crate::{
    engine::OpenError,
    error::StoreError,
    moment::Zone,
    settings::Settings,
    store::{Index, Listed},
};

impl Sqlite {
    /// The database that `DATABASES["default"]` names.
    pub(crate) async fn open(settings: &Settings) -> Result<Arc<Self>, OpenError> {
        let location = Location::of(settings)?;
        let zone = settings.database_zone("default")?;
        // Shorter than the deadline of the call, so that "locked" is told rather than "too late".
        let timeout = settings.store_timeout * 4 / 5;
        // Opening reads the file's head and may wait for a lock.
        let opened =
            tokio::task::spawn_blocking(move || Self::connect(location, zone, timeout)).await;
        let sqlite = opened.map_err(|error| {
            StoreError::unavailable("the database could not be opened", error)
        })??;
        Ok(Arc::new(sqlite))
    }

    fn read_row(row: &SqliteRow<'_>, zone: &Zone) -> rusqlite::Result<Row> {
        Ok(Row {
            data: text(row, 0)?,
            expires_at: date(&text(row, 1)?, zone).into(),
        })
    }
}

/// A text column; one that somebody filled with a blob or a number is not worth failing for: it will not verify.
pub(super) fn text(row: &SqliteRow<'_>, index: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(index)? {
        rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => {
            lossy(bytes.to_vec())
        }
        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
        rusqlite::types::ValueRef::Real(number) => number.to_string(),
        rusqlite::types::ValueRef::Null => String::new(),
    })
}

fn execute(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(params)
}

/// Whether there is a row with this key already. Other constraints are somebody else's, and failing them is a failure.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE)
    )
}

impl SessionTable for Sqlite {
    async fn select(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let key = key.to_owned();
        self.read(move |connection, zone| {
            let mut statement = connection.prepare_cached(sql::SELECT)?;
            statement
                .query_row([&key], |row| Self::read_row(row, zone))
                .optional()
        })
        .await
    }

    async fn insert(&self, key: &str, row: Row) -> Result<bool, StoreError> {
        let key = key.to_owned();
        self.write(move |connection, zone| {
            let rows = execute(
                connection,
                sql::INSERT,
                params![key, row.data, date_text(row.expires_at.into(), zone)],
            )?;
            Ok(rows == 1)
        })
        .await
    }

    async fn update(
        &self,
        key: &str,
        new_key: Option<&str>,
        row: Row,
        base: &str,
    ) -> Result<Updated, StoreError> {
        let new_key = new_key.map(str::to_owned);
        let (key, base) = (key.to_owned(), base.to_owned());
        self.write(move |connection, zone| {
            let ends = date_text(row.expires_at.into(), zone);
            let updated = match &new_key {
                None => execute(connection, sql::SAVE, params![row.data, ends, key, base]),
                Some(new_key) => execute(
                    connection,
                    sql::UPDATE,
                    params![new_key, row.data, ends, key, base],
                ),
            };
            match updated {
                Ok(0) => {}
                Ok(_) => return Ok(Updated::Done),
                Err(error) if is_taken(&error) => return Ok(Updated::Taken),
                Err(error) => return Err(error),
            }
            let mut statement = connection.prepare_cached(sql::SELECT)?;
            let current = statement
                .query_row([&key], |row| Self::read_row(row, zone))
                .optional()?;
            match current {
                // Somebody put a blob or text that is no UTF-8 there: it was read leniently, and compares with nothing. The
                // transaction keeps others out, so it is still what was read.
                Some(current) if current.data == base => {
                    let new_key = new_key.as_ref().unwrap_or(&key);
                    execute(
                        connection,
                        sql::REPLACE,
                        params![new_key, row.data, ends, key],
                    )?;
                    Ok(Updated::Done)
                }
                current => Ok(current.map_or(Updated::Gone, Updated::Other)),
            }
        })
        .await
    }

    async fn touch(
        &self,
        key: &str,
        expires_at: SystemTime,
        base: &str,
    ) -> Result<bool, StoreError> {
        let (key, base) = (key.to_owned(), base.to_owned());
        self.write(move |connection, zone| {
            let ends = date_text(expires_at.into(), zone);
            Ok(execute(connection, sql::TOUCH, params![key, ends, base])? == 1)
        })
        .await
    }

    async fn delete(&self, key: &str, ended_by: Option<SystemTime>) -> Result<bool, StoreError> {
        let key = key.to_owned();
        self.write(move |connection, zone| {
            let rows = match ended_by {
                None => execute(connection, sql::DELETE, [key])?,
                Some(moment) => execute(
                    connection,
                    sql::DELETE_IF_ENDED,
                    params![key, date_text(moment.into(), zone)],
                )?,
            };
            Ok(rows == 1)
        })
        .await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<(), StoreError> {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        self.write_much(move |connection, _| {
            for key in keys {
                execute(connection, sql::DELETE, [key])?;
            }
            Ok(())
        })
        .await
    }

    fn index(self: &Arc<Self>) -> Option<Index> {
        Some(index(Arc::clone(self) as Arc<dyn Statements>))
    }

    async fn delete_ended(&self, before: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.write_much(move |connection, zone| {
            Ok(execute(
                connection,
                sql::DELETE_ENDED,
                params![date_text(before.into(), zone), limit],
            )? as u64)
        })
        .await
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = after.unwrap_or_default().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |connection, zone| {
            let mut statement = connection.prepare_cached(sql::LIST)?;
            let rows = statement.query_map(params![after, limit], |row| {
                let size = usize::try_from(row.get::<_, i64>(2)?).unwrap_or_default();
                Ok(Listed::new(
                    text(row, 0)?,
                    date(&text(row, 1)?, zone).into(),
                    size,
                ))
            })?;
            rows.collect()
        })
        .await
    }

    async fn create_table(&self) -> Result<(), StoreError> {
        self.write_much(|connection, _| connection.execute_batch(sql::CREATE_TABLE))
            .await
    }
}
