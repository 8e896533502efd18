//! What a server says of itself. For tools that look after a site, as `tenure doctor` does.

use std::time::{Duration, SystemTime};

use super::OpenError;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
use super::db;
use crate::settings::{Settings, SettingsError};

/// The table `django_session` as it is. See [`inspect_table`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableState {
    /// The columns in their order; none if there is no such table.
    pub columns: Vec<ColumnState>,
    /// The server's clock. `None` where there is no server: SQLite.
    pub clock: Option<Clock>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnState {
    /// Its name.
    pub name: String,
    /// Its type in the database's words: `varchar(40)`.
    pub kind: String,
    /// Whether an index begins with it, so that rows are found by it.
    pub indexed: bool,
}

/// What a server takes the time to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clock {
    /// The server's time.
    pub server: SystemTime,
    /// The time of this machine at that moment, as near as can be told.
    pub here: SystemTime,
}

impl Clock {
    /// What the server answered to a question that was asked at `asked` and is answered now.
    #[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
    pub(super) fn read(server: SystemTime, asked: SystemTime) -> Self {
        let trip = asked.elapsed().unwrap_or_default();
        let here = asked + trip / 2;
        Self { server, here }
    }

    /// By how much the two differ.
    ///
    /// ```
    /// # fn example(clock: tenure::engine::Clock) {
    /// if clock.difference().as_secs() > 5 {
    ///     eprintln!("the clocks of this machine and of the server differ");
    /// }
    /// # }
    /// ```
    pub fn difference(&self) -> Duration {
        let ahead = self.server.duration_since(self.here);
        ahead.unwrap_or_else(|behind| behind.duration())
    }
}

/// A cache server as it is. See [`inspect_cache`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheState {
    /// What Redis does when its memory is full, `maxmemory-policy`: `noeviction`. Of a cluster's nodes one that may lose sessions, if
    /// there is one. `None` where there is no such setting, or the server does not tell.
    pub eviction: Option<String>,
    /// Whether Redis has a limit at which that happens, `maxmemory`.
    pub limited: bool,
    /// The server's clock. `None` where it does not tell.
    pub clock: Option<Clock>,
}

/// Looks at the table `django_session` in the database that `DATABASES["default"]` names.
///
/// # Errors
///
/// When a setting is wrong, or the database cannot be reached.
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("site.sqlite3");
/// use tenure::{engine, testing};
///
/// let mut settings = testing::settings();
/// settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
/// assert!(engine::inspect_table(&settings).await?.columns.is_empty());
///
/// engine::open(&settings).await?.prepare().await?;
/// let table = engine::inspect_table(&settings).await?;
/// assert_eq!(table.columns[2].name, "expire_date");
/// assert!(table.columns[2].indexed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn inspect_table(settings: &Settings) -> Result<TableState, OpenError> {
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    let url = url.unwrap_or_default();
    match url.split(':').next().unwrap_or_default() {
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(db::Sqlite::open(settings).await?.inspect().await?),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let database = db::Postgres::at(settings, "default")?;
            Ok(database.inspect().await?)
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let database = db::Mysql::at(settings, "default")?;
            Ok(database.inspect().await?)
        }
        _ => {
            let needed = "the URL of a database is needed that this program was built for";
            Err(SettingsError::invalid("DATABASES.default.URL", url, needed).into())
        }
    }
}

/// Looks at the server of the cache that `SESSION_CACHE_ALIAS` names. Of caches other than Redis nothing is known.
///
/// # Errors
///
/// When a setting is wrong, or the server cannot be reached. A server that may be used but does not answer such questions is no error.
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use tenure::{engine, testing};
///
/// // The memory of this process.
/// let cache = engine::inspect_cache(&testing::settings()).await?;
/// assert_eq!(cache.eviction, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn inspect_cache(settings: &Settings) -> Result<CacheState, OpenError> {
    super::cache::inspect(settings).await
}
