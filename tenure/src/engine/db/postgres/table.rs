//! `django_session` on PostgreSQL.

use std::{fmt, sync::Arc, time::SystemTime};

use tokio_postgres::Row as PostgresRow;

use super::{
    super::{Row, SessionTable, Updated, index::index, statements::Statements, trouble::Purpose},
    line::Server,
    sql::{
        CREATE_TABLE, DELETE, DELETE_ENDED, DELETE_IF_ENDED, DELETE_MANY, HAS_TABLE, INSERT, LIST,
        SELECT, TOUCH, UPDATE,
    },
    url::Location,
    value::{Date, Param, Text},
};
use crate::{
    error::StoreError,
    moment::Moment,
    settings::{Settings, SettingsError},
    store::{Index, Listed},
};

/// One PostgreSQL database: `django_session` in it is a [`SessionTable`].
pub struct Postgres {
    pub(super) server: Server,
}

impl Postgres {
    /// The database that `DATABASES[alias]` names. Nothing is asked of it yet.
    pub(crate) fn at(settings: &Settings, alias: &str) -> Result<Self, SettingsError> {
        Self::with(settings, alias, Purpose::Sessions)
    }

    /// The users in the database that `DATABASES["default"]` names.
    #[cfg(feature = "auth")]
    pub(crate) fn of_users(settings: &Settings) -> Result<Self, SettingsError> {
        Self::with(settings, "default", Purpose::Users)
    }

    fn with(settings: &Settings, alias: &str, purpose: Purpose) -> Result<Self, SettingsError> {
        let location = Location::of(settings, alias)?;
        // Shorter than the deadline of the call, so that the address is told.
        let timeout = settings.store_timeout * 4 / 5;
        let server = Server::at(location, purpose, timeout);
        Ok(Self { server })
    }

    /// Whether it is there, so that a wrong URL is told at the start.
    pub(crate) async fn reach(&self) -> Result<(), StoreError> {
        self.server.reach().await
    }

    pub(super) fn read<'a, T: tokio_postgres::types::FromSql<'a>>(
        &self,
        row: &'a PostgresRow,
        index: usize,
    ) -> Result<T, StoreError> {
        row.try_get(index).map_err(|error| {
            let place = self.server.place();
            StoreError::unavailable(
                format!("the table `django_session` of {place} has not Django's columns"),
                error,
            )
        })
    }
}

impl SessionTable for Postgres {
    async fn select(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let rows = self.server.query(SELECT, &[Param::Text(key)]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let Text(data) = self.read(row, 0)?;
        let Date(ends) = self.read(row, 1)?;
        Ok(Some(Row {
            data,
            expires_at: ends.into(),
        }))
    }

    async fn insert(&self, key: &str, row: Row) -> Result<bool, StoreError> {
        let params = [
            Param::Text(key),
            Param::Text(&row.data),
            Param::Date(row.expires_at.into()),
        ];
        Ok(self.server.execute(INSERT, &params).await? == Some(1))
    }

    async fn update(
        &self,
        key: &str,
        new_key: Option<&str>,
        row: Row,
        base: &str,
    ) -> Result<Updated, StoreError> {
        let params = [
            Param::Text(new_key.unwrap_or(key)),
            Param::Text(&row.data),
            Param::Date(row.expires_at.into()),
            Param::Text(key),
            Param::Text(base),
        ];
        match self.server.execute(UPDATE, &params).await? {
            None => Ok(Updated::Taken),
            Some(0) => Ok(self
                .select(key)
                .await?
                .map_or(Updated::Gone, Updated::Other)),
            Some(_) => Ok(Updated::Done),
        }
    }

    async fn touch(
        &self,
        key: &str,
        expires_at: SystemTime,
        base: &str,
    ) -> Result<bool, StoreError> {
        let params = [
            Param::Text(key),
            Param::Date(expires_at.into()),
            Param::Text(base),
        ];
        Ok(self.server.execute(TOUCH, &params).await? == Some(1))
    }

    async fn delete(&self, key: &str, ended_by: Option<SystemTime>) -> Result<bool, StoreError> {
        let key = Param::Text(key);
        let rows = match ended_by.map(Moment::from) {
            None => self.server.execute(DELETE, &[key]).await?,
            Some(moment) => {
                let params = [key, Param::Date(moment)];
                self.server.execute(DELETE_IF_ENDED, &params).await?
            }
        };
        Ok(rows == Some(1))
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<(), StoreError> {
        let keys = [Param::Texts(keys)];
        self.server.execute(DELETE_MANY, &keys).await.map(drop)
    }

    fn index(self: &Arc<Self>) -> Option<Index> {
        Some(index(Arc::clone(self) as Arc<dyn Statements>))
    }

    async fn delete_ended(&self, before: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = [Param::Date(before.into()), Param::Number(limit)];
        let rows = self.server.execute(DELETE_ENDED, &params).await?;
        Ok(rows.unwrap_or_default())
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = [Param::Text(after.unwrap_or_default()), Param::Number(limit)];
        let rows = self.server.query(LIST, &params).await?;
        let listed = rows.iter().map(|row| {
            let Text(key) = self.read(row, 0)?;
            let Date(ends) = self.read(row, 1)?;
            let size: i32 = self.read(row, 2)?;
            let size = usize::try_from(size).unwrap_or_default();
            Ok(Listed::new(key, ends.into(), size))
        });
        listed.collect()
    }

    async fn create_table(&self) -> Result<(), StoreError> {
        let rows = self.server.query(HAS_TABLE, &[]).await?;
        let there = rows.first().map(|row| self.read(row, 0)).transpose()?;
        if there == Some(true) {
            return Ok(());
        }
        self.server.batch(CREATE_TABLE).await
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("place", &self.server.place())
            .finish_non_exhaustive()
    }
}
