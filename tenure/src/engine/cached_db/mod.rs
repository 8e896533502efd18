//! A cache in front of another store, in most cases a database. Django's `django.contrib.sessions.backends.cached_db`.
//!
//! The database is what is true; the cache only saves asking it.
//!
//! | call | database | cache |
//! |---|---|---|
//! | load, warm | | get |
//! | load, cold | load | get, add |
//! | create | create | add |
//! | save | save | replace what was read |
//! | new key | rename | tombstone under the old key first, add under the new one |
//! | touch | touch | touch |
//! | delete, delete many | delete | tombstones first |
//!
//! **Nothing stale is served once a change has returned.** What a reader puts into the cache only goes where nothing is, so that it loses
//! against whatever was written since it read; a deleted session leaves a tombstone there, which Django takes for a miss. A save replaces
//! only what its own request had read; if there is something else, nobody can say which is newer, and a tombstone sends everybody to the
//! database. A cache that could not be told is passed by, and told later (`told.rs`).

mod flight;
mod told;
mod value;
mod versions;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use self::{
    flight::Flights,
    told::ToldCache,
    value::Value,
    versions::{Both, from_store},
};
use super::cache::{Cache, Entry, Format, Replaced};
use crate::{
    error::StoreError,
    key::SessionKey,
    record::{Record, Version},
    settings::{CacheSettings, Settings},
    store::{Created, Index, Listed, Powers, Renamed, Saved, SessionStore},
    system::{OperatingSystem, System},
};

/// Django's `cache_key_prefix` (`django/contrib/sessions/backends/cached_db.py`, 5.2).
const PREFIX: &str = "django.contrib.sessions.cached_db";
/// So many sessions are deleted at a time.
const PORTION: usize = 1000;
/// What the cache may take of the time that a call to the store has. The rest is for the database.
const SHARE: u32 = 4;
/// How long a call to the cache may take.
pub(super) fn cache_timeout(settings: &Settings) -> Duration {
    settings.store_timeout / SHARE
}

/// How long a tombstone stands at least: longer than anybody who has read the row before can take to put it into the cache.
const GRAVE: Duration = Duration::from_mins(1);

/// A cache in front of the store `S`. Django's engine `django.contrib.sessions.backends.cached_db`.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let mut settings = tenure::testing::settings();
/// # settings.set_database_url(format!("sqlite://{}?mode=rwc", folder.path().join("site.sqlite3").display()));
/// use tenure::{Sessions, engine::{cache::{Format, MemoryCache}, cached_db::CachedStore, db::SqliteStore}};
///
/// let database = SqliteStore::open(&settings).await?;
/// database.create_table().await?;
/// let store = CachedStore::new(database, MemoryCache::default(), Format::Json, &Default::default(), &settings);
///
/// let session = Sessions::new(store, &settings)?.new_session().load().await?;
/// session.insert("cart", [1, 2])?;
/// session.save().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CachedStore<S, C> {
    store: S,
    cache: Arc<ToldCache<C>>,
    prefix: String,
    format: Format,
    max_size: usize,
    flights: Flights,
    system: Arc<dyn System>,
}

impl<S: SessionStore, C: Cache> CachedStore<S, C> {
    /// `cache` in front of `store`, under keys as Django makes them of `KEY_PREFIX` and `VERSION` in `entry`.
    ///
    /// A call to the cache gets a quarter of `store_timeout`, since the database has to be asked after it. Open the cache with settings
    /// whose `store_timeout` is no longer than that: then its error names the server, and a connection that has gone silent is made anew.
    pub fn new(
        store: S,
        cache: C,
        format: Format,
        entry: &CacheSettings,
        settings: &Settings,
    ) -> Self {
        let grave = GRAVE.max(settings.store_timeout * 4);
        let cache = ToldCache::new(cache, cache_timeout(settings), format.nothing(), grave);
        Self {
            store,
            cache: Arc::new(cache),
            prefix: entry.full_key(PREFIX),
            format,
            max_size: settings.max_size,
            flights: Flights::default(),
            system: Arc::new(OperatingSystem),
        }
    }

    /// The same store, by this clock. For tests.
    #[must_use]
    pub fn with_system(mut self, system: Arc<dyn System>) -> Self {
        self.system = system;
        self
    }

