//! `django_session` through a pool of sqlx's that the program has already. Each database has its own file.
//!
//! Every call takes one connection of the pool and gives it back; no other pool is opened, and none of its connections is set up anew.

#[cfg(feature = "sqlx-mysql")]
mod mysql;
mod pool;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;

use std::{fmt, sync::Arc};

use sqlx::{Database, Pool};

use self::pool::Lent;
use super::{DbStore, SessionTable};
use crate::settings::{Settings, SettingsError};

/// Sessions in Django's own table, through a pool of sqlx's that the program has already. `DB` is [`sqlx::Sqlite`], [`sqlx::Postgres`] or
/// [`sqlx::MySql`], with the feature `sqlx-sqlite`, `sqlx-postgres` or `sqlx-mysql`.
///
/// The pool stays the program's own: its size, its time limits and its connections are left as they are, and every call takes one
/// connection for one statement. `DATABASES` may be empty; if it names a `TIME_ZONE` for `default`, that counts.
///
/// sqlx asks the server whether a connection is alive before it hands it out, which doubles the round trips. A pool that is made with
/// [`test_before_acquire(false)`](sqlx::pool::PoolOptions::test_before_acquire) saves them; a request may then be answered with 503 for
/// each connection that the server has closed meanwhile, after a restart for example.
///
/// On SQLite, `journal_mode(Wal)` in the pool's options keeps readers from waiting for writers. On MySQL, leave the connection's
/// `CLIENT_FOUND_ROWS` as sqlx sets it: a session that is saved unchanged would count as gone without it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite://{}?mode=rwc", folder.path().join("site.sqlite3").display());
/// # let settings = tenure::testing::settings();
/// use tenure::{Sessions, engine::db::SqlxStore};
///
/// let pool = sqlx::SqlitePool::connect(&url).await?;
/// let store = SqlxStore::from_pool(pool, &settings)?;
/// store.create_table().await?; // unless Django's `migrate` has made it
///
/// let session = Sessions::new(store, &settings)?.new_session().load().await?;
/// session.insert("cart", [1, 2])?;
/// session.save().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type SqlxStore<DB> = DbStore<SqlxTable<DB>>;

impl<DB: Database> SqlxStore<DB>
where
    SqlxTable<DB>: SessionTable,
{
    /// Sessions in the database of this pool, signed with the secrets of these settings.
    ///
    /// # Errors
    ///
    /// When the settings have no usable secret, or a time zone that is not known.
    pub fn from_pool(pool: Pool<DB>, settings: &Settings) -> Result<Self, SettingsError> {
        let zone = settings.database_zone("default")?;
        // Shorter than the deadline of the call, so that the error can name the server.
        let timeout = settings.store_timeout * 4 / 5;
        let pool = Lent {
            pool,
            zone,
            timeout,
        };
        Self::on(Arc::new(SqlxTable(pool)), settings)
    }
}

/// `django_session` in the database of a pool: what [`SqlxStore`] is made of.
pub struct SqlxTable<DB: Database>(Lent<DB>);

impl<DB: Database> fmt::Debug for SqlxTable<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlxTable").field(&DB::NAME).finish()
    }
}
