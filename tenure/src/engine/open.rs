//! From settings to a store.

use std::{fmt, sync::Arc};

#[cfg(feature = "encrypted-cookies")]
use super::cookies::EncryptedCookies;
#[cfg(any(feature = "encrypted-cookies", feature = "signed-cookies"))]
use super::cookies::Revocation;
#[cfg(feature = "signed-cookies")]
use super::cookies::SignedCookies;
use super::{
    cache::{Away, Format, SharedCache},
    cached_db::CachedStore,
    db::Opened,
};
use crate::{
    error::{StoreError, chain},
    settings::{CacheSettings, Settings, SettingsError},
    store::{SessionStore, Store},
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
    if let Some(alias) = settings.read_replica.as_deref().filter(|_| engine != "db") {
        let needed = "only SESSION_ENGINE = \"db\" can read from a replica: what is late there would stay in a cache";
        return Err(SettingsError::invalid("TENURE_READ_REPLICA", alias, needed).into());
    }
    let store = named(engine, settings).await?;
    Ok(store.hashing(settings.hash_keys))
}

async fn named(engine: &str, settings: &Settings) -> Result<Store, OpenError> {
    match engine {
        "db" => super::db::open(settings, Alone(settings)).await,
        "cache" => cache(settings).await,
        "cached_db" => cached_db(settings).await,
        #[cfg(all(feature = "file", unix))]
        "file" => {
            let store = super::file::FileStore::open(settings).await?;
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(feature = "signed-cookies")]
        "signed_cookies" => {
            let store = SignedCookies::new(settings, revocation(settings).await?)?;
            Ok(Store::new(store, settings.store_timeout))
        }
        #[cfg(feature = "encrypted-cookies")]
        "encrypted_cookies" => {
            let store = EncryptedCookies::new(settings, revocation(settings).await?)?;
            Ok(Store::new(store, settings.store_timeout))
        }
        other => {
            let feature = other.replace('_', "-");
            Err(SettingsError::needs_feature("SESSION_ENGINE", other, &feature).into())
        }
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

/// The engine `db`.
struct Alone<'a>(&'a Settings);

impl Opened for Alone<'_> {
    fn store(self, database: impl SessionStore) -> Store {
        Store::new(database, self.0.store_timeout)
    }
}

/// The engine `cached_db`.
struct Cached<'a> {
    cache: SharedCache,
    format: Format,
    entry: &'a CacheSettings,
    settings: &'a Settings,
}

impl Opened for Cached<'_> {
    fn store(self, database: impl SessionStore) -> Store {
        let Self {
            cache,
            format,
            entry,
            settings,
        } = self;
        let store = CachedStore::new(database, cache, format, entry, settings);
        Store::new(store, settings.store_timeout)
    }
}

/// The cache engine, by the cache's `BACKEND`.
async fn cache(settings: &Settings) -> Result<Store, OpenError> {
    let entry = super::cache::entry(settings)?;
    let (cache, format) = super::cache::open(&entry, settings, Away::Fails).await?;
    let store = super::cache::CacheStore::new(Arc::new(cache), format, &entry, settings);
    Ok(Store::new(store, settings.store_timeout))
}

/// A database with a cache in front of it.
async fn cached_db(settings: &Settings) -> Result<Store, OpenError> {
    let entry = super::cache::entry(settings)?;
    if entry.backend == "tenure.cache.memory" {
        let setting = format!("CACHES.{}.BACKEND", settings.cache_alias);
        let needed = "cached_db needs a cache that all processes share, in Redis or memcached: in the memory of one of them, sessions that \
                      another has changed or ended would live on";
        return Err(SettingsError::invalid(&setting, &entry.backend, needed).into());
    }
    let hurried = Settings {
        store_timeout: super::cached_db::cache_timeout(settings),
        ..settings.clone()
    };
    let (cache, format) = super::cache::open(&entry, &hurried, Away::IsNoted).await?;
    let cached = Cached {
        cache,
        format,
        entry: &entry,
        settings,
    };
    super::db::open(settings, cached).await
}
