//! The cache engine: sessions as entries of a cache. Django's `django.contrib.sessions.backends.cache`.
//!
//! A [`Cache`] is bytes by key with a time to live, and may forget at any time; [`CacheStore`] makes a store of one. What stands in the
//! bytes is the [`Format`]'s business, which Django's `BACKEND` decides.

mod backend;
mod django_redis;
mod format;
#[cfg(feature = "memcached")]
mod memcached;
#[cfg(feature = "memory")]
mod memory;
mod open;
#[cfg(feature = "redis")]
pub mod redis;
mod shared;
mod store;

use std::{future::Future, time::Duration};

#[cfg(feature = "memcached")]
pub use self::memcached::MemcachedCache;
#[cfg(feature = "memory")]
pub use self::memory::MemoryCache;
pub(super) use self::open::{Away, entry, inspect, open};
pub use self::{django_redis::DjangoRedis, format::Format, shared::SharedCache, store::CacheStore};
use crate::{error::StoreError, record::Version};

/// What a cache holds under a key.
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The bytes.
    pub value: Vec<u8>,
    /// How long it still lives; `None` if it does not expire.
    pub ttl: Option<Duration>,
    /// Tells it from other entries under the same key.
    pub version: Version,
}

impl Entry {
    /// An entry from its parts.
    ///
    /// ```
    /// use tenure::{Version, engine::cache::Entry};
    ///
    /// let entry = Entry::new(*b"{}", None, Version::from_text("1"));
    /// assert_eq!(entry.value, b"{}");
    /// ```
    pub fn new(value: impl Into<Vec<u8>>, ttl: Option<Duration>, version: Version) -> Self {
        Self {
            value: value.into(),
            ttl,
            version,
        }
    }
}

// The value is the visitor's own.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("len", &self.value.len())
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// The answer of [`Cache::replace`].
#[derive(Debug)]
pub enum Replaced {
    /// It was replaced; the new entry has this version.
    Replaced(Version),
    /// There is another entry, left as it was.
    Other(Entry),
    /// There is no entry.
    Gone,
}

/// The answer of [`Cache::rename`].
#[derive(Debug)]
pub enum Moved {
    /// The new entry lives, in this version, and the old one is gone.
    Moved(Version),
    /// There is another entry under the old key, left as it was.
    Other(Entry),
    /// There is no entry under the old key.
    Gone,
    /// There is an entry under the new key already.
    Taken,
}

/// Bytes by key, with a time to live. What a cache server has to bring: [`CacheStore`] makes a session store of it.
///
/// Every method fails if the cache is unavailable; what it was asked to do may have happened then, or not.
pub trait Cache: Send + Sync + 'static {
    /// The entry under `key`.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Entry>, StoreError>> + Send;

    /// Adds an entry unless there is one; its version, or `None` if there is one.
    fn add(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> impl Future<Output = Result<Option<Version>, StoreError>> + Send;

    /// Replaces the entry that is still in version `base`, in one step.
    fn replace(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// Puts an entry whatever is there; its version, unknown if the cache cannot tell.
    fn put(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> impl Future<Output = Result<Version, StoreError>> + Send;

    /// Removes the entry; tells whether there was one.
    fn delete(&self, key: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Puts the same value under all of these keys, whatever is there. The default puts one after the other; a cache that many processes
    /// share should do it in one round trip, as it should delete.
    fn put_many(
        &self,
        keys: &[String],
        value: &[u8],
        ttl: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for key in keys {
                self.put(key, value, ttl).await?;
            }
            Ok(())
        }
    }

    /// Removes the entries under all of these keys. The default removes one after the other.
    fn delete_many(&self, keys: &[String]) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for key in keys {
                self.delete(key).await?;
            }
            Ok(())
        }
    }

    /// Prolongs the life of the entry that is still in version `base` to `ttl` from now, never shortening it; tells whether it was there.
    fn touch(
        &self,
        key: &str,
        ttl: Duration,
        base: &Version,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Whether [`rename`](Self::rename) is one step, so that nobody ever sees both entries. The default is yes.
    fn atomic_rename(&self) -> bool {
        true
    }

    /// Puts an entry under `new`, unless there is one, and removes the one under `old` if it is still in version `base`.
    ///
    /// Whatever happens in between, one of the two is there, whole; without [`atomic_rename`](Self::atomic_rename) perhaps both.
    fn rename(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> impl Future<Output = Result<Moved, StoreError>> + Send;

    /// Removes at most `limit` entries that have ended; tells how many. The default has nothing to do, for caches that forget by themselves.
    fn clear_expired(&self, limit: usize) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let _ = limit;
        async { Ok(0) }
    }
}
