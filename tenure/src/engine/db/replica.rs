//! Reading from a replica. Only for those who ask for it: `TENURE_READ_REPLICA`.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use super::{DbStore, SessionTable};
use crate::{
    error::StoreError,
    key::SessionKey,
    record::{Record, Version},
    store::{Created, Index, Listed, Powers, Renamed, Saved, SessionStore},
};

/// How long a key that was written is read from the primary: between once and twice this. What lags further behind shows old data.
const RECENT: Duration = Duration::from_secs(10);
/// So many written keys are remembered for each such time, in 8 bytes each. Beyond that everything is read from the primary.
const REMEMBERED: usize = 1 << 16;
/// How long a replica that failed is left alone.
const REST: Duration = Duration::from_secs(5);

/// Sessions in a database of which a replica serves part of the reads.
///
/// A session is read from the primary if this process has written it within the last ten seconds, if the replica does not know it (so that
/// a login elsewhere is found at once), if it has ended by what the replica says, and if the replica fails. Everything is written to the
/// primary, and only if the session is there still as it was read.
///
/// What remains is the lag between processes: what one of them has changed, another may read as it was before, and a session that was ended
/// by a logout there can be read here until the replica hears of it. Nothing is saved over the newer state, and nothing brings an ended
/// session back, but a page may show what is gone. Where a logout has to count everywhere at once, read from the primary alone.
///
/// `SESSION_ENGINE = "db"` with `TENURE_READ_REPLICA` opens one. By hand, for a [`SessionTable`] of one's own:
///
/// ```
/// use tenure::engine::db::{DbStore, ReadReplica, SessionTable};
///
/// fn both<T: SessionTable>(primary: DbStore<T>, replica: DbStore<T>) -> ReadReplica<T> {
///     ReadReplica::new(primary, replica)
/// }
/// ```
#[derive(Debug)]
pub struct ReadReplica<T> {
    primary: DbStore<T>,
    replica: DbStore<T>,
    written: Mutex<Written>,
    resting: Mutex<Option<Instant>>,
}

/// Hashes of the keys that were written lately.
#[derive(Debug)]
struct Written {
    hasher: RandomState,
    now: HashSet<u64>,
    before: HashSet<u64>,
    since: Instant,
}

impl Written {
    fn new(now: Instant) -> Self {
        Self {
            hasher: RandomState::new(),
            now: HashSet::new(),
            before: HashSet::new(),
            since: now,
        }
    }

    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age >= RECENT {
            self.before = std::mem::take(&mut self.now);
            self.since = now;
        }
        if age >= 2 * RECENT {
            self.before.clear();
        }
    }

    fn add(&mut self, key: &SessionKey, now: Instant) {
        self.turn(now);
        if self.now.len() < REMEMBERED {
            self.now.insert(self.hasher.hash_one(key));
        }
    }

    fn has(&mut self, key: &SessionKey, now: Instant) -> bool {
        self.turn(now);
        let key = self.hasher.hash_one(key);
        [&self.now, &self.before]
            .iter()
            .any(|keys| keys.len() == REMEMBERED || keys.contains(&key))
    }
}

impl<T: SessionTable> ReadReplica<T> {
    /// Reads from `replica` where that is as good as reading from `primary`.
    pub fn new(primary: DbStore<T>, replica: DbStore<T>) -> Self {
        Self {
            primary,
            replica,
            written: Mutex::new(Written::new(Instant::now())),
            resting: Mutex::default(),
        }
    }

    /// From before the statement is sent: whoever reads meanwhile must not see the old state after this call has answered.
    fn writing(&self, key: &SessionKey) -> &DbStore<T> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.add(key, Instant::now());
        &self.primary
    }

    fn may_read_replica(&self, key: &SessionKey) -> bool {
        let now = Instant::now();
        let resting = *self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        resting.is_none_or(|until| until <= now) && !written.has(key, now)
    }

    /// The replica's word, where it counts.
    async fn ask_replica(&self, key: &SessionKey) -> Option<Record> {
        if !self.may_read_replica(key) {
            return None;
        }
        match self.replica.load(key).await {
            // It may have been prolonged, and whoever reads it as ended deletes it.
            Ok(found) => found.filter(|record| record.expires_at > self.primary.system.now()),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "sessions are read from the primary alone for {} s",
                    REST.as_secs()
                );
                let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
                *resting = Some(Instant::now() + REST);
                None
            }
        }
    }
}

impl<T: SessionTable> SessionStore for ReadReplica<T> {
    fn engine(&self) -> &'static str {
        self.primary.engine()
    }

    fn powers(&self) -> Powers {
        self.primary.powers()
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.primary.prepare().await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        match self.ask_replica(key).await {
            // Written while it was read: it may be what was there before.
            Some(record) if self.may_read_replica(key) => Ok(Some(record)),
            _ => self.primary.load(key).await,
        }
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.writing(key).create(key, record).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.writing(key).save(key, record, base).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.writing(key).delete(key).await
    }

    async fn delete_many(&self, keys: &[SessionKey]) -> Result<(), StoreError> {
        for key in keys {
            self.writing(key);
        }
        self.primary.delete_many(keys).await
    }

    fn index(&self) -> Option<Index> {
        self.primary.index()
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        self.writing(old);
        self.writing(new).rename(old, new, record, base).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        self.writing(key).touch(key, expires_at, base).await
    }

    async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Result<bool, StoreError> {
        self.writing(key).delete_expired(key, now).await
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.primary.clear_expired(now, limit).await
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.primary.scan(after, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> SessionKey {
        SessionKey::parse(&format!("session-{number}")).unwrap()
    }

    #[test]
    fn a_written_key_is_remembered_for_a_while() {
        let start = Instant::now();
        let mut written = Written::new(start);
        let second = Duration::from_secs(1);
        written.add(&key(1), start + 9 * second);
        for later in [9, 10, 19] {
            assert!(written.has(&key(1), start + later * second), "{later}");
            assert!(!written.has(&key(2), start + later * second), "{later}");
        }
        assert!(!written.has(&key(1), start + 20 * second));
        written.add(&key(1), start + 20 * second);
        assert!(!written.has(&key(1), start + 90 * second));
    }

    #[test]
    fn more_writes_than_can_be_remembered_count_for_every_key() {
        let start = Instant::now();
        let mut written = Written::new(start);
        for number in 0..2 * REMEMBERED {
            written.add(&key(number), start);
        }
        assert!(written.now.len() == REMEMBERED);
        assert!(written.has(&key(usize::MAX), start + RECENT));
        assert!(!written.has(&key(usize::MAX), start + 2 * RECENT));
    }
}
