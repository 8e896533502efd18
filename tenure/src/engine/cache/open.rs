//! From an entry of `CACHES` to a cache, one arm for each kind of server.

use std::borrow::Cow;

use super::{Format, SharedCache, backend::Server};
use crate::{
    engine::{CacheState, OpenError},
    settings::{CacheSettings, Settings, SettingsError},
};

/// The entry of `CACHES` that `SESSION_CACHE_ALIAS` names.
///
/// As in Django, `default` is there without being named: memory of this process.
pub(in crate::engine) fn entry(
    settings: &Settings,
) -> Result<Cow<'_, CacheSettings>, SettingsError> {
    let alias = &settings.cache_alias;
    match settings.caches.get(alias) {
        Some(entry) => Ok(Cow::Borrowed(entry)),
        None if alias == "default" => Ok(Cow::Owned(CacheSettings {
            backend: "tenure.cache.memory".into(),
            ..CacheSettings::default()
        })),
        None => {
            let needed = "the cache engines need an entry of that name in CACHES";
            Err(SettingsError::invalid("SESSION_CACHE_ALIAS", alias, needed))
        }
    }
}

/// What a cache whose server is away at the start is to its engine. (memcached is not asked before the first session is.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Away {
    /// There is nothing without it.
    Fails,
    /// It is logged: the cache is used as soon as it is there.
    IsNoted,
}

/// The cache of `entry`, and what stands in its bytes.
pub(in crate::engine) async fn open(
    entry: &CacheSettings,
    settings: &Settings,
    away: Away,
) -> Result<(SharedCache, Format), OpenError> {
    let (server, format) = Server::of(&settings.cache_alias, entry)?;
    let cache = match server {
        Server::Memory => memory(entry, settings)?,
        Server::Redis => redis(entry, settings, away).await?,
        Server::Memcached => memcached(entry, format, settings)?,
    };
    Ok((cache, format))
}

/// What the server of the cache says of itself.
pub(in crate::engine) async fn inspect(settings: &Settings) -> Result<CacheState, OpenError> {
    let entry = entry(settings)?;
    match Server::of(&settings.cache_alias, &entry)?.0 {
        #[cfg(feature = "redis")]
        Server::Redis => Ok(super::redis::RedisCache::open(&entry, settings)
            .await?
            .inspect()
            .await),
        _ => Ok(CacheState::default()),
    }
}

#[cfg(feature = "memory")]
fn memory(entry: &CacheSettings, settings: &Settings) -> Result<SharedCache, OpenError> {
    tracing::warn!(
        "sessions are kept in the memory of this process: they end with it, and no other process sees them; an entry in CACHES names a \
         cache that is shared"
    );
    let cache = super::MemoryCache::open(&settings.cache_alias, entry)?;
    Ok(SharedCache::new(cache))
}

#[cfg(not(feature = "memory"))]
fn memory(entry: &CacheSettings, settings: &Settings) -> Result<SharedCache, OpenError> {
    Err(not_built(entry, settings, "memory"))
}

#[cfg(feature = "redis")]
async fn redis(
    entry: &CacheSettings,
    settings: &Settings,
    away: Away,
) -> Result<SharedCache, OpenError> {
    let cache = super::redis::RedisCache::unconnected(entry, settings)?;
    match cache.connect().await {
        Err(error) if away == Away::IsNoted => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(
                cause,
                "the cache is away, so sessions are served from the database: {error}"
            );
        }
        connected => connected?,
    }
    Ok(SharedCache::new(cache))
}

#[cfg(not(feature = "redis"))]
#[expect(clippy::unused_async, reason = "with the feature it has to wait")]
async fn redis(
    entry: &CacheSettings,
    settings: &Settings,
    _away: Away,
) -> Result<SharedCache, OpenError> {
    Err(not_built(entry, settings, "redis"))
}

#[cfg(feature = "memcached")]
fn memcached(
    entry: &CacheSettings,
    format: Format,
    settings: &Settings,
) -> Result<SharedCache, OpenError> {
    let cache = super::MemcachedCache::open(entry, format, settings)?;
    Ok(SharedCache::new(cache))
}

#[cfg(not(feature = "memcached"))]
fn memcached(
    entry: &CacheSettings,
    _format: Format,
    settings: &Settings,
) -> Result<SharedCache, OpenError> {
    Err(not_built(entry, settings, "memcached"))
}

#[cfg(not(all(feature = "memory", feature = "redis", feature = "memcached")))]
fn not_built(entry: &CacheSettings, settings: &Settings, feature: &str) -> OpenError {
    let setting = format!("CACHES.{}.BACKEND", settings.cache_alias);
    SettingsError::needs_feature(&setting, &entry.backend, feature).into()
}

#[cfg(feature = "memory")]
#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::{Data, Record, SessionKey};

    #[tokio::test]
    async fn without_an_entry_sessions_are_in_the_memory_of_this_process() {
        let mut settings = crate::testing::settings();
        settings.engine = "cache".into();
        let store = crate::engine::open(&settings).await.unwrap();
        let key = SessionKey::parse("0123456789abcdefghijklmnopqrstuv").unwrap();
        let record = Record::new(Data::new(), SystemTime::now() + Duration::from_mins(1));
        store.create(&key, &record).await.unwrap();
        assert!(store.load(&key).await.unwrap().is_some());
        assert_eq!(store.engine(), "cache");
    }

    #[tokio::test]
    async fn an_entry_that_cannot_be_served_is_an_error_at_start() {
        let mut settings = crate::testing::settings();
        settings.engine = "cache".into();
        let cache = CacheSettings {
            backend: "django.core.cache.backends.locmem.LocMemCache".into(),
            ..CacheSettings::default()
        };
        settings.caches.insert("default".into(), cache);
        let error = crate::engine::open(&settings)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("CACHES.default.BACKEND is \"django.core.cache.backends.locmem.LocMemCache\": it is the memory of one Python process"),
            "{error}"
        );
    }
}
