//! Every policy on an engine of each kind.

use std::path::Path;

use tenure::{Settings, engine::db::SqliteStore, settings::CacheSettings, testing};

use crate::binding;

pub(crate) fn in_memory(mut settings: Settings) -> Settings {
    settings.engine = "cache".into();
    let mut cache = CacheSettings::default();
    cache.backend = "tenure.cache.memory".into();
    settings.caches.insert("default".into(), cache);
    settings
}

pub(crate) async fn in_sqlite(folder: &Path) -> Settings {
    let mut settings = testing::settings();
    let path = folder.join("site.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    let store = SqliteStore::open(&settings).await.unwrap();
    store.create_table().await.unwrap();
    settings
}

async fn every_policy(settings: Settings, replayed: bool) {
    binding::off_neither_marks_nor_compares(settings.clone()).await;
    binding::report_tells_once_for_each_request(settings.clone()).await;
    binding::ask_lets_nobody_in_until_a_new_login(settings.clone()).await;
    binding::end_ends_it_for_all(settings.clone(), replayed).await;
    binding::an_update_and_the_address_next_door_log_nobody_out(settings).await;
}

#[tokio::test]
async fn every_policy_in_memory() {
    every_policy(in_memory(testing::settings()), true).await;
}

#[tokio::test]
async fn every_policy_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    every_policy(in_sqlite(folder.path()).await, true).await;
}

#[tokio::test]
async fn every_policy_in_signed_cookies() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = in_sqlite(folder.path()).await;
    settings.engine = "signed_cookies".into();
    settings.cookie_revocation = Some("none".into());
    every_policy(settings.clone(), false).await;
    settings.cookie_revocation = Some("db".into());
    binding::end_ends_it_for_all(settings, true).await;
}
