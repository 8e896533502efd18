//! Where sessions are kept: every engine that needs no server, and those on servers.

use std::{any::Any, fs, path::Path, sync::Arc};

use tenure::{
    Sessions, Settings,
    engine::{
        cache::{CacheStore, Format, MemcachedCache, MemoryCache, SharedCache, redis::RedisCache},
        cached_db::CachedStore,
        cookies::{EncryptedCookies, Revocation, SignedCookies},
        db::{MysqlStore, PostgresStore, SqliteStore},
        file::FileStore,
    },
    settings::CacheSettings,
    testing::{self, MemoryStore},
};
use testkit::{MariaDb, Memcached, Postgres, Redis};

/// One engine.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) sessions: Sessions,
    /// Spoils what is stored of every session.
    pub(crate) damage: Option<Box<dyn Fn()>>,
    /// Takes the server away for good.
    pub(crate) take_away: Option<Box<dyn FnOnce()>>,
    /// What must live as long.
    _keep: Box<dyn Any>,
}

impl Place {
    fn new(name: &'static str, sessions: Sessions, keep: impl Any) -> Self {
        Self {
            name,
            sessions,
            damage: None,
            take_away: None,
            _keep: Box::new(keep),
        }
    }

    fn damaged(self, damage: impl Fn() + 'static) -> Self {
        Self {
            damage: Some(Box::new(damage)),
            ..self
        }
    }
}

/// Every request that used its session prolongs it.
pub(crate) fn settings() -> Settings {
    let mut settings = testing::settings();
    settings.save_every_request = true;
    settings
}

fn on_file(folder: &Path) -> Settings {
    let mut settings = settings();
    let path = folder.join("site.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    settings
}

const SPOIL: &str = "UPDATE django_session SET session_data = 'x'";

async fn sqlite(settings: &Settings) -> SqliteStore {
    let store = SqliteStore::open(settings).await.unwrap();
    store.create_table().await.unwrap();
    store
}

/// On a database in this folder.
pub(crate) async fn sqlite_in(folder: &Path) -> Sessions {
    let settings = on_file(folder);
    Sessions::new(sqlite(&settings).await, &settings).unwrap()
}

/// In memory, in files and in cookies.
pub(crate) async fn without_servers() -> Vec<Place> {
    let plain = settings();
    let entry = CacheSettings::default();
    let mut places = Vec::new();

    let sessions = Sessions::new(MemoryStore::default(), &plain).unwrap();
    places.push(Place::new("memory", sessions, ()));

    let cache = Arc::new(MemoryCache::default());
    let store = CacheStore::new(cache, Format::Pickle, &entry, &plain);
    let sessions = Sessions::new(store, &plain).unwrap();
    places.push(Place::new("cache in memory", sessions, ()));

    let folder = tempfile::tempdir().unwrap();
    let sessions = sqlite_in(folder.path()).await;
    let path = folder.path().join("site.sqlite3");
    let place = Place::new("SQLite", sessions, folder).damaged(move || {
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute(SPOIL, []).unwrap();
    });
    places.push(place);

    let folder = tempfile::tempdir().unwrap();
    let settings = on_file(folder.path());
    let cache = SharedCache::new(MemoryCache::default());
    let database = sqlite(&settings).await;
    let store = CachedStore::new(database, cache, Format::Json, &entry, &settings);
    let sessions = Sessions::new(store, &settings).unwrap();
    places.push(Place::new("cached_db", sessions, folder));

    let folder = tempfile::tempdir().unwrap();
    let mut settings = plain.clone();
    settings.file_path = Some(folder.path().to_owned());
    let store = FileStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let path = folder.path().to_owned();
    let place = Place::new("file", sessions, folder).damaged(move || {
        for file in fs::read_dir(&path).unwrap() {
            fs::write(file.unwrap().path(), "x").unwrap();
        }
    });
    places.push(place);

    let revocation = || Revocation::store(MemoryStore::default(), &testing::settings());
    let store = SignedCookies::new(&plain, revocation()).unwrap();
    let sessions = Sessions::new(store, &plain).unwrap();
    places.push(Place::new("signed cookies", sessions, ()));
    let store = EncryptedCookies::new(&plain, revocation()).unwrap();
    let sessions = Sessions::new(store, &plain).unwrap();
    places.push(Place::new("encrypted cookies", sessions, ()));
    places
}

pub(crate) async fn postgres() -> Place {
    let server = Arc::new(std::sync::Mutex::new(Postgres::start()));
    let (database, url) = {
        let server = server.lock().unwrap();
        let database = server.create_database();
        let url = server.url(&database);
        (database, url)
    };
    let mut settings = settings();
    settings.set_database_url(url);
    let store = PostgresStore::open(&settings).await.unwrap();
    store.create_table().await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let (spoiled, stopped) = (Arc::clone(&server), Arc::clone(&server));
    let mut place = Place::new("PostgreSQL", sessions, server).damaged(move || {
        spoiled.lock().unwrap().sql(&database, SPOIL);
    });
    place.take_away = Some(Box::new(move || stopped.lock().unwrap().stop()));
    place
}

pub(crate) async fn mariadb() -> Place {
    let server = Arc::new(std::sync::Mutex::new(MariaDb::start()));
    let (database, url) = {
        let server = server.lock().unwrap();
        let database = server.create_database();
        let url = server.url(&database);
        (database, url)
    };
    let mut settings = settings();
    settings.set_database_url(url);
    let store = MysqlStore::open(&settings).await.unwrap();
    store.create_table().await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let (spoiled, stopped) = (Arc::clone(&server), Arc::clone(&server));
    let mut place = Place::new("MariaDB", sessions, server).damaged(move || {
        spoiled.lock().unwrap().sql(&database, SPOIL);
    });
    place.take_away = Some(Box::new(move || stopped.lock().unwrap().stop()));
    place
}

fn entry(location: String) -> CacheSettings {
    let mut entry = CacheSettings::default();
    entry.location = vec![location];
    entry
}

pub(crate) async fn redis() -> Place {
    let server = Arc::new(std::sync::Mutex::new(Redis::start()));
    let mut entry = entry(server.lock().unwrap().url());
    entry.backend = "django.core.cache.backends.redis.RedisCache".into();
    let settings = settings();
    let format = Format::of("default", &entry).unwrap();
    let cache = Arc::new(RedisCache::open(&entry, &settings).await.unwrap());
    let store = CacheStore::new(cache, format, &entry, &settings);
    let sessions = Sessions::new(store, &settings).unwrap();
    let (spoiled, stopped) = (Arc::clone(&server), Arc::clone(&server));
    let mut place = Place::new("Redis", sessions, server).damaged(move || {
        let server = spoiled.lock().unwrap();
        for key in server.command(&["KEYS", "*"]).lines() {
            server.command(&["APPEND", key, "x"]);
            server.command(&["SETRANGE", key, "0", "x"]);
        }
    });
    place.take_away = Some(Box::new(move || stopped.lock().unwrap().stop()));
    place
}

pub(crate) fn memcached() -> Place {
    let server = Arc::new(std::sync::Mutex::new(Memcached::start()));
    let entry = entry(server.lock().unwrap().location());
    let settings = settings();
    let cache = MemcachedCache::open(&entry, Format::Pickle, &settings).unwrap();
    let store = CacheStore::new(Arc::new(cache), Format::Pickle, &entry, &settings);
    let sessions = Sessions::new(store, &settings).unwrap();
    let stopped = Arc::clone(&server);
    let mut place = Place::new("memcached", sessions, server);
    place.take_away = Some(Box::new(move || stopped.lock().unwrap().stop()));
    place
}
