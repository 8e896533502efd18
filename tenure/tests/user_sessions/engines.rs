//! The scenarios on each engine.

use tenure::{Settings, settings::CacheSettings, testing};

use crate::scenarios;

fn with_database(url: impl Into<String>) -> Settings {
    let mut settings = testing::settings();
    settings.set_database_url(url);
    settings
}

fn with_cache(mut settings: Settings, engine: &str, backend: &str, location: String) -> Settings {
    settings.engine = engine.into();
    let mut cache = CacheSettings::default();
    cache.backend = backend.into();
    cache.location = vec![location];
    settings.caches.insert("default".into(), cache);
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sqlite3");
    scenarios::all(with_database(format!(
        "sqlite://{}?mode=rwc",
        path.display()
    )))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = testing::settings();
    settings.engine = "file".into();
    settings.file_path = Some(folder.path().to_owned());
    scenarios::all(settings).await;
}
