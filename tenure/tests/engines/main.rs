//! The one place where engines meet the suite. Those that need a server have their line beside their other tests.

#[cfg(test)]
mod map_store;

#[cfg(test)]
mod tests {
    use tenure::{Settings, engine::db::SqliteStore, testing::MemoryStore};

    use crate::map_store::MapStore;

    tenure::conformance!(memory, async |_settings| (MemoryStore::default(), ()));

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
