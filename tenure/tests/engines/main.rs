//! The one place where engines meet the suite. Those that need a server have their line beside their other tests.

#[cfg(test)]
mod map_store;
#[cfg(test)]
#[path = "../../examples/own_cache.rs"]
mod own_cache;
#[cfg(test)]
#[path = "../../examples/own_table.rs"]
mod own_table;
#[cfg(test)]
#[path = "../../examples/tower_sessions_store.rs"]
mod tower_sessions_store;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenure::{
        Settings,
        engine::{cache::CacheStore, db::SqliteStore},
        testing::MemoryStore,
    };

    use crate::{map_store::MapStore, own_cache, own_table, tower_sessions_store};

    tenure::conformance!(memory, async |_settings| (MemoryStore::default(), ()));

    tenure::conformance!(four_methods, async |_settings| (MapStore::default(), ()));

    tenure::conformance!(own_table, async |_settings| {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        (own_table::VisitTable::new(connection).unwrap(), ())
    });

    tenure::conformance!(own_cache, async |settings: &Settings| {
        let cache = Arc::new(own_cache::MapCache::default());
        (CacheStore::on(cache, settings), ())
    });

    tenure::conformance!(tower_sessions_store, async |_settings| {
        let theirs = tower_sessions::MemoryStore::default();
        (tower_sessions_store::Adapted::new(theirs), ())
    });

    #[test]
    fn the_examples_run() {
        own_table::main().unwrap();
        own_cache::main().unwrap();
        tower_sessions_store::main().unwrap();
    }

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
