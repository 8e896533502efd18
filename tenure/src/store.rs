//! The contract between a session and the place where it is kept.
//!
//! Four methods make a store: [`load`](SessionStore::load), [`create`](SessionStore::create), [`save`](SessionStore::save) and
//! [`delete`](SessionStore::delete). The others have defaults in terms of these, which a store replaces where it can do better in one
//! step.
//!
//! What every store promises:
//!
//! * **Found, absent and unavailable are three answers**: `Ok(Some(record))`, `Ok(None)`, `Err(error)`.
//! * **The dead stay dead**: `save`, `rename` and `touch` only ever change a session that is there. Only `create` makes one.
//! * **Nothing is overwritten unseen**: `create` never replaces a session, and `save` compares with the version that was loaded.
//!
//! Expiry is judged by the session, not by the store: `load` gives an expired record as it is.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    error::StoreError,
    key::SessionKey,
    record::{Record, Version},
};

/// A place where sessions are kept. See the [module docs](self) for the rules.
///
/// # Example
///
/// A store in the process's memory, with the four methods that every store needs:
///
/// ```
/// use std::{collections::HashMap, sync::Mutex};
/// use tenure::{
///     Record, SessionKey, StoreError, Version,
///     store::{Created, Saved, SessionStore},
/// };
///
/// #[derive(Default)]
/// struct MapStore(Mutex<HashMap<String, Record>>);
///
/// impl SessionStore for MapStore {
///     fn engine(&self) -> &'static str {
///         "map"
///     }
///
///     async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
///         Ok(self.0.lock().unwrap().get(key.as_str()).cloned())
///     }
///
///     async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
///         let mut map = self.0.lock().unwrap();
///         if map.contains_key(key.as_str()) {
///             return Ok(Created::Taken);
///         }
///         map.insert(key.as_str().to_owned(), record.clone());
///         Ok(Created::Created(Version::default()))
///     }
///
///     async fn save(&self, key: &SessionKey, record: &Record, _: &Version) -> Result<Saved, StoreError> {
///         match self.0.lock().unwrap().get_mut(key.as_str()) {
///             Some(place) => {
///                 *place = record.clone();
///                 Ok(Saved::Saved(Version::default()))
///             }
///             None => Ok(Saved::Gone),
///         }
///     }
///
///     async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
///         Ok(self.0.lock().unwrap().remove(key.as_str()).is_some())
///     }
/// }
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// The engine's short name, as in `SESSION_ENGINE`: `db`.
    fn engine(&self) -> &'static str;

    /// The session under `key`, also if it has expired; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the store cannot tell.
    fn load(
        &self,
        key: &SessionKey,
    ) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// Keeps a new session under `key`, unless there is one already.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; nothing is kept then.
    fn create(
        &self,
        key: &SessionKey,
        record: &Record,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Replaces the session under `key`, if it is still there and still in version `base`.
    ///
    /// A store that cannot compare versions gives records with an unknown [`Version`] and replaces whatever is there.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; the old session stands then.
    fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> impl Future<Output = Result<Saved, StoreError>> + Send;

    /// Removes the session under `key`; tells whether there was one.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; the session may still be there then.
    fn delete(&self, key: &SessionKey) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// As [`save`](Self::save), moving the session from the key `old` to `new` at the same time.
    ///
    /// The default compares, keeps the session under `new`, then deletes `old`, and takes the new one back if `old` was gone: a logout in
    /// between stands. A write by somebody else between these steps is lost; a store that can do it in one step should.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> impl Future<Output = Result<Renamed, StoreError>> + Send {
        async move {
            match self.load(old).await? {
                None => return Ok(Renamed::Gone),
                Some(current) if current.version != *base => return Ok(Renamed::Conflict(current)),
                Some(_) => {}
            }
            let version = match self.create(new, record).await? {
                Created::Taken => return Ok(Renamed::Taken),
                Created::Created(version) => version,
            };
            if self.delete(old).await? {
                return Ok(Renamed::Renamed(version));
            }
            self.delete(new).await?;
            Ok(Renamed::Gone)
        }
    }

    /// Moves the end of the session under `key` to `expires_at`, never backwards and without touching its data, if it is still there and
    /// still in version `base`; tells whether it was.
    ///
    /// Whoever has saved the session since has set its end too, and may have meant it to end sooner.
    ///
    /// The default loads and saves. Without versions to compare it does nothing, as it could overwrite what somebody else has saved: such
    /// a store needs a `touch` of its own for sessions to be prolonged without a change.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async move {
            let Some(mut record) = self.load(key).await? else {
                return Ok(false);
            };
            if base.is_unknown() || record.version != *base {
                return Ok(false);
            }
            if record.expires_at >= expires_at {
                return Ok(true);
            }
            record.expires_at = expires_at;
            Ok(matches!(
                self.save(key, &record, base).await?,
                Saved::Saved(_)
            ))
        }
    }

    /// Removes the session under `key` if it has ended by `now`.
    ///
    /// The default looks first and then deletes; a store that can do it in one step should, so that a session that is prolonged in between
    /// stays.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    fn delete_expired(
        &self,
        key: &SessionKey,
        now: SystemTime,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async move {
            match self.load(key).await? {
                Some(record) if record.expires_at <= now => self.delete(key).await,
                _ => Ok(false),
            }
        }
    }

    /// Removes at most `limit` sessions that ended before `now`; tells how many. Fewer than `limit` means that none are left.
    ///
    /// The default has nothing to do, for stores that forget by themselves.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; what was removed stays removed.
    fn clear_expired(
        &self,
        now: SystemTime,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let _ = (now, limit);
        async { Ok(0) }
    }

    /// The next `limit` sessions whose names come after `after`, in order of their names.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] from a store that cannot list, which is the default.
    fn scan(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send {
        let _ = (after, limit);
        async {
            Err(StoreError::Unsupported {
                engine: self.engine(),
                operation: "list its sessions",
            })
        }
    }
}

