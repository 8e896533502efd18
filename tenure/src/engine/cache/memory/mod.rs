//! Caches in the memory of this process.
//!
//! The entries are spread over stripes by their keys, each behind a lock of its own that is held for less than a microsecond. What has
//! ended is never given out, and is swept out of a stripe after as many entries have come into it as it holds, sooner if it is full.

mod limits;
mod stripe;

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use self::{
    limits::Limits,
    stripe::{Kept, Stripe},
};
use super::{Cache, Entry, Moved, Replaced};
use crate::{
    error::StoreError,
    record::Version,
    settings::{CacheSettings, SettingsError},
    system::{OperatingSystem, System},
};

/// A cache in the memory of this process: `tenure.cache.memory`. Needs the feature `memory`.
///
/// Its sessions end with the process, and no other process sees them. It takes at most `MAX_BYTES` (128 MiB if not set) and holds at most
/// `MAX_ENTRIES` (100,000 if not set), both in `OPTIONS`; each entry counts for at least `MAX_BYTES / MAX_ENTRIES`. When it is full, what
/// is used least goes; if a session goes that has not ended, the log says so, once.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use tenure::{Settings, engine::cache::{CacheStore, Format, MemoryCache}, settings::CacheSettings};
///
/// let mut entry = CacheSettings::default();
/// entry.options.insert("MAX_ENTRIES".into(), "1000".into());
/// let cache = MemoryCache::open("default", &entry)?;
/// let store = CacheStore::new(Arc::new(cache), Format::Json, &entry, &Settings::django());
/// # Ok::<(), tenure::SettingsError>(())
/// ```
pub struct MemoryCache {
    stripes: Box<[Mutex<Stripe>]>,
    limits: Limits,
    hasher: RandomState,
    /// Whether a session was dropped that had not ended.
    lost: AtomicBool,
    system: Arc<dyn System>,
}

impl MemoryCache {
    /// A cache within the limits in the `OPTIONS` of `entry`, which is called `alias` in `CACHES`.
    ///
    /// See [`MemoryCache`] for an example.
    ///
    /// # Errors
    ///
    /// When there are other options, or a limit is no whole number or too small: `MAX_BYTES` is at least 65,536, `MAX_ENTRIES` 16.
    pub fn open(alias: &str, entry: &CacheSettings) -> Result<Self, SettingsError> {
        Limits::of(alias, entry).map(Self::within)
    }

    fn within(limits: Limits) -> Self {
        let stripes = limits.stripes();
        let stripe = |_| Mutex::new(Stripe::new(limits, stripes));
        Self {
            stripes: (0..stripes).map(stripe).collect(),
            limits,
            hasher: RandomState::new(),
            lost: AtomicBool::new(false),
            system: Arc::new(OperatingSystem),
        }
    }

    /// The same cache, by this clock. For tests.
    #[must_use]
    pub fn with_system(mut self, system: Arc<dyn System>) -> Self {
        self.system = system;
        self
    }

    /// The bytes that the entries take, as they count against `MAX_BYTES`.
    ///
    /// ```
    /// assert_eq!(tenure::engine::cache::MemoryCache::default().bytes(), 0);
    /// ```
    pub fn bytes(&self) -> u64 {
        self.stripes.iter().map(|stripe| lock(stripe).bytes()).sum()
    }

    /// Which stripe has the key. There is at least one.
    fn place(&self, key: &str) -> usize {
        let hash = self.hasher.hash_one(key);
        let stripes = u64::try_from(self.stripes.len()).unwrap_or(u64::MAX);
        usize::try_from(hash % stripes.max(1)).unwrap_or_default()
    }

    fn stripe(&self, place: usize) -> Result<MutexGuard<'_, Stripe>, StoreError> {
        let stripe = self.stripes.get(place);
        stripe.map(lock).ok_or(StoreError::Unavailable {
            what: "the cache in memory has no place for the key".into(),
            source: None,
        })
    }

    fn kept(&self, key: &str, value: &[u8], ttl: Duration) -> Result<Kept, StoreError> {
        let most = Stripe::largest(self.limits, self.stripes.len());
        let now = self.system.now();
        let kept = Kept::new(value, now.checked_add(ttl).unwrap_or(now + FAR));
        if kept.bytes(key) > most {
            return Err(StoreError::Unavailable {
                what: format!(
                    "a session of {} bytes does not fit into the cache in memory, of which it may take {most}: store less in it, or raise \
                     MAX_BYTES in its OPTIONS, now {}",
                    value.len(),
                    self.limits.bytes
                ),
                source: None,
            });
        }
        Ok(kept)
    }

    /// Puts an entry, and tells the log if others that had not ended had to go for it.
    fn insert(&self, stripe: &mut Stripe, key: &str, kept: Kept, now: SystemTime) -> Version {
        let version = kept.version();
        let lost = stripe.insert(key, kept, now);
        if lost && !self.lost.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the cache in memory is full: sessions are dropped that have not ended, and their visitors are logged out; raise MAX_BYTES \
                 (now {}) and MAX_ENTRIES (now {}) in its OPTIONS; this is said once",
                self.limits.bytes,
                self.limits.entries
            );
        }
        version
    }
}

