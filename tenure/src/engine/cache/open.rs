//! From an entry of `CACHES` to a cache, one arm for each kind of server.

use super::{Format, SharedCache, backend::Server};
use crate::{
    engine::OpenError,
    settings::{CacheSettings, Settings, SettingsError},
};

/// The entry of `CACHES` that `SESSION_CACHE_ALIAS` names.
pub(in crate::engine) fn entry(settings: &Settings) -> Result<&CacheSettings, SettingsError> {
    let alias = &settings.cache_alias;
    settings.caches.get(alias).ok_or_else(|| {
        let needed = "SESSION_ENGINE = \"cache\" needs an entry of that name in CACHES";
        SettingsError::invalid("SESSION_CACHE_ALIAS", alias, needed)
    })
}

/// The cache of `entry`, and what stands in its bytes.
pub(in crate::engine) async fn open(
    entry: &CacheSettings,
    settings: &Settings,
) -> Result<(SharedCache, Format), OpenError> {
    let (server, format) = Server::of(&settings.cache_alias, entry)?;
    let cache = match server {
        Server::Memory => Err(not_built(entry, settings, "memory")),
        Server::Redis => redis(entry, settings).await,
        Server::Memcached => memcached(entry, format, settings),
    };
    Ok((cache?, format))
}

#[cfg(feature = "redis")]
async fn redis(entry: &CacheSettings, settings: &Settings) -> Result<SharedCache, OpenError> {
    let cache = super::redis::RedisCache::open(entry, settings).await?;
    Ok(SharedCache::new(cache))
}

#[cfg(not(feature = "redis"))]
async fn redis(entry: &CacheSettings, settings: &Settings) -> Result<SharedCache, OpenError> {
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
    _: Format,
    settings: &Settings,
) -> Result<SharedCache, OpenError> {
    Err(not_built(entry, settings, "memcached"))
}

fn not_built(entry: &CacheSettings, settings: &Settings, feature: &str) -> OpenError {
    let setting = format!("CACHES.{}.BACKEND", settings.cache_alias);
    let needed = format!("it needs the feature `{feature}` of the crate `tenure`");
    SettingsError::invalid(&setting, &entry.backend, &needed).into()
}
