//! Any store, shared: its type forgotten, a deadline on every call, and keys hashed where the settings say so.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{Created, Index, Listed, Powers, Renamed, Saved, SessionStore};
use crate::{
    deadline::{Deadline, Elapsed},
    error::StoreError,
    key::SessionKey,
    record::{Record, Version},
};

type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`SessionStore`] without its type, so that the session handle is the same for every engine.
trait ErasedStore: Send + Sync {
    fn engine(&self) -> &'static str;
    fn powers(&self) -> Powers;
    fn prepare(&self) -> StoreFuture<'_, ()>;
    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, Option<Record>>;
    fn create<'a>(&'a self, key: &'a SessionKey, record: &'a Record) -> StoreFuture<'a, Created>;
    fn save<'a>(
        &'a self,
        key: &'a SessionKey,
        record: &'a Record,
        base: &'a Version,
    ) -> StoreFuture<'a, Saved>;
    fn delete<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, bool>;
    fn delete_many<'a>(&'a self, keys: &'a [SessionKey]) -> StoreFuture<'a, ()>;
    fn index(&self) -> Option<Index>;
    fn rename<'a>(
        &'a self,
        old: &'a SessionKey,
        new: &'a SessionKey,
        record: &'a Record,
        base: &'a Version,
    ) -> StoreFuture<'a, Renamed>;
    fn touch<'a>(
        &'a self,
        key: &'a SessionKey,
        expires_at: SystemTime,
        base: &'a Version,
    ) -> StoreFuture<'a, bool>;
    fn delete_expired<'a>(&'a self, key: &'a SessionKey, now: SystemTime) -> StoreFuture<'a, bool>;
    fn clear_expired(&self, now: SystemTime, limit: usize) -> StoreFuture<'_, u64>;
    fn scan<'a>(&'a self, after: Option<&'a str>, limit: usize) -> StoreFuture<'a, Vec<Listed>>;
}

impl<S: SessionStore> ErasedStore for S {
    fn engine(&self) -> &'static str {
        SessionStore::engine(self)
    }
    fn powers(&self) -> Powers {
        SessionStore::powers(self)
    }
    fn prepare(&self) -> StoreFuture<'_, ()> {
        Box::pin(SessionStore::prepare(self))
    }
    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, Option<Record>> {
        Box::pin(SessionStore::load(self, key))
    }
    fn create<'a>(&'a self, key: &'a SessionKey, record: &'a Record) -> StoreFuture<'a, Created> {
        Box::pin(SessionStore::create(self, key, record))
    }
    fn save<'a>(
        &'a self,
        key: &'a SessionKey,
        record: &'a Record,
        base: &'a Version,
    ) -> StoreFuture<'a, Saved> {
        Box::pin(SessionStore::save(self, key, record, base))
    }
    fn delete<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, bool> {
        Box::pin(SessionStore::delete(self, key))
    }
    fn delete_many<'a>(&'a self, keys: &'a [SessionKey]) -> StoreFuture<'a, ()> {
        Box::pin(SessionStore::delete_many(self, keys))
    }
    fn index(&self) -> Option<Index> {
        SessionStore::index(self)
    }
    fn rename<'a>(
        &'a self,
        old: &'a SessionKey,
        new: &'a SessionKey,
        record: &'a Record,
        base: &'a Version,
    ) -> StoreFuture<'a, Renamed> {
        Box::pin(SessionStore::rename(self, old, new, record, base))
    }
    fn touch<'a>(
        &'a self,
        key: &'a SessionKey,
        expires_at: SystemTime,
        base: &'a Version,
    ) -> StoreFuture<'a, bool> {
        Box::pin(SessionStore::touch(self, key, expires_at, base))
    }
    fn delete_expired<'a>(&'a self, key: &'a SessionKey, now: SystemTime) -> StoreFuture<'a, bool> {
        Box::pin(SessionStore::delete_expired(self, key, now))
    }
    fn clear_expired(&self, now: SystemTime, limit: usize) -> StoreFuture<'_, u64> {
        Box::pin(SessionStore::clear_expired(self, now, limit))
    }
    fn scan<'a>(&'a self, after: Option<&'a str>, limit: usize) -> StoreFuture<'a, Vec<Listed>> {
        Box::pin(SessionStore::scan(self, after, limit))
    }
}

/// Any store, shared and with a deadline on every call.
///
/// ```
/// # async fn example(store: impl tenure::store::SessionStore, key: tenure::SessionKey) -> Result<(), tenure::StoreError> {
/// use std::time::Duration;
/// use tenure::store::Store;
///
/// let store = Store::new(store, Duration::from_secs(5));
/// let there = store.load(&key).await?.is_some();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<dyn ErasedStore>,
    deadline: Deadline,
    hash_keys: bool,
}

