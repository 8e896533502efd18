//! A part of the entries, behind one lock.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter, unsync};

use super::{super::Entry, limits::Limits};
use crate::record::Version;

/// What an entry takes beside its key and value: its place in the map, which is up to half empty, and what allocating costs.
const OVERHEAD: u64 = 256;
/// A stripe that has room is swept after at least so many new entries.
const SWEEP: usize = 256;

/// What is kept under a key.
#[derive(Clone)]
pub(super) struct Kept {
    value: Box<[u8]>,
    ends: SystemTime,
    number: u64,
}

impl Kept {
    pub(super) fn new(value: &[u8], ends: SystemTime) -> Self {
        // For all caches of the process, so that no entry is ever taken for another.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self {
            value: value.into(),
            ends,
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
        }
    }

    pub(super) fn version(&self) -> Version {
        Version::from_bytes(self.number.to_be_bytes())
    }

    pub(super) fn entry(&self, now: SystemTime) -> Entry {
        let ttl = self.ends.duration_since(now).unwrap_or_default();
        Entry::new(&*self.value, Some(ttl), self.version())
    }

    pub(super) fn bytes(&self, key: &str) -> u64 {
        let bytes = u64::try_from(key.len() + self.value.len()).unwrap_or(u64::MAX);
        bytes.saturating_add(OVERHEAD)
    }
}

/// Counts bytes, and each entry for at least this many, which bounds their number.
#[derive(Clone)]
struct Weight(u64);

impl Weighter<Box<str>, Kept> for Weight {
    fn weight(&self, key: &Box<str>, kept: &Kept) -> u64 {
        kept.bytes(key).max(self.0)
    }
}

/// Collects the ends of what had to go.
#[derive(Clone)]
struct Evicted;

impl Lifecycle<Box<str>, Kept> for Evicted {
    type RequestState = Vec<SystemTime>;

    fn on_evict(&self, ends: &mut Vec<SystemTime>, _key: Box<str>, kept: Kept) {
        ends.push(kept.ends);
    }
}

pub(super) struct Stripe {
    entries: unsync::Cache<Box<str>, Kept, Weight, DefaultHashBuilder, Evicted>,
    weight: Weight,
    /// How many have come since it was swept.
    inserted: usize,
    /// How many were left then.
    left: usize,
}

impl Stripe {
    /// One of so many.
    pub(super) fn new(limits: Limits, stripes: usize) -> Self {
        let least = limits.bytes.div_ceil(limits.entries);
        let bytes = Self::share(limits, stripes);
        let expected = usize::try_from(bytes / least.max(OVERHEAD)).unwrap_or(usize::MAX);
        let weight = Weight(least);
        let entries = unsync::Cache::with(
            expected,
            bytes,
            weight.clone(),
            DefaultHashBuilder::default(),
            Evicted,
        );
        Self {
            entries,
            weight,
            inserted: 0,
            left: 0,
        }
    }

    fn share(limits: Limits, stripes: usize) -> u64 {
        limits.bytes / u64::try_from(stripes).unwrap_or(u64::MAX).max(1)
    }

    /// The most bytes that an entry may have: the cache takes none that would fill a stripe alone.
    pub(super) fn largest(limits: Limits, stripes: usize) -> u64 {
        Self::share(limits, stripes) / 10 * 9
    }

    pub(super) fn bytes(&self) -> u64 {
        self.entries.weight()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry, if it has not ended.
    pub(super) fn live(&mut self, key: &str, now: SystemTime) -> Option<&Kept> {
        if self.entries.peek(key).is_some_and(|kept| kept.ends <= now) {
            self.entries.remove(key);
        }
        self.entries.get(key)
    }

    /// Puts an entry, in place of what is there. True if others had to go for it that had not ended.
    pub(super) fn insert(&mut self, key: &str, kept: Kept, now: SystemTime) -> bool {
        let key = Box::from(key);
        // Before somebody has to go for it, those should that have ended; how often they are looked for keeps it cheap beside adding.
        let weight = self.entries.weight() + self.weight.weight(&key, &kept);
        let due = if weight > self.entries.capacity() {
            self.entries.len() / 16
        } else {
            self.left.max(SWEEP)
        };
        if self.inserted >= due {
            self.sweep(now, usize::MAX);
            self.inserted = 0;
            self.left = self.entries.len();
        }
        self.inserted += 1;
        let mut evicted = Vec::new();
        self.entries.insert_with_lifecycle(key, kept, &mut evicted);
        evicted.iter().any(|ends| *ends > now)
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// Never shortens.
    pub(super) fn prolong(&mut self, key: &str, ends: SystemTime) {
        if let Some(mut kept) = self.entries.peek_mut(key) {
            kept.ends = kept.ends.max(ends);
        }
    }

    /// Removes at most `limit` entries that have ended; tells how many.
    pub(super) fn sweep(&mut self, now: SystemTime, limit: usize) -> usize {
        let left = std::cell::Cell::new(limit);
        self.entries.retain(|_, kept| {
            let goes = kept.ends <= now && left.get() > 0;
            left.set(left.get() - usize::from(goes));
            !goes
        });
        limit - left.get()
    }
}