    fn cache_key(&self, key: &SessionKey) -> String {
        [&*self.prefix, key.as_str()].concat()
    }

    fn ttl(&self, expires_at: SystemTime) -> Option<Duration> {
        let left = expires_at.duration_since(self.system.now()).ok()?;
        // What is about to end is not worth a place.
        (left >= Duration::from_secs(1)).then_some(left)
    }

    /// What stands in the cache for `record`, whose row is in version `store`.
    fn value(&self, record: &Record, store: &Version) -> Vec<u8> {
        let value = self.format.encode(&record.data);
        if self.format.may_be_followed() {
            value::with_version(value, store)
        } else {
            value
        }
    }

    fn parse<'a>(&self, entry: &'a Entry) -> Value<'a> {
        Value::parse(&entry.value, self.format.nothing())
    }

    /// The session that an entry holds. `None` if that cannot be said without the database.
    fn cached(&self, entry: &Entry) -> Option<Record> {
        let (bytes, version) = match self.parse(entry) {
            Value::Session { bytes, version } => (bytes, version),
            // Django's own, unless we write no others.
            Value::Unversioned if !self.format.may_be_followed() => {
                (&*entry.value, Version::default())
            }
            Value::Unversioned | Value::Tombstone => return None,
        };
        let data = self.format.decode(bytes, self.max_size).ok()?;
        let ends = self.system.now() + entry.ttl?;
        let version = Both {
            store: version,
            cache: entry.version.clone(),
        };
        Some(Record::new(data, ends).with_version(version.join()))
    }

    /// Loads from the database, and puts what is there into the cache; `present` is the entry that is there and does not count.
    async fn load_cold(
        &self,
        key: &SessionKey,
        cache_key: &str,
        present: Option<Entry>,
        asked: bool,
    ) -> Result<Option<Record>, StoreError> {
        let buried = present
            .as_ref()
            .is_some_and(|entry| matches!(self.parse(entry), Value::Tombstone));
        let Some(record) = self.store.load(key).await? else {
            if present.is_some() && !buried {
                // Django wrote it, and would serve it on after a logout here, which finds nothing to end.
                self.cache.invalidate(cache_key).await;
            }
            return Ok(None);
        };
        let ttl = self.ttl(record.expires_at);
        let version = match ttl {
            Some(ttl) if asked && !buried && record.damage.is_none() => {
                let value = self.value(&record, &record.version);
                match present {
                    None => {
                        self.cache
                            .ask(|cache| cache.add(cache_key, &value, ttl))
                            .await
                    }
                    Some(entry) => {
                        let replaced = self
                            .cache
                            .ask(|cache| cache.replace(cache_key, &value, ttl, &entry.version));
                        match replaced.await {
                            Some(Replaced::Replaced(version)) => Some(Some(version)),
                            _ => None,
                        }
                    }
                }
            }
            _ => None,
        };
        let store = record.version.clone();
        let cache = version.flatten().unwrap_or_default();
        Ok(Some(record.with_version(Both { store, cache }.join())))
    }
}

