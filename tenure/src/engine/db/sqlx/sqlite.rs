//! SQLite.

use std::time::{Duration, SystemTime};

use sqlx::{
    Row as _, Sqlite,
    error::DatabaseError,
    query,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::{
    super::{
        Row, SessionTable, Updated,
        sqlite::{advice, date, date_text, sql},
    },
    SqlxTable,
    pool::{Dialect, Failure, bytes, text},
};
use crate::{error::StoreError, store::Listed};

impl Dialect for Sqlite {
    fn place(options: &SqliteConnectOptions) -> String {
        options.get_filename().display().to_string()
    }

    fn advice(error: &dyn DatabaseError, place: &str, _: Duration) -> String {
        let code = error.code().and_then(|code| code.parse().ok());
        advice(place, code.unwrap_or_default(), error.message())
    }
}

impl SqlxTable<Sqlite> {
    async fn row(&self, key: &str) -> Result<Option<SqliteRow>, Failure> {
        Ok(self.0.fetch(|| query(sql::SELECT).bind(key)).await?.pop())
    }

    fn read(&self, row: &SqliteRow) -> Row {
        Row {
            data: text(row, 0),
            expires_at: date(&text(row, 1), &self.0.zone).into(),
        }
    }

    fn date(&self, moment: SystemTime) -> String {
        date_text(moment.into(), &self.0.zone)
    }
}

impl SessionTable for SqlxTable<Sqlite> {
    async fn select(&self, key: &str) -> Result<Option<Row>, StoreError> {
        Ok(self.row(key).await?.map(|row| self.read(&row)))
    }

    async fn insert(&self, key: &str, row: Row) -> Result<bool, StoreError> {
        let ends = self.date(row.expires_at);
        let insert = || query(sql::INSERT).bind(key).bind(&row.data).bind(&ends);
        Ok(self.0.execute(insert).await?.rows_affected() == 1)
    }

    async fn update(
        &self,
        key: &str,
        new_key: Option<&str>,
        row: Row,
        base: &str,
    ) -> Result<Updated, StoreError> {
        let ends = self.date(row.expires_at);
        let update = |sql| {
            let update = query(sql).bind(new_key.unwrap_or(key)).bind(&row.data);
            update.bind(&ends).bind(key)
        };
        let done = match self.0.execute(|| update(sql::UPDATE).bind(base)).await {
            Err(failure) if failure.key_taken => return Ok(Updated::Taken),
            done => done?,
        };
        if done.rows_affected() == 1 {
            return Ok(Updated::Done);
        }
        let Some(found) = self.row(key).await? else {
            return Ok(Updated::Gone);
        };
        let current = self.read(&found);
        if current.data == base {
            // Somebody put a blob or text that is no UTF-8 there: it was read leniently, and compares with nothing but its bytes.
            let bytes = bytes(&found, 0);
            let update = || update(sql::UPDATE_BYTES).bind(&bytes);
            if self.0.execute(update).await?.rows_affected() == 1 {
                return Ok(Updated::Done);
            }
        }
        Ok(Updated::Other(current))
    }

    async fn touch(
        &self,
        key: &str,
        expires_at: SystemTime,
        base: &str,
    ) -> Result<bool, StoreError> {
        let ends = self.date(expires_at);
        let touch = || query(sql::TOUCH).bind(key).bind(&ends).bind(base);
        Ok(self.0.execute(touch).await?.rows_affected() == 1)
    }

    async fn delete(&self, key: &str, ended_by: Option<SystemTime>) -> Result<bool, StoreError> {
        let ended_by = ended_by.map(|moment| self.date(moment));
        let delete = || match &ended_by {
            None => query(sql::DELETE).bind(key),
            Some(moment) => query(sql::DELETE_IF_ENDED).bind(key).bind(moment),
        };
        Ok(self.0.execute(delete).await?.rows_affected() == 1)
    }

    async fn delete_ended(&self, before: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let before = self.date(before);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let delete = || query(sql::DELETE_ENDED).bind(&before).bind(limit);
        Ok(self.0.execute(delete).await?.rows_affected())
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = after.unwrap_or_default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = || query(sql::LIST).bind(after).bind(limit);
        let rows = self.0.fetch(list).await?;
        let listed = rows.iter().map(|row| {
            let ends = date(&text(row, 1), &self.0.zone);
            let size: i64 = row.try_get(2).unwrap_or_default();
            let size = usize::try_from(size).unwrap_or_default();
            Listed::new(text(row, 0), ends.into(), size)
        });
        Ok(listed.collect())
    }

    async fn create_table(&self) -> Result<(), StoreError> {
        Ok(self.0.batch(sql::CREATE_TABLE).await?)
    }
}
