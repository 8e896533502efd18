//! Sessions, and what a database on a server of its own needs.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use tenure::{
    Data, Record, SessionKey, Settings, StoreError, Version,
    codec::SignedJson,
    store::{Created, SessionStore},
    testing,
};

pub(crate) const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
pub(crate) const OTHER: &str = "vutsrqponmlkjihgfedcba9876543210";

/// 2030-01-01 12:00:00 UTC.
pub(crate) fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(525_972)
}

pub(crate) fn settings(url: impl Into<String>) -> Settings {
    let mut settings = testing::settings();
    settings.set_database_url(url);
    settings
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

/// Django's statements for its table, from the vectors.
pub(crate) fn djangos_statements(database: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/vectors/schema.json");
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == database).unwrap();
    let statements = case["django_session"].as_array().unwrap();
    statements
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// Waits until the store answers again: a busy machine may need a while to connect.
pub(crate) async fn healed(store: &impl SessionStore) {
    let started = std::time::Instant::now();
    while let Err(error) = store.load(&key(KEY)).await {
        assert!(started.elapsed().as_secs() < 20, "{}", told(&error));
    }
}
