//! The contract of every store, with a cache in front.

use tenure::{
    Settings,
    engine::{
        cache::{Cache, Format, MemoryCache, SharedCache},
        cached_db::CachedStore,
        db::SqliteStore,
    },
    settings::CacheSettings,
};

/// Two processes: what they share is the database and the cache.
async fn handles<C: Cache + Clone>(
    settings: &Settings,
    cache: C,
    format: Format,
) -> ([CachedStore<SqliteStore, C>; 2], tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings.clone();
    let path = folder.path().join("site.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    let database = SqliteStore::open(&settings).await.unwrap();
    database.create_table().await.unwrap();
    let handle = |database| {
        let entry = CacheSettings::default();
        CachedStore::new(database, cache.clone(), format, &entry, &settings)
    };
    let other = SqliteStore::open(&settings).await.unwrap();
    ([handle(database), handle(other)], folder)
}

tenure::conformance!(
    sqlite_behind_memory_keeps_the_contract,
    async |settings: &Settings| {
        let cache = MemoryCache::open("default", &CacheSettings::default()).unwrap();
        handles(settings, SharedCache::new(cache), Format::Json).await
    }
);
