//! The one place where engines meet the suite. Those that need a server have their line beside their other tests.

#[cfg(test)]
mod map_store;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenure::{
        Settings,
        engine::{
            cache::{CacheStore, Format, MemoryCache},
            db::SqliteStore,
        },
        settings::CacheSettings,
        testing::MemoryStore,
    };

    use crate::map_store::MapStore;

    tenure::conformance!(memory, async |_settings| (MemoryStore::default(), ()));

    tenure::conformance!(memory_cache, async |settings: &Settings| {
        let cache = Arc::new(MemoryCache::default());
        let entry = CacheSettings::default();
        let store = CacheStore::new(cache, Format::Json, &entry, settings);
        (store, ())
    });

    tenure::conformance!(memory_cache_of_pickles, async |settings: &Settings| {
        let cache = Arc::new(MemoryCache::default());
        let entry = CacheSettings::default();
        let store = CacheStore::new(cache, Format::Pickle, &entry, settings);
        (store, ())
    });

    tenure::conformance!(four_methods, async |_settings| (MapStore::default(), ()));

    tenure::conformance!(sqlite, async |settings: &Settings| {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings.clone();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let one = SqliteStore::open(&settings).await.unwrap();
        one.create_table().await.unwrap();
        ([one, SqliteStore::open(&settings).await.unwrap()], folder)
    });
}
