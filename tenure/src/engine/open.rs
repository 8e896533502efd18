//! From settings to a store.

use std::fmt;

#[cfg(feature = "encrypted-cookies")]
use super::cookies::EncryptedCookies;
#[cfg(any(feature = "encrypted-cookies", feature = "signed-cookies"))]
use super::cookies::Revocation;
#[cfg(feature = "signed-cookies")]
use super::cookies::SignedCookies;
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
    let engine = settings.engine_name()?;
    if settings.cookie_chunks && engine != "encrypted_cookies" {
        let needed = "only SESSION_ENGINE = \"encrypted_cookies\" can use several cookies";
        return Err(SettingsError::invalid("TENURE_COOKIE_CHUNKS", "true", needed).into());
    }
    named(engine, settings).await
}

async fn named(engine: &str, settings: &Settings) -> Result<Store, OpenError> {
    match engine {
        "db" => db(settings).await,
        "file" => Err(not_built("file", "file")),
        "cache" => Err(not_built("cache", "cache")),
        "cached_db" => Err(not_built("cached_db", "cached_db")),
        #[cfg(feature = "signed-cookies")]
        "signed_cookies" => {
            let store = SignedCookies::new(settings, revocation(settings).await?)?;
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(not(feature = "signed-cookies"))]
        "signed_cookies" => Err(not_built("signed_cookies", "signed-cookies")),
        #[cfg(feature = "encrypted-cookies")]
        _ => {
            let store = EncryptedCookies::new(settings, revocation(settings).await?)?;
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(not(feature = "encrypted-cookies"))]
        other => Err(not_built(other, "encrypted-cookies")),
    }
}

/// Where ended sessions are remembered, as `TENURE_COOKIE_REVOCATION` says.
#[cfg(any(feature = "encrypted-cookies", feature = "signed-cookies"))]
async fn revocation(settings: &Settings) -> Result<Revocation, OpenError> {
    match settings.cookie_revocation.as_deref() {
        Some(engine @ ("db" | "cache")) => {
            let store = Box::pin(named(engine, settings)).await?;
            Ok(Revocation::Store(store))
        }
        // It was checked that something stands there.
        _ => Ok(Revocation::Off),
    }
}

/// The database engine, by the scheme of the URL.
async fn db(settings: &Settings) -> Result<Store, OpenError> {
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    let scheme = url.and_then(|url| url.split(':').next());
    match scheme {
        #[cfg(feature = "sqlite")]
        None | Some("sqlite") => {
            let store = super::db::SqliteStore::open(settings).await?;
            if url.is_none() {
                store.create_table().await?;
            }
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(not(feature = "sqlite"))]
        None | Some("sqlite") => Err(not_built("db", "sqlite")),
        _ => Err(not_built("db", "postgres")),
    }
}

fn not_built(engine: &str, feature: &str) -> OpenError {
    let needed = format!("it needs the feature `{feature}` of the crate `tenure`");
    SettingsError::invalid("SESSION_ENGINE", engine, &needed).into()
}