/// What an entry lives that shall live longer than the clock can say.
const FAR: Duration = Duration::from_hours(24 * 365 * 100);

impl Default for MemoryCache {
    /// With the limits that hold if none are set.
    fn default() -> Self {
        Self::within(Limits::default())
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A stripe is whole whenever its lock is free, also after a panic.
fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let now = self.system.now();
        let mut stripe = self.stripe(self.place(key))?;
        Ok(stripe.live(key, now).map(|kept| kept.entry(now)))
    }

    async fn add(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Option<Version>, StoreError> {
        let (kept, now) = (self.kept(key, value, ttl)?, self.system.now());
        let mut stripe = self.stripe(self.place(key))?;
        if stripe.live(key, now).is_some() {
            return Ok(None);
        }
        Ok(Some(self.insert(&mut stripe, key, kept, now)))
    }

    async fn replace(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Replaced, StoreError> {
        let (kept, now) = (self.kept(key, value, ttl)?, self.system.now());
        let mut stripe = self.stripe(self.place(key))?;
        Ok(match stripe.live(key, now) {
            None => Replaced::Gone,
            Some(known) if known.version() != *base => Replaced::Other(known.entry(now)),
            Some(_) => Replaced::Replaced(self.insert(&mut stripe, key, kept, now)),
        })
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> Result<Version, StoreError> {
        let (kept, now) = (self.kept(key, value, ttl)?, self.system.now());
        let mut stripe = self.stripe(self.place(key))?;
        Ok(self.insert(&mut stripe, key, kept, now))
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let now = self.system.now();
        let mut stripe = self.stripe(self.place(key))?;
        let there = stripe.live(key, now).is_some();
        stripe.remove(key);
        Ok(there)
    }

    async fn touch(&self, key: &str, ttl: Duration, base: &Version) -> Result<bool, StoreError> {
        let now = self.system.now();
        let ends = now.checked_add(ttl).unwrap_or(now + FAR);
        let mut stripe = self.stripe(self.place(key))?;
        let same = stripe
            .live(key, now)
            .is_some_and(|kept| kept.version() == *base);
        if same {
            stripe.prolong(key, ends);
        }
        Ok(same)
    }

    async fn rename(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Moved, StoreError> {
        let (kept, now) = (self.kept(new, value, ttl)?, self.system.now());
        let (from, to) = (self.place(old), self.place(new));
        // Always in the same order, so that two renames never wait for each other.
        let mut first = self.stripe(from.min(to))?;
        let mut second = (from != to)
            .then(|| self.stripe(from.max(to)))
            .transpose()?;
        let (source, mut target) = match &mut second {
            Some(second) if from < to => (&mut *first, Some(&mut **second)),
            Some(second) => (&mut **second, Some(&mut *first)),
            None => (&mut *first, None),
        };
        match source.live(old, now) {
            None => return Ok(Moved::Gone),
            Some(known) if known.version() != *base => return Ok(Moved::Other(known.entry(now))),
            Some(_) => {}
        }
        let taken = match &mut target {
            Some(target) => target.live(new, now).is_some(),
            None => source.live(new, now).is_some(),
        };
        if taken {
            return Ok(Moved::Taken);
        }
        source.remove(old);
        let target = target.unwrap_or(source);
        Ok(Moved::Moved(self.insert(target, new, kept, now)))
    }

    async fn clear_expired(&self, limit: usize) -> Result<u64, StoreError> {
        let now = self.system.now();
        let mut cleared = 0;
        for stripe in &self.stripes {
            cleared += lock(stripe).sweep(now, limit - cleared);
        }
        Ok(u64::try_from(cleared).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
