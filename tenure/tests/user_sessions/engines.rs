//! The scenarios on each engine, what ending a thousand sessions costs there, and what is left when sessions have expired.

use std::{path::Path, sync::Arc, time::SystemTime};

use tenure::{
    Sessions, Settings,
    engine::cache::{CacheStore, MemoryCache},
    settings::CacheSettings,
    store::SessionStore,
    testing::{self, MemoryStore},
};
use testkit::{MariaDb, Memcached, Postgres, Proxy, Redis};

use crate::{
    expiry,
    map_store::MapStore,
    scenarios,
    site::listing,
    thousand::{end_a_thousand, ends_in_three_round_trips},
};

async fn open(settings: &Settings) -> Sessions {
    Sessions::open(settings.clone()).await.unwrap()
}

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

const REDIS: &str = "django.core.cache.backends.redis.RedisCache";
const MEMCACHED: &str = "django.core.cache.backends.memcached.PyMemcacheCache";

fn sqlite(path: &Path) -> Settings {
    with_database(format!("sqlite://{}?mode=rwc", path.display()))
}

fn count(path: &Path, table: &str) -> String {
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    let number: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    number.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sqlite3");
    scenarios::all(sqlite(&path), open).await;
    let mut hashed = sqlite(&folder.path().join("hashed.sqlite3"));
    hashed.hash_keys = true;
    scenarios::all(hashed, open).await;
    let settings = listing(sqlite(&path));
    end_a_thousand(&open(&settings).await).await;
    let path = folder.path().join("other.sqlite3");
    let settings = listing(sqlite(&path));
    expiry::leaves_no_entry(&settings, |table| count(&path, table)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_postgresql() {
    let server = Postgres::start();
    let name = server.create_database();
    scenarios::all(with_database(server.url(&name)), open).await;
    let other = server.create_database();
    let count = |table: &str| server.sql(&other, &format!("SELECT count(*) FROM {table}"));
    expiry::leaves_no_entry(&listing(with_database(server.url(&other))), count).await;
    let line = Proxy::to_port(server.port());
    let settings = with_database(server.url_through(line.port(), &name));
    ends_in_three_round_trips(&listing(settings), &[line]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_mariadb() {
    let server = MariaDb::start();
    let name = server.create_database();
    scenarios::all(with_database(server.url(&name)), open).await;
    let other = server.create_database();
    let count = |table: &str| server.sql(&other, &format!("SELECT count(*) FROM {table}"));
    expiry::leaves_no_entry(&listing(with_database(server.url(&other))), count).await;
    let line = Proxy::to_port(server.port());
    let settings = with_database(server.url_through(line.port(), &name));
    ends_in_three_round_trips(&listing(settings), &[line]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_redis() {
    let server = Redis::start();
    let at = |location| with_cache(testing::settings(), "cache", REDIS, location);
    for hash_keys in [false, true] {
        let mut settings = at(server.url());
        settings.hash_keys = hash_keys;
        scenarios::all(settings, open).await;
    }
    let line = Proxy::to_port(server.port());
    let settings = at(format!("redis://{}/0", line.address()));
    ends_in_three_round_trips(&listing(settings), &[line]).await;
    // What is left ends by itself.
    let keys = server.command(&["KEYS", "*"]);
    for key in keys.lines().filter(|line| !line.is_empty()) {
        let left: i64 = server.command(&["TTL", key]).trim().parse().unwrap();
        assert!(left > 0, "{key} lives for ever");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memcached() {
    let server = Memcached::start();
    let at = |location| with_cache(testing::settings(), "cache", MEMCACHED, location);
    scenarios::all(at(server.location()), open).await;
    let line = Proxy::to_port(server.port());
    let settings = at(line.address().to_string());
    ends_in_three_round_trips(&listing(settings), &[line]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_database_behind_a_cache() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let name = postgres.create_database();
    let at = |url, location| with_cache(with_database(url), "cached_db", REDIS, location);
    scenarios::all(at(postgres.url(&name), redis.url()), open).await;
    let lines = [
        Proxy::to_port(postgres.port()),
        Proxy::to_port(redis.port()),
    ];
    let url = postgres.url_through(lines[0].port(), &name);
    let settings = at(url, format!("redis://{}/0", lines[1].address()));
    ends_in_three_round_trips(&listing(settings), &lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = testing::settings();
    settings.engine = "file".into();
    settings.file_path = Some(folder.path().to_owned());
    scenarios::all(settings.clone(), open).await;
    let sessions = open(&listing(settings)).await;
    let far = SystemTime::now() + std::time::Duration::from_hours(24 * 365);
    sessions.store().clear_expired(far, 1000).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory_and_in_stores_of_ones_own() {
    let cache = Arc::new(MemoryCache::default());
    let memory = async |settings: &Settings| {
        let store = CacheStore::on(Arc::clone(&cache), settings);
        Sessions::new(store, settings).unwrap()
    };
    scenarios::all(testing::settings(), memory).await;
    all_in(MemoryStore::default()).await;
    all_in(MapStore::default()).await;
}

async fn all_in(store: impl SessionStore) {
    let store = Arc::new(store);
    let open = async |settings: &Settings| {
        let store = crate::shared::Shared(Arc::clone(&store));
        Sessions::new(store, settings).unwrap()
    };
    scenarios::all(testing::settings(), open).await;
}
