//! A cache as a session store.

use std::{
    error::Error as _,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{Cache, Entry, Format, Moved, Replaced};
use crate::{
    data::Data,
    error::{CodecError, StoreError},
    key::SessionKey,
    record::{Damage, Record, Version},
    settings::{CacheSettings, Settings},
    store::{Created, Powers, Renamed, Saved, SessionStore},
    system::{OperatingSystem, System},
};

/// The least time to live that every cache can do: below, an entry might have none.
const SHORTEST: Duration = Duration::from_secs(1);
/// So many entries are removed at a time.
const PORTION: usize = 1000;
/// Django's `cache_key_prefix` (`django/contrib/sessions/backends/cache.py`, 5.2).
const PREFIX: &str = "django.contrib.sessions.cache";

/// Sessions in a cache. Django's engine `django.contrib.sessions.backends.cache`.
#[derive(Debug)]
pub struct CacheStore<C> {
    cache: Arc<C>,
    /// What stands before every key.
    prefix: String,
    format: Format,
    /// Of a stored value, inflated.
    max_size: usize,
    /// How long an entry counts that the cache would keep for ever.
    cookie_age: Duration,
    system: Arc<dyn System>,
}

impl<C> Clone for CacheStore<C> {
    fn clone(&self) -> Self {
        Self {
            cache: Arc::clone(&self.cache),
            prefix: self.prefix.clone(),
            format: self.format,
            max_size: self.max_size,
            cookie_age: self.cookie_age,
            system: Arc::clone(&self.system),
        }
    }
}

impl<C: Cache> CacheStore<C> {
    /// Sessions in this cache, under keys as Django makes them of `KEY_PREFIX` and `VERSION` in `entry`.
    pub fn new(cache: Arc<C>, format: Format, entry: &CacheSettings, settings: &Settings) -> Self {
        Self {
            cache,
            prefix: entry.full_key(PREFIX),
            format,
            max_size: settings.max_size,
            cookie_age: settings.cookie_age,
            system: Arc::new(OperatingSystem),
        }
    }

    /// Sessions in a cache that no settings name: a program's own. As JSON, under keys as Django makes them by default.
    ///
    /// `examples/own_cache.rs` has such a cache.
    pub fn on(cache: Arc<C>, settings: &Settings) -> Self {
        Self::new(cache, Format::Json, &CacheSettings::default(), settings)
    }

    /// The same store, by this clock. For tests.
    #[must_use]
    pub fn with_system(mut self, system: Arc<dyn System>) -> Self {
        self.system = system;
        self
    }

    fn key(&self, key: &SessionKey) -> String {
        let mut text = String::with_capacity(self.prefix.len() + key.as_str().len());
        text.push_str(&self.prefix);
        text.push_str(key.as_str());
        text
    }

    fn record(&self, entry: Entry) -> Result<Record, StoreError> {
        let decoded = match self.format.decode(&entry.value, self.max_size) {
            // Counting these as empty, as other damage is, would let the next save overwrite a session that Django can still read.
            Err(CodecError::TooLarge { limit }) => return Err(StoreError::TooLarge { limit }),
            Err(CodecError::PythonValue { class, key }) => {
                return Err(StoreError::PythonValue { class, key });
            }
            decoded => decoded,
        };
        if let Err(error) = &decoded {
            let why = error
                .source()
                .map_or(error.to_string(), ToString::to_string);
            tracing::warn!("what stands in the cache is no session that can be read: {why}");
        }
        let damage = decoded.as_ref().err().map(Damage::from);
        let ends = self.system.now() + entry.ttl.unwrap_or(self.cookie_age);
        let mut record = Record::new(decoded.unwrap_or_default(), ends);
        record.damage = damage;
        Ok(record.with_version(entry.version))
    }

    /// The time to live; `None` if the record has ended already.
    fn ttl(&self, expires_at: SystemTime) -> Option<Duration> {
        let left = expires_at.duration_since(self.system.now());
        left.ok().filter(|left| !left.is_zero())
    }

    fn encode(&self, data: &Data) -> Vec<u8> {
        self.format.encode(data)
    }

    /// Removes what ended by being written: caches have no entries without a life.
    async fn end(&self, key: &str, ttl: Option<Duration>) -> Result<(), StoreError> {
        if ttl.is_none() {
            self.cache.delete(key).await?;
        }
        Ok(())
    }
}

impl<C: Cache> SessionStore for CacheStore<C> {
    fn engine(&self) -> &'static str {
        "cache"
    }

    fn powers(&self) -> Powers {
        Powers {
            compare_and_swap: true,
            atomic_rename: self.cache.atomic_rename(),
            touch: true,
            scan: false,
            clear_expired: false,
            in_key: false,
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let entry = self.cache.get(&self.key(key)).await?;
        entry.map(|entry| self.record(entry)).transpose()
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let (key, ttl) = (self.key(key), self.ttl(record.expires_at));
        let value = self.encode(&record.data);
        let added = self
            .cache
            .add(&key, &value, ttl.unwrap_or(SHORTEST))
            .await?;
        let Some(version) = added else {
            return Ok(Created::Taken);
        };
        self.end(&key, ttl).await?;
        Ok(Created::Created(version))
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let (key, ttl) = (self.key(key), self.ttl(record.expires_at));
        let value = self.encode(&record.data);
        let replaced = self
            .cache
            .replace(&key, &value, ttl.unwrap_or(SHORTEST), base)
            .await?;
        Ok(match replaced {
            Replaced::Replaced(version) => {
                self.end(&key, ttl).await?;
                Saved::Saved(version)
            }
            Replaced::Other(entry) => Saved::Conflict(self.record(entry)?),
            Replaced::Gone => Saved::Gone,
        })
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.cache.delete(&self.key(key)).await
    }

    async fn delete_many(&self, keys: &[SessionKey]) -> Result<(), StoreError> {
        for some in keys.chunks(PORTION) {
            let keys: Vec<_> = some.iter().map(|key| self.key(key)).collect();
            self.cache.delete_many(&keys).await?;
        }
        Ok(())
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        let (old, new, ttl) = (self.key(old), self.key(new), self.ttl(record.expires_at));
        let value = self.encode(&record.data);
        let moved = self
            .cache
            .rename(&old, &new, &value, ttl.unwrap_or(SHORTEST), base)
            .await?;
        Ok(match moved {
            Moved::Moved(version) => {
                self.end(&new, ttl).await?;
                Renamed::Renamed(version)
            }
            Moved::Other(entry) => Renamed::Conflict(self.record(entry)?),
            Moved::Gone => Renamed::Gone,
            Moved::Taken => Renamed::Taken,
        })
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        match self.ttl(expires_at) {
            Some(ttl) => self.cache.touch(&self.key(key), ttl, base).await,
            None => Ok(false),
        }
    }

    async fn clear_expired(&self, _now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.cache.clear_expired(limit).await
    }
}
