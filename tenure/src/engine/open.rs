//! From settings to a store.

use std::{fmt, sync::Arc};

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
        "cache" => cache(settings).await,
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
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => {
            let store = super::db::MysqlStore::open(settings).await?;
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(not(feature = "sqlite"))]
        None => Err(not_built("db", "sqlite")),
        Some(scheme) => Err(no_database(url.unwrap_or_default(), scheme)),
    }
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

/// The cache engine, by the cache's `BACKEND`.
async fn cache(settings: &Settings) -> Result<Store, OpenError> {
    let entry = super::cache::entry(settings)?;
    let (cache, format) = super::cache::open(&entry, settings).await?;
    let store = super::cache::CacheStore::new(Arc::new(cache), format, &entry, settings);
    Ok(Store::new(store, settings.store_timeout))
}

fn not_built(engine: &str, feature: &str) -> OpenError {
    let needed = format!("it needs the feature `{feature}` of the crate `tenure`");
    SettingsError::invalid("SESSION_ENGINE", engine, &needed).into()
}
