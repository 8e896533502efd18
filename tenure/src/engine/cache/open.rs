//! From an entry of `CACHES` to a cache, one arm for each kind of server.

use super::{Format, SharedCache};
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
    let cache = match entry.backend.as_str() {
        "django.core.cache.backends.redis.RedisCache"
        | "django_redis.cache.RedisCache"
        | "tenure.cache.redis" => redis(entry, settings).await?,
        other => {
            let setting = format!("CACHES.{}.BACKEND", settings.cache_alias);
            let needed = "a cache that sessions can be kept in is needed, such as \"django.core.cache.backends.redis.RedisCache\"";
            return Err(SettingsError::invalid(&setting, other, needed).into());
        }
    };
    Ok((cache, Format::Json))
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

#[cfg(not(feature = "redis"))]
fn not_built(entry: &CacheSettings, settings: &Settings, feature: &str) -> OpenError {
    let setting = format!("CACHES.{}.BACKEND", settings.cache_alias);
    let needed = format!("it needs the feature `{feature}` of the crate `tenure`");
    SettingsError::invalid(&setting, &entry.backend, &needed).into()
}