/// The answer of [`SessionStore::create`].
#[derive(Debug)]
pub enum Created {
    /// The session is kept, in this version.
    Created(Version),
    /// There is a session under this key already; it was left alone.
    Taken,
}

/// The answer of [`SessionStore::save`].
#[derive(Debug)]
pub enum Saved {
    /// The session is kept, in this version.
    Saved(Version),
    /// Somebody else has written since; this is what is there now.
    Conflict(Record),
    /// There is no session under this key any more.
    Gone,
}

/// The answer of [`SessionStore::rename`].
#[derive(Debug)]
pub enum Renamed {
    /// The session is kept under the new key, in this version, and the old key is dead.
    Renamed(Version),
    /// Somebody else has written since; this is what is there now, under the old key.
    Conflict(Record),
    /// There is no session under the old key any more.
    Gone,
    /// There is a session under the new key already.
    Taken,
}

/// One line of [`SessionStore::scan`].
///
/// ```
/// use tenure::store::Listed;
///
/// let listed = Listed::new("k3x9…", std::time::SystemTime::now(), 262);
/// assert_eq!(listed.size, 262);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// What the store keeps the session under: its key, unless keys are hashed.
    pub name: String,
    /// The moment from which on the session counts as absent.
    pub expires_at: SystemTime,
    /// Bytes as stored.
    pub size: usize,
}

impl Listed {
    /// A line from its parts.
    pub fn new(name: impl Into<String>, expires_at: SystemTime, size: usize) -> Self {
        Self {
            name: name.into(),
            expires_at,
            size,
        }
    }
}

type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`SessionStore`] without its type, so that the session handle is the same for every engine.
trait ErasedStore: Send + Sync {
    fn engine(&self) -> &'static str;
    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, Option<Record>>;
    fn create<'a>(&'a self, key: &'a SessionKey, record: &'a Record) -> StoreFuture<'a, Created>;
    fn save<'a>(
        &'a self,
        key: &'a SessionKey,
        record: &'a Record,
        base: &'a Version,
    ) -> StoreFuture<'a, Saved>;
    fn delete<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, bool>;
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
    store: Arc<dyn ErasedStore>,
    deadline: Duration,
}

impl Store {
    /// Shares `store`; a call that takes longer than `deadline` is given up with [`StoreError::Deadline`].
    pub fn new(store: impl SessionStore, deadline: Duration) -> Self {
        Self {
            store: Arc::new(store),
            deadline,
        }
    }

    /// How long one call may take.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// See [`SessionStore::engine`].
    pub fn engine(&self) -> &'static str {
        self.store.engine()
    }

    /// See [`SessionStore::load`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline. The same holds for every method below.
    pub async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.within(self.store.load(key)).await
    }

    /// See [`SessionStore::create`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.within(self.store.create(key, record)).await
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
        self.within(self.store.save(key, record, base)).await
    }

    /// See [`SessionStore::delete`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.within(self.store.delete(key)).await
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
        self.within(self.store.rename(old, new, record, base)).await
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
        self.within(self.store.touch(key, expires_at, base)).await
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
        self.within(self.store.delete_expired(key, now)).await
    }

    /// See [`SessionStore::clear_expired`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.within(self.store.clear_expired(now, limit)).await
    }

    /// See [`SessionStore::scan`].
    ///
    /// # Errors
    ///
    /// As there, or at the deadline.
    pub async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.within(self.store.scan(after, limit)).await
    }

    /// Waits for `call`, but not for ever. A call that answers at once, as SQLite's reads do, never meets the timer.
    async fn within<T>(&self, mut call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        let first =
            std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context)))
                .await;
        match first {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => match tokio::time::timeout(self.deadline, call).await {
                Ok(answer) => answer,
                Err(_) => Err(StoreError::Deadline {
                    after: self.deadline,
                }),
            },
        }
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
