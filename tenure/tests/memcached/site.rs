//! What the tests share.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use tenure::{
    Settings, StoreError,
    engine::cache::{Cache, CacheStore, Entry, Format, MemcachedCache, Moved, Replaced},
    settings::CacheSettings,
    testing,
};

pub(crate) const KEY: &str = ":1:django.contrib.sessions.cache0123456789abcdefghijklmnopqrstuv";
pub(crate) const NEW: &str = ":1:django.contrib.sessions.cachez9y8x7w6v5u4t3s2r1q0ponmlkjihgfe";
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// For servers that do not answer.
pub(crate) fn hurried() -> Settings {
    let mut settings = testing::settings();
    settings.store_timeout = Duration::from_secs(1);
    settings
}

pub(crate) fn entry_at(location: impl Into<String>) -> CacheSettings {
    let mut entry = CacheSettings::default();
    entry.location = vec![location.into()];
    entry
}

pub(crate) fn cache_at(location: impl Into<String>) -> MemcachedCache {
    MemcachedCache::open(&entry_at(location), Format::Json, &testing::settings()).unwrap()
}

pub(crate) fn hurried_cache_at(location: impl Into<String>) -> MemcachedCache {
    MemcachedCache::open(&entry_at(location), Format::Json, &hurried()).unwrap()
}

pub(crate) fn store_at(
    location: impl Into<String>,
    format: Format,
    settings: &Settings,
) -> CacheStore<MemcachedCache> {
    let entry = entry_at(location);
    let cache = MemcachedCache::open(&entry, format, settings).unwrap();
    CacheStore::new(Arc::new(cache), format, &entry, settings)
}

/// The entry, which is there.
pub(crate) async fn get(cache: &MemcachedCache, key: &str) -> Entry {
    cache.get(key).await.unwrap().unwrap()
}

/// Seconds that an entry still lives.
pub(crate) async fn life(cache: &MemcachedCache, key: &str) -> u64 {
    get(cache, key).await.ttl.unwrap().as_secs()
}

pub(crate) fn assert_replaced(replaced: &Replaced) {
    assert!(matches!(replaced, Replaced::Replaced(_)), "{replaced:?}");
}

pub(crate) fn assert_moved(moved: &Moved) {
    assert!(matches!(moved, Moved::Moved(_)), "{moved:?}");
}

/// The message of an outage, which names the address.
pub(crate) fn outage<T>(answer: Result<T, StoreError>, address: &str) -> String {
    let Err(StoreError::Unavailable { what, .. }) = answer else {
        panic!("an outage was expected");
    };
    assert!(what.contains(address), "{what:?} does not name {address}");
    what
}

/// Sends bytes as another program would, and gives the first line of the answer.
pub(crate) fn raw(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(bytes).unwrap();
    stream.write_all(b"quit\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.lines().next().unwrap_or_default().to_owned()
}
