//! Sites on a database and a real cache server, as their settings open them.

use std::path::Path;

use tenure::{
    Sessions, Settings,
    engine::{
        cache::{Format, MemcachedCache, SharedCache, redis::RedisCache},
        cached_db::CachedStore,
        db::SqliteStore,
    },
    settings::CacheSettings,
    testing,
};

pub(crate) const REDIS: &str = "django.core.cache.backends.redis.RedisCache";
pub(crate) const DJANGO_REDIS: &str = "django_redis.cache.RedisCache";
pub(crate) const MEMCACHED: &str = "django.core.cache.backends.memcached.PyMemcacheCache";

pub(crate) fn entry(backend: &str, location: String) -> CacheSettings {
    let mut entry = CacheSettings::default();
    entry.backend = backend.into();
    entry.location = vec![location];
    entry
}

/// The engine `cached_db` on this file and this cache.
pub(crate) fn settings(database: &Path, entry: CacheSettings) -> Settings {
    let mut settings = testing::settings();
    settings.engine = "cached_db".into();
    settings.set_database_url(format!("sqlite://{}?mode=rwc", database.display()));
    settings.caches.insert("default".into(), entry);
    settings
}

/// The settings' cache and what stands in it, without the database.
pub(crate) async fn cache(settings: &Settings) -> (SharedCache, Format) {
    let entry = &settings.caches["default"];
    let format = Format::of("default", entry).unwrap();
    let cache = if entry.backend == MEMCACHED {
        SharedCache::new(MemcachedCache::open(entry, format, settings).unwrap())
    } else {
        SharedCache::new(RedisCache::open(entry, settings).await.unwrap())
    };
    (cache, format)
}

/// The settings' database, without the cache. Its table is there.
pub(crate) async fn database(settings: &Settings) -> SqliteStore {
    let database = SqliteStore::open(settings).await.unwrap();
    database.create_table().await.unwrap();
    database
}

/// What a process has: a line of its own to the database, and `cache`.
pub(crate) async fn behind(
    (cache, format): (SharedCache, Format),
    settings: &Settings,
) -> CachedStore<SqliteStore, SharedCache> {
    let entry = &settings.caches["default"];
    let database = database(settings).await;
    CachedStore::new(database, cache, format, entry, settings)
}

/// Two processes, which share nothing but the database and the cache.
pub(crate) async fn two(settings: &Settings) -> [CachedStore<SqliteStore, SharedCache>; 2] {
    [
        behind(cache(settings).await, settings).await,
        behind(cache(settings).await, settings).await,
    ]
}

/// What the requests of one process go through.
pub(crate) async fn sessions(settings: &Settings) -> Sessions {
    Sessions::open(settings.clone()).await.unwrap()
}
