//! Any cache, its type forgotten.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use super::{Cache, Entry, Moved, Replaced};
use crate::{error::StoreError, record::Version};

type CacheFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`Cache`] without its type.
trait ErasedCache: Send + Sync {
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Entry>>;
    fn add<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        ttl: Duration,
    ) -> CacheFuture<'a, Option<Version>>;
    fn replace<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        ttl: Duration,
        base: &'a Version,
    ) -> CacheFuture<'a, Replaced>;
    fn put<'a>(&'a self, key: &'a str, value: &'a [u8], ttl: Duration) -> CacheFuture<'a, Version>;
    fn put_many<'a>(
        &'a self,
        keys: &'a [String],
        value: &'a [u8],
        ttl: Duration,
    ) -> CacheFuture<'a, ()>;
    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool>;
    fn delete_many<'a>(&'a self, keys: &'a [String]) -> CacheFuture<'a, ()>;
    fn touch<'a>(&'a self, key: &'a str, ttl: Duration, base: &'a Version)
    -> CacheFuture<'a, bool>;
    fn atomic_rename(&self) -> bool;
    fn rename<'a>(
        &'a self,
        old: &'a str,
        new: &'a str,
        value: &'a [u8],
        ttl: Duration,
        base: &'a Version,
    ) -> CacheFuture<'a, Moved>;
    fn clear_expired(&self, limit: usize) -> CacheFuture<'_, u64>;
}

impl<C: Cache> ErasedCache for C {
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Entry>> {
        Box::pin(Cache::get(self, key))
    }
    fn add<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        ttl: Duration,
    ) -> CacheFuture<'a, Option<Version>> {
        Box::pin(Cache::add(self, key, value, ttl))
    }
    fn replace<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        ttl: Duration,
        base: &'a Version,
    ) -> CacheFuture<'a, Replaced> {
        Box::pin(Cache::replace(self, key, value, ttl, base))
    }
    fn put<'a>(&'a self, key: &'a str, value: &'a [u8], ttl: Duration) -> CacheFuture<'a, Version> {
        Box::pin(Cache::put(self, key, value, ttl))
    }
    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        Box::pin(Cache::delete(self, key))
    }
    fn put_many<'a>(
        &'a self,
        keys: &'a [String],
        value: &'a [u8],
        ttl: Duration,
    ) -> CacheFuture<'a, ()> {
        Box::pin(Cache::put_many(self, keys, value, ttl))
    }
    fn delete_many<'a>(&'a self, keys: &'a [String]) -> CacheFuture<'a, ()> {
        Box::pin(Cache::delete_many(self, keys))
    }
    fn touch<'a>(
        &'a self,
        key: &'a str,
        ttl: Duration,
        base: &'a Version,
    ) -> CacheFuture<'a, bool> {
        Box::pin(Cache::touch(self, key, ttl, base))
    }
    fn atomic_rename(&self) -> bool {
        Cache::atomic_rename(self)
    }
    fn rename<'a>(
        &'a self,
        old: &'a str,
        new: &'a str,
        value: &'a [u8],
        ttl: Duration,
        base: &'a Version,
    ) -> CacheFuture<'a, Moved> {
        Box::pin(Cache::rename(self, old, new, value, ttl, base))
    }
    fn clear_expired(&self, limit: usize) -> CacheFuture<'_, u64> {
        Box::pin(Cache::clear_expired(self, limit))
    }
}

/// Any cache, its type forgotten: what the settings open.
///
/// ```
/// use tenure::engine::cache::{Cache, SharedCache};
///
/// fn share(cache: impl Cache) -> SharedCache {
///     SharedCache::new(cache)
/// }
/// ```
#[derive(Clone)]
pub struct SharedCache(Arc<dyn ErasedCache>);

impl SharedCache {
    /// Shares `cache`.
    pub fn new(cache: impl Cache) -> Self {
        Self(Arc::new(cache))
    }
}

impl std::fmt::Debug for SharedCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedCache").finish_non_exhaustive()
    }
}

impl Cache for SharedCache {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        self.0.get(key).await
    }

    async fn add(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Option<Version>, StoreError> {
        self.0.add(key, value, ttl).await
    }

    async fn replace(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Replaced, StoreError> {
        self.0.replace(key, value, ttl, base).await
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> Result<Version, StoreError> {
        self.0.put(key, value, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.0.delete(key).await
    }

    async fn put_many(
        &self,
        keys: &[String],
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.0.put_many(keys, value, ttl).await
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.0.delete_many(keys).await
    }

    async fn touch(&self, key: &str, ttl: Duration, base: &Version) -> Result<bool, StoreError> {
        self.0.touch(key, ttl, base).await
    }

    fn atomic_rename(&self) -> bool {
        self.0.atomic_rename()
    }

    async fn rename(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Moved, StoreError> {
        self.0.rename(old, new, value, ttl, base).await
    }

    async fn clear_expired(&self, limit: usize) -> Result<u64, StoreError> {
        self.0.clear_expired(limit).await
    }
}
