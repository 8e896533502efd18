//! A database on a server of its own.

use std::time::{Duration, SystemTime};

use tenure::{
    Data, Record, SessionKey, Settings, StoreError, Version,
    codec::SignedJson,
    engine::db::PostgresStore,
    store::{Created, SessionStore},
    testing,
};
use testkit::Postgres;

pub(crate) const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
pub(crate) const OTHER: &str = "vutsrqponmlkjihgfedcba9876543210";

pub(crate) fn settings(url: impl Into<String>) -> Settings {
    let mut settings = testing::settings();
    settings.set_database_url(url);
    settings
}

/// A store on a new database of this server, with its table.
pub(crate) async fn store(server: &Postgres) -> (PostgresStore, String) {
    let database = server.create_database();
    let store = PostgresStore::open(&settings(server.url(&database)))
        .await
        .unwrap();
    store.create_table().await.unwrap();
    (store, database)
}

pub(crate) fn key(text: &str) -> SessionKey {
    SessionKey::parse(text).unwrap()
}

pub(crate) fn codec() -> SignedJson {
    SignedJson::new(testing::settings().secret_key.as_ref().unwrap(), &[])
}

pub(crate) fn record(json: &str) -> Record {
    ending(json, SystemTime::now() + Duration::from_hours(1))
}

pub(crate) fn ending(json: &str, expires_at: SystemTime) -> Record {
    Record::new(Data::from_json(json.as_bytes()).unwrap(), expires_at)
}

/// Keeps a session under [`KEY`] and gives its version.
pub(crate) async fn create(store: &impl SessionStore, json: &str) -> Version {
    match store.create(&key(KEY), &record(json)).await.unwrap() {
        Created::Created(version) => version,
        other => panic!("{other:?}"),
    }
}

/// The message, with its cause.
pub(crate) fn told(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("{error} [{}]", cause.unwrap_or_default())
}