impl Store {
    /// Shares `store`; a call that takes longer than `deadline` is given up with [`StoreError::Deadline`].
    pub fn new(store: impl SessionStore, deadline: Duration) -> Self {
        Self {
            inner: Arc::new(store),
            deadline: Deadline::new(deadline),
            hash_keys: false,
        }
    }

    /// The same store. If `hash_keys`, as `TENURE_HASH_KEYS` says, it is given the hash of each key in its place, unless the key is the
    /// session ([`Powers::in_key`]).
    pub(crate) fn hashing(mut self, hash_keys: bool) -> Self {
        self.hash_keys = hash_keys && !self.powers().in_key;
        self
    }

    /// How long one call may take.
    pub fn deadline(&self) -> Duration {
        self.deadline.length()
    }

    /// See [`SessionStore::engine`].
    pub fn engine(&self) -> &'static str {
        self.inner.engine()
    }

    /// See [`SessionStore::powers`].
    pub fn powers(&self) -> Powers {
        self.inner.powers()
    }

    /// See [`SessionStore::index`].
    pub fn index(&self) -> Option<Index> {
        self.inner.index()
    }

    pub(crate) fn hashes_keys(&self) -> bool {
        self.hash_keys
    }

    /// What the store keeps the session under: its key, or the key's hash where `TENURE_HASH_KEYS` is on.
    pub(crate) fn name(&self, key: &SessionKey) -> SessionKey {
        self.named(key).into_owned()
    }

    fn named<'k>(&self, key: &'k SessionKey) -> Cow<'k, SessionKey> {
        if self.hash_keys {
            Cow::Owned(key.hashed())
        } else {
            Cow::Borrowed(key)
        }
    }

    /// The same store, whose keys are the names that [`scan`](Self::scan) lists. They differ from the sessions' keys where `TENURE_HASH_KEYS`
    /// is on: a name opens no session then.
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions) -> Result<(), tenure::StoreError> {
    /// use tenure::SessionKey;
    ///
    /// let store = sessions.store().by_name();
    /// for session in store.scan(None, 100).await? {
    ///     if let Some(name) = SessionKey::parse(&session.name) {
    ///         store.delete(&name).await?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn by_name(&self) -> Self {
        Self {
            hash_keys: false,
            ..self.clone()
        }
    }

    /// See [`SessionStore::prepare`].
    ///
    /// # Errors
    ///
    /// As there. It has no deadline: a table is made once, by somebody who waits for it.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        self.inner.prepare().await
    }

    /// See [`SessionStore::load`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline. The same holds for every method below.
    pub async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.within(self.inner.load(&self.named(key))).await
    }

    /// See [`SessionStore::create`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.within(self.inner.create(&self.named(key), record))
            .await
    }

    /// See [`SessionStore::save`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.within(self.inner.save(&self.named(key), record, base))
            .await
    }

    /// See [`SessionStore::delete`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.within(self.inner.delete(&self.named(key))).await
    }

    /// See [`SessionStore::delete_many`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn delete_many(&self, keys: &[SessionKey]) -> Result<(), StoreError> {
        if !self.hash_keys {
            return self.within(self.inner.delete_many(keys)).await;
        }
        let names: Vec<SessionKey> = keys.iter().map(SessionKey::hashed).collect();
        self.within(self.inner.delete_many(&names)).await
    }

    /// See [`SessionStore::rename`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        self.within(
            self.inner
                .rename(&self.named(old), &self.named(new), record, base),
        )
        .await
    }

    /// See [`SessionStore::touch`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        self.within(self.inner.touch(&self.named(key), expires_at, base))
            .await
    }

    /// See [`SessionStore::delete_expired`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn delete_expired(
        &self,
        key: &SessionKey,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        self.within(self.inner.delete_expired(&self.named(key), now))
            .await
    }

    /// See [`SessionStore::clear_expired`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.within(self.inner.clear_expired(now, limit)).await
    }

    /// See [`SessionStore::scan`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.within(self.inner.scan(after, limit)).await
    }

    /// Waits for `call`, but not for ever. A call that answers at once, as SQLite's reads do, never meets the timer.
    async fn within<T>(&self, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        let answer = self.deadline.of(call).await;
        answer.unwrap_or_else(|Elapsed| {
            Err(StoreError::Deadline {
                after: self.deadline(),
            })
        })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("engine", &self.engine())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
