//! PostgreSQL.

use std::time::{Duration, SystemTime};

use sqlx::{
    Decode, Encode, Postgres, Row as _, Type,
    encode::IsNull,
    error::{BoxDynError, DatabaseError, Error},
    postgres::{PgArgumentBuffer, PgConnectOptions, PgTypeInfo, PgValueRef, types::Oid},
    query,
};

use super::{
    super::{
        Row, SessionTable, Updated,
        postgres::{codes, sql},
    },
    SqlxTable,
    pool::{Dialect, text},
};
use crate::{error::StoreError, moment::Moment, store::Listed};

/// A `timestamptz`. sqlx has one with its feature `time` or `chrono` alone, and turning one on would change what the program's own queries
/// give.
struct Date(Moment);

impl Type<Postgres> for Date {
    fn type_info() -> PgTypeInfo {
        // `pg_type.dat` in PostgreSQL's source.
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl Encode<'_, Postgres> for Date {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&sql::wire(self.0));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Date {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(sql::unwire(value.as_bytes()?.try_into()?)))
    }
}

impl From<SystemTime> for Date {
    fn from(moment: SystemTime) -> Self {
        Self(moment.into())
    }
}

impl From<Date> for SystemTime {
    fn from(date: Date) -> Self {
        date.0.into()
    }
}

impl Dialect for Postgres {
    fn place(options: &PgConnectOptions) -> String {
        let port = options.get_port();
        let address = match options.get_socket() {
            Some(folder) => format!("{}, port {port}", folder.display()),
            None => format!("{}:{port}", options.get_host()),
        };
        // Its user's name, where the program gave none.
        let database = options.get_database().unwrap_or(options.get_username());
        format!("PostgreSQL at {address} (database {database:?})")
    }

    fn advice(error: &dyn DatabaseError, place: &str, tried: Duration) -> String {
        let code = error.code().unwrap_or_default();
        codes::trouble(&code, error.message()).what(
            super::super::trouble::Purpose::Sessions,
            place,
            tried,
        )
    }
}

impl SqlxTable<Postgres> {
    fn unread(&self, error: Error) -> StoreError {
        self.0.failure(error, Duration::ZERO).error
    }
}

impl SessionTable for SqlxTable<Postgres> {
    async fn select(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let rows = self.0.fetch(|| query(sql::SELECT).bind(key)).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let ends: Date = row.try_get(1).map_err(|error| self.unread(error))?;
        Ok(Some(Row {
            data: text(row, 0),
            expires_at: ends.into(),
        }))
    }

    async fn insert(&self, key: &str, row: Row) -> Result<bool, StoreError> {
        let insert = || {
            let insert = query(sql::INSERT).bind(key).bind(&row.data);
            insert.bind(Date::from(row.expires_at))
        };
        Ok(self.0.execute(insert).await?.rows_affected() == 1)
    }

    async fn update(
        &self,
        key: &str,
        new_key: Option<&str>,
        row: Row,
        base: &str,
    ) -> Result<Updated, StoreError> {
        let update = || {
            let update = query(sql::UPDATE).bind(new_key.unwrap_or(key));
            let update = update.bind(&row.data).bind(Date::from(row.expires_at));
            update.bind(key).bind(base)
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
        let touch = || {
            let touch = query(sql::TOUCH).bind(key);
            touch.bind(Date::from(expires_at)).bind(base)
        };
        Ok(self.0.execute(touch).await?.rows_affected() == 1)
    }

    async fn delete(&self, key: &str, ended_by: Option<SystemTime>) -> Result<bool, StoreError> {
        let delete = || match ended_by.map(Date::from) {
            None => query(sql::DELETE).bind(key),
            Some(moment) => query(sql::DELETE_IF_ENDED).bind(key).bind(moment),
        };
        Ok(self.0.execute(delete).await?.rows_affected() == 1)
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<(), StoreError> {
        let delete = || query(sql::DELETE_MANY).bind(keys);
        self.0.execute(delete).await?;
        Ok(())
    }

    async fn delete_ended(&self, before: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let delete = || {
            query(sql::DELETE_ENDED)
                .bind(Date::from(before))
                .bind(limit)
        };
        Ok(self.0.execute(delete).await?.rows_affected())
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = after.unwrap_or_default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = || query(sql::LIST).bind(after).bind(limit);
        let rows = self.0.fetch(list).await?;
        let listed = rows.iter().map(|row| {
            let ends: Date = row.try_get(1)?;
            let size: i32 = row.try_get(2)?;
            let size = usize::try_from(size).unwrap_or_default();
            Ok(Listed::new(text(row, 0), ends.into(), size))
        });
        let listed: Result<_, Error> = listed.collect();
        listed.map_err(|error| self.unread(error))
    }

    async fn create_table(&self) -> Result<(), StoreError> {
        let rows = self.0.fetch(|| query(sql::HAS_TABLE)).await?;
        let there = rows.first().map(|row| row.try_get(0)).transpose();
        if there.map_err(|error| self.unread(error))? == Some(true) {
            return Ok(());
        }
        Ok(self.0.batch(sql::CREATE_TABLE).await?)
    }
}
