//! Sessions without a server, for the tests of programs that use tenure.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use tenure::{Session, SessionError, testing};
//!
//! async fn greet(session: Session) -> Result<String, SessionError> {
//!     let name: Option<String> = session.get("name")?;
//!     Ok(format!("Hello, {}!", name.unwrap_or_default()))
//! }
//!
//! let session = testing::session().await;
//! session.insert("name", "Ada")?;
//! assert_eq!(greet(session).await?, "Hello, Ada!");
//! # Ok::<(), SessionError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use crate::{
    error::{BoxError, StoreError},
    key::SessionKey,
    middleware::Sessions,
    record::{Record, Version},
    secret::Secret,
    session::Session,
    settings::{Settings, SettingsError},
    store::{Created, Listed, Powers, Renamed, Saved, SessionStore},
    system::{OperatingSystem, RandomError, System},
};

/// Settings with a secret that nobody should use elsewhere.
///
/// ```
/// let settings = tenure::testing::settings();
/// assert!(settings.check().is_ok());
/// ```
pub fn settings() -> Settings {
    let mut settings = Settings::django();
    settings.secret_key = Some(Secret::new(
        "a secret for tests alone, never for a site that visitors use",
    ));
    settings
}

/// Sessions kept in this process's memory.
///
/// # Errors
///
/// When a setting is wrong.
///
/// # Example
///
/// ```
/// let sessions = tenure::testing::sessions(&tenure::testing::settings())?;
/// # Ok::<(), tenure::SettingsError>(())
/// ```
pub fn sessions(settings: &Settings) -> Result<Sessions, SettingsError> {
    Sessions::new(MemoryStore::default(), settings)
}

/// An empty session, kept in this process's memory. See the [module docs](self) for an example.
#[expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "it cannot: the settings are right and memory always answers"
)]
pub async fn session() -> Session {
    let sessions = sessions(&settings()).expect("the settings for tests are right");
    sessions
        .new_session()
        .load()
        .await
        .expect("memory always answers")
}

/// Runs `test` with an empty session, as [`session`] gives it, on a runtime of its own. What the examples of these docs use.
///
/// # Panics
///
/// When `test` fails, as a test should.
///
/// # Example
///
/// ```
/// tenure::testing::run(async |session| {
///     session.insert("cart", [1, 2])?;
///     assert_eq!(session.len(), 1);
///     Ok(())
/// });
/// ```
#[expect(clippy::expect_used, reason = "it is for tests, which fail this way")]
pub fn run(test: impl AsyncFnOnce(Session) -> Result<(), BoxError>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime
        .enable_time()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async { test(session().await).await.expect("the test succeeds") });
}

/// A store in this process's memory, without a bound. For tests alone: it forgets nothing.
///
/// ```
/// use tenure::{Sessions, testing};
///
/// let sessions = Sessions::new(testing::MemoryStore::default(), &testing::settings())?;
/// # Ok::<(), tenure::SettingsError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    map: Mutex<Map>,
}

#[derive(Debug, Default)]
struct Map {
    records: BTreeMap<String, Record>,
    /// Counts writes, so that every record has a version of its own.
    writes: u64,
}

impl Map {
    fn put(&mut self, key: &SessionKey, record: &Record) -> Version {
        self.writes += 1;
        let version = Version::from_text(self.writes.to_string());
        self.records.insert(
            key.as_str().to_owned(),
            record.clone().with_version(version.clone()),
        );
        version
    }
}

impl MemoryStore {
    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for MemoryStore {
    fn engine(&self) -> &'static str {
        "memory"
    }

    fn powers(&self) -> Powers {
        Powers {
            compare_and_swap: true,
            atomic_rename: true,
            touch: true,
            scan: true,
            clear_expired: true,
            in_key: false,
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        Ok(self.map().records.get(key.as_str()).cloned())
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let mut map = self.map();
        if map.records.contains_key(key.as_str()) {
            return Ok(Created::Taken);
        }
        Ok(Created::Created(map.put(key, record)))
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let mut map = self.map();
        match map.records.get(key.as_str()) {
            None => Ok(Saved::Gone),
            Some(current) if current.version != *base => Ok(Saved::Conflict(current.clone())),
            Some(_) => Ok(Saved::Saved(map.put(key, record))),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        Ok(self.map().records.remove(key.as_str()).is_some())
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        let mut map = self.map();
        match map.records.get(old.as_str()) {
            None => return Ok(Renamed::Gone),
            Some(current) if current.version != *base => {
                return Ok(Renamed::Conflict(current.clone()));
            }
            Some(_) if map.records.contains_key(new.as_str()) => return Ok(Renamed::Taken),
            Some(_) => {}
        }
        map.records.remove(old.as_str());
        Ok(Renamed::Renamed(map.put(new, record)))
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        let mut map = self.map();
        match map.records.get_mut(key.as_str()) {
            Some(record) if record.version == *base => {
                record.expires_at = record.expires_at.max(expires_at);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let mut map = self.map();
        let before = map.records.len();
        let mut left = limit;
        map.records.retain(|_, record| {
            let goes = record.expires_at < now && left > 0;
            left -= usize::from(goes);
            !goes
        });
        Ok((before - map.records.len()) as u64)
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let map = self.map();
        let later = map
            .records
            .iter()
            .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        Ok(later
            .take(limit)
            .map(|(key, record)| Listed::new(key, record.expires_at, record.data.to_json().len()))
            .collect())
    }
}

/// A clock that stands still until it is set. Random bytes are the operating system's.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tenure::{system::System, testing::TestSystem};
///
/// let system = TestSystem::at(SystemTime::UNIX_EPOCH);
/// system.advance(Duration::from_secs(60));
/// assert_eq!(system.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(60));
/// ```
#[derive(Debug)]
pub struct TestSystem {
    now: Mutex<SystemTime>,
}

impl TestSystem {
    /// A clock that shows `now`.
    pub fn at(now: SystemTime) -> Self {
        Self {
            now: Mutex::new(now),
        }
    }

    /// Sets the clock, on or back.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tenure::{system::System, testing::TestSystem};
    ///
    /// let system = TestSystem::at(SystemTime::now());
    /// system.set(SystemTime::UNIX_EPOCH);
    /// assert_eq!(system.now(), SystemTime::UNIX_EPOCH);
    /// ```
    pub fn set(&self, now: SystemTime) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl System for TestSystem {
    fn now(&self) -> SystemTime {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        OperatingSystem.fill_random(bytes)
    }
}