impl<S: SessionStore, C: Cache> SessionStore for CachedStore<S, C> {
    fn engine(&self) -> &'static str {
        "cached_db"
    }

    fn powers(&self) -> Powers {
        Powers {
            // Rows stay until they are cleared, but what is in the cache ends by the cache's own clock.
            clear_expired: false,
            ..self.store.powers()
        }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.store.prepare().await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let cache_key = self.cache_key(key);
        // Under a tombstone there is nothing to wait for twice.
        let mut tries = 0..2;
        loop {
            let landed = self.flights.landed();
            if !self.cache.usable(&cache_key) {
                return self.load_cold(key, &cache_key, None, false).await;
            }
            let Some(entry) = self.cache.ask(|cache| cache.get(&cache_key)).await else {
                return self.load_cold(key, &cache_key, None, false).await;
            };
            if let Some(record) = entry.as_ref().and_then(|entry| self.cached(entry)) {
                return Ok(Some(record));
            }
            let leader = match tries.next() {
                Some(_) => self.flights.board(&cache_key, landed).await,
                None => return self.load_cold(key, &cache_key, entry, true).await,
            };
            if let Some(_leader) = leader {
                return self.load_cold(key, &cache_key, entry, true).await;
            }
        }
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let created = self.store.create(key, record).await?;
        let Created::Created(store) = created else {
            return Ok(created);
        };
        let cache = self.add(key, record, &store).await;
        Ok(Created::Created(Both { store, cache }.join()))
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let base = Both::split(base);
        let cache_key = self.cache_key(key);
        let change = self.cache.begin(&cache_key);
        let store = match self.store.save(key, record, &base.store).await? {
            Saved::Saved(store) => store,
            other => {
                change.told();
                // What was read from the cache was not what is there.
                self.cache.invalidate(&cache_key).await;
                return Ok(match other {
                    Saved::Conflict(current) => Saved::Conflict(from_store(current)),
                    other => other,
                });
            }
        };
        let mut cache = Version::default();
        if self.cache.usable(&cache_key)
            && !base.cache.is_unknown()
            && let Some(ttl) = self.ttl(record.expires_at)
        {
            let value = self.value(record, &store);
            let replaced = self
                .cache
                .ask(|cache| cache.replace(&cache_key, &value, ttl, &base.cache));
            if let Some(Replaced::Replaced(version)) = replaced.await {
                cache = version;
            }
        }
        change.told();
        if cache.is_unknown() {
            self.cache.invalidate(&cache_key).await;
        }
        Ok(Saved::Saved(Both { store, cache }.join()))
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        // First, so that a program that dies in between leaves a session, and not one that is gone from the database alone.
        self.cache.invalidate(&self.cache_key(key)).await;
        self.store.delete(key).await
    }

    async fn delete_many(&self, keys: &[SessionKey]) -> Result<(), StoreError> {
        for some in keys.chunks(PORTION) {
            let in_cache: Vec<_> = some.iter().map(|key| self.cache_key(key)).collect();
            self.cache.invalidate_many(&in_cache).await;
            self.store.delete_many(some).await?;
        }
        Ok(())
    }

    fn index(&self) -> Option<Index> {
        self.store.index()
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        self.cache.invalidate(&self.cache_key(old)).await;
        let base = Both::split(base);
        let store = match self.store.rename(old, new, record, &base.store).await? {
            Renamed::Renamed(store) => store,
            Renamed::Conflict(current) => return Ok(Renamed::Conflict(from_store(current))),
            other => return Ok(other),
        };
        let cache = self.add(new, record, &store).await;
        Ok(Renamed::Renamed(Both { store, cache }.join()))
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        let base = Both::split(base);
        let cache_key = self.cache_key(key);
        let change = self.cache.begin(&cache_key);
        let base_in_store = if base.store.is_unknown() {
            let current = self.store.load(key).await?;
            current.map(|current| current.version).unwrap_or_default()
        } else {
            base.store
        };
        let moved = self.store.touch(key, expires_at, &base_in_store).await?;
        change.told();
        let touched = match self.ttl(expires_at) {
            Some(ttl) if moved && self.cache.usable(&cache_key) && !base.cache.is_unknown() => {
                let touched = self
                    .cache
                    .ask(|cache| cache.touch(&cache_key, ttl, &base.cache));
                touched.await.unwrap_or_default()
            }
            _ => false,
        };
        if !touched {
            self.cache.invalidate(&cache_key).await;
        }
        Ok(moved)
    }

    async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Result<bool, StoreError> {
        let deleted = self.store.delete_expired(key, now).await?;
        if deleted {
            self.cache.invalidate(&self.cache_key(key)).await;
        }
        Ok(deleted)
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.store.clear_expired(now, limit).await
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.store.scan(after, limit).await
    }
}

impl<S: SessionStore, C: Cache> CachedStore<S, C> {
    /// Puts a session under a key that nobody knows yet into the cache; the entry's version, unknown if that failed.
    async fn add(&self, key: &SessionKey, record: &Record, store: &Version) -> Version {
        let cache_key = self.cache_key(key);
        let Some(ttl) = self.ttl(record.expires_at) else {
            return Version::default();
        };
        if !self.cache.usable(&cache_key) {
            return Version::default();
        }
        let value = self.value(record, store);
        let added = self.cache.ask(|cache| cache.add(&cache_key, &value, ttl));
        added.await.flatten().unwrap_or_default()
    }
}
