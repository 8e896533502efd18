//! MySQL and MariaDB.

use std::time::{Duration, SystemTime};

use sqlx::{
    AssertSqlSafe, MySql, Row as _,
    error::DatabaseError,
    mysql::{MySqlConnectOptions, MySqlDatabaseError},
    query,
};

use super::{
    super::{
        Row, SessionTable, Updated,
        mysql::{codes, sql},
        portion::padded,
    },
    SqlxTable,
    pool::{Dialect, text},
};
use crate::{error::StoreError, store::Listed};

impl Dialect for MySql {
    fn place(options: &MySqlConnectOptions) -> String {
        let address = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        let database = options.get_database().unwrap_or_default();
        format!("MySQL at {address} (database {database:?})")
    }

    fn advice(error: &dyn DatabaseError, place: &str, tried: Duration) -> String {
        let number = error
            .try_downcast_ref()
            .map_or(0, MySqlDatabaseError::number);
        codes::trouble(number, error.message()).what(
            super::super::trouble::Purpose::Sessions,
            place,
            tried,
        )
    }
}

impl SqlxTable<MySql> {
    fn date(&self, moment: SystemTime) -> String {
        sql::date_text(moment.into(), &self.0.zone)
    }
}

impl SessionTable for SqlxTable<MySql> {
    async fn select(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let select = || query(sql::SELECT).bind(key).bind(key);
        let rows = self.0.fetch(select).await?;
        Ok(rows.first().map(|row| Row {
            data: text(row, 0),
            expires_at: sql::date(&text(row, 1), &self.0.zone).into(),
        }))
    }

    async fn insert(&self, key: &str, row: Row) -> Result<bool, StoreError> {
        let ends = self.date(row.expires_at);
        let insert = || query(sql::INSERT).bind(key).bind(&row.data).bind(&ends);
        match self.0.execute(insert).await {
            Err(failure) if failure.key_taken => Ok(false),
            done => Ok(done?.rows_affected() == 1),
        }
    }

    async fn update(
        &self,
        key: &str,
        new_key: Option<&str>,
        row: Row,
        base: &str,
    ) -> Result<Updated, StoreError> {
        let ends = self.date(row.expires_at);
        let update = || {
            let update = query(sql::UPDATE).bind(new_key.unwrap_or(key));
            let update = update.bind(&row.data).bind(&ends);
            update.bind(key).bind(key).bind(base)
        };
        let done = match self.0.execute(update).await {
            Err(failure) if failure.key_taken => return Ok(Updated::Taken),
            done => done?,
        };
        if done.rows_affected() == 1 {
            return Ok(Updated::Done);
        }
        let current = self.select(key).await?;
        Ok(current.map_or(Updated::Gone, Updated::Other))
    }

    async fn touch(
        &self,
        key: &str,
        expires_at: SystemTime,
        base: &str,
    ) -> Result<bool, StoreError> {
        let ends = self.date(expires_at);
        let touch = || query(sql::TOUCH).bind(&ends).bind(key).bind(key).bind(base);
        Ok(self.0.execute(touch).await?.rows_affected() == 1)
    }

    async fn delete(&self, key: &str, ended_by: Option<SystemTime>) -> Result<bool, StoreError> {
        let ended_by = ended_by.map(|moment| self.date(moment));
        let delete = || match &ended_by {
            None => query(sql::DELETE).bind(key).bind(key),
            Some(moment) => {
                let delete = query(sql::DELETE_IF_ENDED).bind(key).bind(key);
                delete.bind(moment)
            }
        };
        Ok(self.0.execute(delete).await?.rows_affected() == 1)
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<(), StoreError> {
        // In the order in which all others lock them.
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let keys = padded(&keys);
        let delete = || {
            let delete = query(AssertSqlSafe(sql::delete_many(keys.len())));
            let twice = keys.iter().chain(&keys);
            twice.fold(delete, |delete, key| delete.bind(*key))
        };
        self.0.execute(delete).await?;
        Ok(())
    }

    async fn delete_ended(&self, before: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let before = self.date(before);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let ended = || query(sql::ENDED).bind(&before).bind(limit);
        let rows = self.0.fetch(ended).await?;
        let mut keys: Vec<_> = rows.iter().map(|row| text(row, 0)).collect();
        let found = keys.len() as u64;
        // All of the same length, so that one statement serves them all. A key that stands there twice does no harm.
        if let Some(last) = keys.last().cloned() {
            keys.resize(keys.len().next_multiple_of(sql::KEYS), last);
        }
        for some in keys.chunks(sql::KEYS) {
            let delete = || {
                let mut delete = query(AssertSqlSafe(sql::delete_ended()));
                for key in some {
                    delete = delete.bind(key);
                }
                delete.bind(&before)
            };
            self.0.execute(delete).await?;
        }
        // What another has deleted or prolonged in between counts too: fewer than asked for would mean that none are left.
        Ok(found)
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = after.unwrap_or_default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = || query(sql::LIST).bind(after).bind(limit);
        let rows = self.0.fetch(list).await?;
        let listed = rows.iter().map(|row| {
            let ends = sql::date(&text(row, 1), &self.0.zone);
            let size: i64 = row.try_get_unchecked(2).unwrap_or_default();
            let size = usize::try_from(size).unwrap_or_default();
            Listed::new(text(row, 0), ends.into(), size)
        });
        Ok(listed.collect())
    }

    async fn create_table(&self) -> Result<(), StoreError> {
        if self.0.fetch(|| query(sql::HAS_TABLE)).await?.is_empty() {
            self.0.batch(sql::CREATE_TABLE).await?;
        }
        Ok(())
    }
}
