//! The database engine: Django's `django_session` table. Django's `django.contrib.sessions.backends.db`.
//!
//! | call | statement |
//! |---|---|
//! | load | one `SELECT` by key |
//! | create | one `INSERT` that leaves a taken key alone |
//! | save | one `UPDATE … WHERE session_key = ? AND session_data = ?` |
//! | new key | one `UPDATE` of the key, data and date together |
//! | touch | one `UPDATE` of the date alone, if the data is still the same |
//! | delete | one `DELETE` |
//!
//! Each is one round trip. A save or a new key whose `UPDATE` finds nothing takes one more, a `SELECT` of what is there now.
//!
//! The text of `session_data` is the version: it holds a signature over its time, so that a write by Django in between is noticed too.
//!
//! # TLS
//!
//! The URL says how much, in the words of libpq and of MySQL's clients, which are also those of Django's `OPTIONS`. With the features
//! `postgres-tls` and `mysql-tls`; without them the first two rows alone.
//!
//! | PostgreSQL: `?sslmode=` | MySQL: `?ssl_mode=` | |
//! |---|---|---|
//! | `disable` | `disabled` | no TLS |
//! | `prefer` | `preferred` | TLS if the server offers it; the default, as with both servers' own clients |
//! | `require` | `required` | TLS or nothing. Any certificate will do: nobody can listen, but somebody in between can pass for the server |
//! | `verify-ca` | | the certificate is signed by an authority in the file `sslrootcert` |
//! | `verify-full` | `verify_identity` | and is this host's. Without a file in `sslrootcert` (`ssl_ca`), by an authority that the system trusts |
//!
//! `postgres://user:password@db.example.com/site?sslmode=verify-full&sslrootcert=/etc/ssl/provider.pem` is right for a managed database. A
//! Unix socket has no TLS and needs none, whatever the URL says.

#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
mod authorities;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod encryption;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod index;
#[cfg(any(feature = "mysql", feature = "sqlx-mysql"))]
mod mysql;
mod open;
mod portion;
#[cfg(any(feature = "postgres", feature = "sqlx-postgres"))]
mod postgres;
mod replica;
#[cfg(any(feature = "sqlite", feature = "sqlx-sqlite"))]
mod sqlite;
#[cfg(any(
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
mod sqlx;
#[cfg(any(
    feature = "auth",
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite"
))]
mod statements;
mod table;
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres"
))]
mod trouble;
#[cfg(feature = "auth")]
mod users;

use std::{sync::Arc, time::SystemTime};

pub(super) use open::{Opened, open};

#[cfg(any(
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
pub use self::sqlx::{SqlxStore, SqlxTable};
#[cfg(feature = "mysql")]
pub use mysql::Mysql;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
pub use replica::ReadReplica;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
#[cfg(feature = "auth")]
pub(crate) use statements::{Dialect, Statements, Value, is_uuid};
pub use table::{Row, SessionTable, Updated};
#[cfg(feature = "auth")]
pub(crate) use users::open_users;

use crate::{
    codec::SignedJson,
    data::Data,
    error::{CodecError, StoreError},
    key::SessionKey,
    record::{Damage, Record, Version},
    settings::{Settings, SettingsError},
    store::{Created, Index, Listed, Powers, Renamed, Saved, SessionStore},
    system::{OperatingSystem, System},
};

/// Sessions in a SQLite database.
#[cfg(feature = "sqlite")]
pub type SqliteStore = DbStore<Sqlite>;

/// Sessions in a PostgreSQL database.
///
/// ```no_run
/// // Not run: it needs a server.
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tenure::{Sessions, Settings, engine::db::PostgresStore};
///
/// let mut settings = Settings::load()?;
/// settings.set_database_url("postgres://site:password@db.example.com/site");
/// let sessions = Sessions::new(PostgresStore::open(&settings).await?, &settings)?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "postgres")]
pub type PostgresStore = DbStore<Postgres>;

/// Sessions in a MySQL or MariaDB database.
///
/// ```no_run
/// // Not run: it needs a server.
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tenure::{Sessions, Settings, engine::db::MysqlStore};
///
/// let mut settings = Settings::load()?;
/// settings.set_database_url("mysql://site:password@db.example.com/site");
/// let sessions = Sessions::new(MysqlStore::open(&settings).await?, &settings)?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "mysql")]
pub type MysqlStore = DbStore<Mysql>;

/// Sessions in Django's own table. Django's engine `django.contrib.sessions.backends.db`.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("site.sqlite3");
/// use tenure::{Sessions, engine::db::SqliteStore, testing};
///
/// let mut settings = testing::settings();
/// settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
/// let store = SqliteStore::open(&settings).await?;
/// store.create_table().await?;
///
/// let session = Sessions::new(store, &settings)?.new_session().load().await?;
/// session.insert("cart", [1, 2])?;
/// session.save().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DbStore<T> {
    table: Arc<T>,
    codec: Arc<SignedJson>,
    system: Arc<dyn System>,
    /// `TENURE_USER_SESSIONS`.
    index: Option<Index>,
}

#[cfg(feature = "sqlite")]
impl SqliteStore {
    /// The table in the SQLite database that `DATABASES["default"]` names.
    ///
    /// # Errors
    ///
    /// When a setting is wrong or the database cannot be opened.
    pub async fn open(settings: &Settings) -> Result<Self, super::OpenError> {
        let table = Sqlite::open(settings).await?;
        Ok(Self::on(table, settings)?)
    }
}

