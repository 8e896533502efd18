//! `django_session` on MySQL and MariaDB.

use std::{fmt, sync::Arc, time::SystemTime};

use mysql_async::{Params, Row as MysqlRow, Value};

use super::{
    super::{
        Row, SessionTable, Updated, index::index, portion::padded, statements::Statements,
        table::lossy, trouble::Purpose,
    },
    pool::Pool,
    sql::{
        CREATE_TABLE, DELETE, DELETE_IF_ENDED, ENDED, HAS_TABLE, INSERT, KEYS, LIST, SELECT, TOUCH,
        UPDATE, date, date_text, delete_ended, delete_many,
    },
    url::Location,
};
use crate::{
    error::StoreError,
    moment::{Moment, Zone},
    settings::{Settings, SettingsError},
    store::{Index, Listed},
};

/// One MySQL or MariaDB database: `django_session` in it is a [`SessionTable`].
pub struct Mysql {
    pub(super) pool: Pool,
    zone: Zone,
    delete_ended: String,
}

impl Mysql {
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
        // Shorter than the deadline of the call, so that the address is told.
        let timeout = settings.store_timeout * 4 / 5;
        let location = Location::of(settings, alias, timeout)?;
        Ok(Self {
            pool: Pool::at(location, purpose, timeout),
            zone: settings.database_zone(alias)?,
            delete_ended: delete_ended(),
        })
    }

    /// Whether it is there, so that a wrong URL is told at the start.
    pub(crate) async fn reach(&self) -> Result<(), StoreError> {
        self.pool.reach().await
    }

    pub(super) fn date(&self, moment: impl Into<Moment>) -> String {
        date_text(moment.into(), &self.zone)
    }
}

fn params<const N: usize>(values: [&str; N]) -> Params {
    Params::Positional(values.map(Value::from).into())
}

/// A column as text. `NULL` and numbers, which Django's table has none of, are no text that verifies.
pub(super) fn text(row: &mut MysqlRow, index: usize) -> String {
    match row.take::<Value, _>(index) {
        Some(Value::Bytes(bytes)) => lossy(bytes),
        _ => String::new(),
    }
}

impl SessionTable for Mysql {
    async fn select(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let rows = self.pool.query(SELECT, params([key, key])).await?;
        Ok(rows.into_iter().next().map(|mut row| Row {
            data: text(&mut row, 0),
            expires_at: date(&text(&mut row, 1), &self.zone).into(),
        }))
    }

    async fn insert(&self, key: &str, row: Row) -> Result<bool, StoreError> {
        let values = params([key, &row.data, &self.date(row.expires_at)]);
        Ok(self.pool.execute(INSERT, values).await? == Some(1))
    }

    async fn update(
        &self,
        key: &str,
        new_key: Option<&str>,
        row: Row,
        base: &str,
    ) -> Result<Updated, StoreError> {
        let ends = self.date(row.expires_at);
        let values = params([new_key.unwrap_or(key), &row.data, &ends, key, key, base]);
        match self.pool.execute(UPDATE, values).await? {
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
        let values = params([&self.date(expires_at), key, key, base]);
        Ok(self.pool.execute(TOUCH, values).await? == Some(1))
    }

    async fn delete(&self, key: &str, ended_by: Option<SystemTime>) -> Result<bool, StoreError> {
        let rows = match ended_by {
            None => self.pool.execute(DELETE, params([key, key])).await?,
            Some(moment) => {
                let values = params([key, key, &self.date(moment)]);
                self.pool.execute(DELETE_IF_ENDED, values).await?
            }
        };
        Ok(rows == Some(1))
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<(), StoreError> {
        // In the order in which all others lock them.
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let keys = padded(&keys);
        let twice = keys.iter().chain(&keys).map(|key| Value::from(*key));
        let values = Params::Positional(twice.collect());
        let sql = delete_many(keys.len());
        self.pool.execute(&sql, values).await.map(drop)
    }

    fn index(self: &Arc<Self>) -> Option<Index> {
        Some(index(Arc::clone(self) as Arc<dyn Statements>))
    }

    async fn delete_ended(&self, before: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let before = Value::from(self.date(before));
        let mut deleted = 0;
        // Another round if others were faster: fewer than asked for means that none are left.
        loop {
            let asked = limit.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
            let values = Params::Positional(vec![before.clone(), Value::from(asked)]);
            let rows = self.pool.query(ENDED, values).await?;
            let found = rows.len();
            let mut keys: Vec<Value> = rows
                .into_iter()
                .map(|mut row| Value::from(text(&mut row, 0)))
                .collect();
            // As many in each statement, so that one text serves all. A key that stands there twice does no harm.
            if let Some(last) = keys.last().cloned() {
                keys.resize(found.next_multiple_of(KEYS), last);
            }
            for some in keys.chunks(KEYS) {
                let values = some.iter().chain([&before]).cloned().collect();
                let values = Params::Positional(values);
                let rows = self.pool.execute(&self.delete_ended, values).await?;
                deleted += rows.unwrap_or_default();
            }
            if found < asked || found == 0 || deleted >= limit as u64 {
                return Ok(deleted);
            }
        }
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = Value::from(after.unwrap_or_default());
        let values = Params::Positional(vec![after, Value::from(limit)]);
        let rows = self.pool.query(LIST, values).await?;
        let listed = rows.into_iter().map(|mut row| {
            let size = row.take::<u64, _>(2).unwrap_or_default();
            Listed::new(
                text(&mut row, 0),
                date(&text(&mut row, 1), &self.zone).into(),
                usize::try_from(size).unwrap_or_default(),
            )
        });
        Ok(listed.collect())
    }

    async fn create_table(&self) -> Result<(), StoreError> {
        let there = self.pool.query(HAS_TABLE, Params::Empty).await?;
        if there.is_empty() {
            self.pool.execute(CREATE_TABLE, Params::Empty).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mysql")
            .field("place", &self.pool.place())
            .finish_non_exhaustive()
    }
}
