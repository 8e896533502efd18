//! A cache on which others can be let in, or the line be cut, at a named step; and a site on it.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use tenure::{
    Data, Record, SessionKey, StoreError, Version,
    engine::{
        cache::{Cache, Entry, Format, MemoryCache, Moved, Replaced},
        cached_db::CachedStore,
        db::SqliteStore,
    },
    settings::CacheSettings,
    store::{Created, SessionStore as _},
    system::OperatingSystem,
    testing,
};

use crate::stage::Stage;

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct Script {
    meanwhile: Option<(&'static str, Meanwhile)>,
    calls: Vec<&'static str>,
}

/// A real cache, shared by all clones.
#[derive(Clone)]
pub(crate) struct CacheStage {
    cache: Arc<MemoryCache>,
    script: Arc<Mutex<Script>>,
    down: Arc<AtomicBool>,
}

impl CacheStage {
    pub(crate) fn new() -> Self {
        Self {
            cache: Arc::default(),
            script: Arc::default(),
            down: Arc::default(),
        }
    }

    /// The same cache over another line.
    pub(crate) fn another_line(&self) -> Self {
        Self {
            cache: Arc::clone(&self.cache),
            ..Self::new()
        }
    }

    /// The next call of `step` lets `other` run to its end first.
    pub(crate) fn before(
        &self,
        step: &'static str,
        other: impl Future<Output = ()> + Send + 'static,
    ) {
        self.script.lock().unwrap().meanwhile = Some((step, Box::pin(other)));
    }

    /// Whether every call fails.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.script.lock().unwrap().calls)
    }

    async fn step(&self, step: &'static str) -> Result<(), StoreError> {
        let meanwhile = {
            let mut script = self.script.lock().unwrap();
            script.calls.push(step);
            script.meanwhile.take_if(|(at, _)| *at == step)
        };
        if let Some((_, other)) = meanwhile {
            other.await;
        }
        if self.down.load(Ordering::SeqCst) {
            let cause = std::io::Error::other("connection refused");
            return Err(StoreError::unavailable("the line is cut", cause));
        }
        Ok(())
    }
}

impl Cache for CacheStage {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        self.step("get").await?;
        self.cache.get(key).await
    }

    async fn add(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Option<Version>, StoreError> {
        self.step("add").await?;
        self.cache.add(key, value, ttl).await
    }

    async fn replace(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Replaced, StoreError> {
        self.step("replace").await?;
        self.cache.replace(key, value, ttl, base).await
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> Result<Version, StoreError> {
        self.step("put").await?;
        self.cache.put(key, value, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.step("delete").await?;
        self.cache.delete(key).await
    }

    async fn touch(&self, key: &str, ttl: Duration, base: &Version) -> Result<bool, StoreError> {
        self.step("touch").await?;
        self.cache.touch(key, ttl, base).await
    }

    async fn rename(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Moved, StoreError> {
        self.step("rename").await?;
        self.cache.rename(old, new, value, ttl, base).await
    }
}

pub(crate) type Cached = CachedStore<Stage<SqliteStore>, CacheStage>;

/// A database with a cache in front, and whoever else uses both.
pub(crate) struct Site {
    pub(crate) store: Arc<Cached>,
    /// Another process: nothing is shared but the database and the cache.
    pub(crate) other: Arc<Cached>,
    pub(crate) database: Stage<SqliteStore>,
    pub(crate) cache: CacheStage,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = testing::settings();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let database = SqliteStore::open(&settings).await.unwrap();
        database.create_table().await.unwrap();
        let (database, cache) = (Stage::new(database), CacheStage::new());
        Self {
            store: Arc::new(cached(database.clone(), cache.clone())),
            other: Arc::new(cached(database.clone(), cache.another_line())),
            database,
            cache,
            _folder: folder,
        }
    }

    /// One more, for whoever wants to have it.
    pub(crate) fn other_handle(&self) -> Cached {
        cached(self.database.clone(), self.cache.another_line())
    }

    /// A session that holds `value`, in the cache too.
    pub(crate) async fn session(&self, value: u32) -> SessionKey {
        let key = key();
        let created = self.store.create(&key, &record(value)).await.unwrap();
        assert!(matches!(created, Created::Created(_)));
        key
    }

    /// The same, in the database alone.
    pub(crate) async fn cold_session(&self, value: u32) -> SessionKey {
        let key = key();
        self.database.create(&key, &record(value)).await.unwrap();
        key
    }
}

fn cached(database: Stage<SqliteStore>, cache: CacheStage) -> Cached {
    let (entry, settings) = (CacheSettings::default(), testing::settings());
    CachedStore::new(database, cache, Format::Json, &entry, &settings)
}

pub(crate) fn key() -> SessionKey {
    SessionKey::generate(&OperatingSystem).unwrap()
}

pub(crate) fn record(value: u32) -> Record {
    let data = Data::from_json(format!(r#"{{"n":{value}}}"#).as_bytes()).unwrap();
    Record::new(data, SystemTime::now() + Duration::from_hours(1))
}

/// What a request finds.
pub(crate) async fn found(store: &Cached, key: &SessionKey) -> Option<u32> {
    let record = store.load(key).await.unwrap()?;
    record.data.get("n").unwrap()
}