#[cfg(feature = "postgres")]
impl PostgresStore {
    /// The table in the PostgreSQL database that `DATABASES["default"]` names.
    ///
    /// # Errors
    ///
    /// When a setting is wrong, or the server cannot be reached or refuses the login.
    pub async fn open(settings: &Settings) -> Result<Self, super::OpenError> {
        let table = Postgres::at(settings, "default")?;
        table.reach().await?;
        Ok(Self::on(Arc::new(table), settings)?)
    }
}

#[cfg(feature = "mysql")]
impl MysqlStore {
    /// The table in the MySQL or MariaDB database that `DATABASES["default"]` names.
    ///
    /// # Errors
    ///
    /// When a setting is wrong, or the server cannot be reached or refuses the login.
    pub async fn open(settings: &Settings) -> Result<Self, super::OpenError> {
        let table = Mysql::at(settings, "default")?;
        table.reach().await?;
        Ok(Self::on(Arc::new(table), settings)?)
    }
}

impl<T> Clone for DbStore<T> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            codec: Arc::clone(&self.codec),
            system: Arc::clone(&self.system),
            index: self.index.clone(),
        }
    }
}

impl<T: SessionTable> DbStore<T> {
    /// Sessions in this table, signed with the secrets of these settings.
    ///
    /// # Errors
    ///
    /// When the settings have no usable secret.
    pub fn on(table: Arc<T>, settings: &Settings) -> Result<Self, SettingsError> {
        let codec = SignedJson::new(&settings.secret()?, &settings.secret_key_fallbacks)
            .inflate_limit(settings.max_size);
        let index = settings.user_sessions.then(|| table.index()).flatten();
        Ok(Self {
            table,
            index,
            codec: Arc::new(codec),
            system: Arc::new(OperatingSystem),
        })
    }

    /// The same store, whose signatures carry the time of this clock. For tests.
    #[must_use]
    pub fn with_system(mut self, system: Arc<dyn System>) -> Self {
        self.system = system;
        self
    }

    /// Makes Django's table and its index, unless they are there; with `TENURE_USER_SESSIONS` also the table `tenure_session`.
    ///
    /// # Errors
    ///
    /// When the database is unavailable or refuses to write.
    pub async fn create_table(&self) -> Result<(), StoreError> {
        self.table.create_table().await?;
        match &self.index {
            Some(index) => index.0.prepare().await,
            None => Ok(()),
        }
    }

    fn row(&self, record: &Record) -> Row {
        Row {
            data: self.codec.encode(&record.data, self.system.now()),
            expires_at: record.expires_at,
        }
    }

    fn record(&self, row: Row) -> Result<Record, StoreError> {
        let decoded = self.codec.open(&row.data);
        // Counting it as empty, as other damage is, would let the next save overwrite a session that Django can still read.
        if let Err(CodecError::TooLarge { limit }) = decoded {
            return Err(StoreError::TooLarge { limit });
        }
        let mut record = Record::new(Data::new(), row.expires_at);
        match decoded {
            Ok(opened) => {
                record.data = opened.data;
                record.by_fallback = opened.by_fallback;
            }
            Err(error) => record.damage = Some(Damage::from(&error)),
        }
        Ok(record.with_version(Version::from_text(row.data)))
    }
}

impl<T: SessionTable> SessionStore for DbStore<T> {
    fn engine(&self) -> &'static str {
        "db"
    }

    fn powers(&self) -> Powers {
        Powers {
            compare_and_swap: true,
            atomic_rename: true,
            touch: true,
            scan: true,
            clear_expired: true,
            in_key: false,
        }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.create_table().await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let row = self.table.select(key.as_str()).await?;
        row.map(|row| self.record(row)).transpose()
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let row = self.row(record);
        let version = Version::from_text(row.data.clone());
        let free = self.table.insert(key.as_str(), row).await?;
        Ok(if free {
            Created::Created(version)
        } else {
            Created::Taken
        })
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let row = self.row(record);
        let version = Version::from_text(row.data.clone());
        Ok(
            match self
                .table
                .update(key.as_str(), None, row, base.as_text().unwrap_or_default())
                .await?
            {
                Updated::Done => Saved::Saved(version),
                Updated::Other(row) => Saved::Conflict(self.record(row)?),
                Updated::Gone | Updated::Taken => Saved::Gone,
            },
        )
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.table.delete(key.as_str(), None).await
    }

    async fn delete_many(&self, keys: &[SessionKey]) -> Result<(), StoreError> {
        let keys: Vec<&str> = keys.iter().map(SessionKey::as_str).collect();
        for some in keys.chunks(portion::PORTION) {
            self.table.delete_many(some).await?;
        }
        Ok(())
    }

    fn index(&self) -> Option<Index> {
        self.index.clone()
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        let row = self.row(record);
        let version = Version::from_text(row.data.clone());
        let base = base.as_text().unwrap_or_default();
        Ok(
            match self
                .table
                .update(old.as_str(), Some(new.as_str()), row, base)
                .await?
            {
                Updated::Done => Renamed::Renamed(version),
                Updated::Other(row) => Renamed::Conflict(self.record(row)?),
                Updated::Gone => Renamed::Gone,
                Updated::Taken => Renamed::Taken,
            },
        )
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        let base = base.as_text().unwrap_or_default();
        self.table.touch(key.as_str(), expires_at, base).await
    }

    async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Result<bool, StoreError> {
        self.table.delete(key.as_str(), Some(now)).await
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let deleted = self.table.delete_ended(now, limit).await?;
        if let Some(index) = &self.index {
            index.0.sweep(now.into()).await?;
        }
        Ok(deleted)
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.table.list(after, limit).await
    }
}
