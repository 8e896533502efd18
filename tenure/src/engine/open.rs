//! From settings to a store.

use std::fmt;

use crate::{
    error::{StoreError, chain},
    settings::{Settings, SettingsError},
    store::Store,
};

/// Why an engine could not be opened.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The store cannot be reached or used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// As `Display`, with causes: a `main` that returns this error shows it by `Debug`, and whoever starts a program should read a sentence.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        chain(self, f)
    }
}

/// Opens the engine that `SESSION_ENGINE` names.
///
/// With the database engine and no database in the settings, the file `tenure.sqlite3` in the working directory is used, and made with
/// its table if it is not there. A database that the settings name is taken as it is: Django's `migrate` or `tenure init` makes its
/// table.
///
/// # Errors
///
/// When a setting is wrong, the engine is not compiled in, or the store cannot be reached.
///
/// # Example
///
/// ```no_run
/// // Not run: it would make a file in the working directory.
/// # async fn example() -> Result<(), tenure::engine::OpenError> {
/// let store = tenure::engine::open(&tenure::Settings::load()?).await?;
/// assert_eq!(store.engine(), "db");
/// # Ok(())
/// # }
/// ```
pub async fn open(settings: &Settings) -> Result<Store, OpenError> {
    settings.check()?;
    match settings.engine_name()? {
        "db" => db(settings).await,
        "file" => Err(not_built("file", "file")),
        "cache" => Err(not_built("cache", "cache")),
        "cached_db" => Err(not_built("cached_db", "cached_db")),
        "signed_cookies" => Err(not_built("signed_cookies", "signed-cookies")),
        other => Err(not_built(other, "encrypted-cookies")),
    }
}

/// The database engine, by the scheme of the URL.
async fn db(settings: &Settings) -> Result<Store, OpenError> {
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    let scheme = url.map(|url| url.split(':').next().unwrap_or_default());
    match scheme {
        #[cfg(feature = "sqlite")]
        None | Some("sqlite") => {
            let store = super::db::SqliteStore::open(settings).await?;
            if url.is_none() {
                store.create_table().await?;
            }
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => {
            let store = super::db::PostgresStore::open(settings).await?;
            let replica = |alias: &str| super::db::Postgres::at(&impatient(settings), alias);
            with_replica(store, settings, replica)
        }
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => {
            let store = super::db::MysqlStore::open(settings).await?;
            let replica = |alias: &str| super::db::Mysql::at(&impatient(settings), alias);
            with_replica(store, settings, replica)
        }
        #[cfg(not(feature = "sqlite"))]
        None => Err(not_built("db", "sqlite")),
        Some(scheme) => Err(no_database(url.unwrap_or_default(), scheme)),
    }
}

/// Reads from the replica too, if the settings name one. It need not be there yet, nor stay.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn with_replica<T: super::db::SessionTable>(
    store: super::db::DbStore<T>,
    settings: &Settings,
    open: impl FnOnce(&str) -> Result<T, SettingsError>,
) -> Result<Store, OpenError> {
    let Some(alias) = &settings.read_replica else {
        return Ok(Store::new(store, settings.store_timeout));
    };
    let replica = super::db::DbStore::on(std::sync::Arc::new(open(alias)?), settings)?;
    let both = super::db::ReadReplica::new(store, replica);
    Ok(Store::new(both, settings.store_timeout))
}

/// For a replica: half the time, so that the primary can be asked in the other half.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn impatient(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.store_timeout /= 2;
    settings
}

/// Nothing that is compiled in serves this URL.
fn no_database(url: &str, scheme: &str) -> OpenError {
    let feature = match scheme {
        "sqlite" => Some("sqlite"),
        "postgres" | "postgresql" => Some("postgres"),
        "mysql" | "mariadb" => Some("mysql"),
        _ => None,
    };
    let needed = feature.map_or_else(
        || "a URL that begins with sqlite:, postgres://, postgresql://, mysql:// or mariadb:// is needed".to_owned(),
        |feature| format!("it needs the feature `{feature}` of the crate `tenure`"),
    );
    SettingsError::invalid("DATABASES.default.URL", url, &needed).into()
}

fn not_built(engine: &str, feature: &str) -> OpenError {
    let needed = format!("it needs the feature `{feature}` of the crate `tenure`");
    SettingsError::invalid("SESSION_ENGINE", engine, &needed).into()
}
