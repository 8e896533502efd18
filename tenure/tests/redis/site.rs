//! Stores on servers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tenure::{
    Data, Record, SessionKey, Sessions, Settings, StoreError, Version,
    engine::{
        self, OpenError,
        cache::{CacheStore, Format, redis::RedisCache},
    },
    settings::CacheSettings,
    store::{Created, Store},
    testing,
};
use testkit::Proxy;

pub(crate) const DJANGO: &str = "django.core.cache.backends.redis.RedisCache";

pub(crate) const DJANGO_REDIS: &str = "django_redis.cache.RedisCache";
pub(crate) const OURS: &str = "tenure.cache.redis";

/// Settings with Django's own cache at this place, and little patience.
pub(crate) fn settings(location: &str) -> Settings {
    settings_for(DJANGO, location)
}

/// Settings with a cache at this place.
pub(crate) fn settings_for(backend: &str, location: &str) -> Settings {
    let mut settings = testing::settings();
    settings.engine = "cache".into();
    settings.store_timeout = Duration::from_secs(2);
    let mut entry = CacheSettings::default();
    entry.backend = backend.into();
    entry.location = vec![location.to_owned()];
    settings.caches.insert("default".into(), entry);
    settings
}

pub(crate) async fn open(settings: &Settings) -> Result<Store, OpenError> {
    engine::open(settings).await
}

/// What a request goes through.
pub(crate) async fn sessions(settings: &Settings) -> Sessions {
    Sessions::open(settings.clone()).await.unwrap()
}

pub(crate) async fn cache(settings: &Settings) -> RedisCache {
    let entry = &settings.caches["default"];
    RedisCache::open(entry, settings).await.unwrap()
}

/// A store with a connection of its own.
pub(crate) async fn store(settings: &Settings) -> CacheStore<RedisCache> {
    let entry = &settings.caches["default"];
    let format = Format::of("default", entry).unwrap();
    CacheStore::new(Arc::new(cache(settings).await), format, entry, settings)
}

/// Two connections to one place, as two processes have them.
pub(crate) async fn two(settings: &Settings) -> [CacheStore<RedisCache>; 2] {
    [store(settings).await, store(settings).await]
}

/// The URL of a line to a server.
pub(crate) fn through(line: &Proxy) -> String {
    format!("redis://{}/0", line.address())
}

/// A key that nobody else has.
pub(crate) fn free_key() -> SessionKey {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    SessionKey::parse(&format!("{number:032}")).unwrap()
}

/// A session for an hour.
pub(crate) fn record(name: &str) -> Record {
    let data = Data::from_json(format!("{{\"name\":\"{name}\"}}").as_bytes()).unwrap();
    Record::new(data, SystemTime::now() + Duration::from_hours(1))
}

/// A session that is there, with its version.
pub(crate) async fn kept(store: &Store) -> (SessionKey, Version) {
    let key = free_key();
    match store.create(&key, &record("Ada")).await.unwrap() {
        Created::Created(version) => (key, version),
        other => panic!("{other:?}"),
    }
}

/// Waits until the store answers again, and the session is there.
pub(crate) async fn recovered(store: &Store, key: &SessionKey) {
    let started = Instant::now();
    loop {
        match store.load(key).await {
            Ok(found) => return assert!(found.is_some()),
            Err(error) => assert!(started.elapsed() < Duration::from_secs(30), "{error}"),
        }
    }
}

#[track_caller]
pub(crate) fn told(error: &StoreError, words: &[&str]) {
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "{said}");
    }
}
