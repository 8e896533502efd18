//! Two versions as one: a session behind a cache is compared in both places.

use crate::record::{Record, Version};

/// Versions of both: that of the store's record, and that of the cache's entry.
pub(super) struct Both {
    pub(super) store: Version,
    /// Unknown if this request does not know what the cache holds.
    pub(super) cache: Version,
}

impl Both {
    pub(super) fn join(&self) -> Version {
        let store = self.store.as_bytes().unwrap_or_default();
        let cache = self.cache.as_bytes().unwrap_or_default();
        let length = u32::try_from(store.len()).unwrap_or_default();
        Version::from_bytes([&length.to_le_bytes(), store, cache].concat())
    }

    pub(super) fn split(version: &Version) -> Self {
        let known = |bytes: &[u8]| match bytes {
            [] => Version::default(),
            bytes => Version::from_bytes(bytes),
        };
        let parts = version.as_bytes().and_then(|bytes| {
            let (length, rest) = bytes.split_first_chunk()?;
            rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
        });
        let (store, cache) = parts.unwrap_or_default();
        Self {
            store: known(store),
            cache: known(cache),
        }
    }
}

/// A record of the store alone, whose place in the cache is unknown.
pub(super) fn from_store(mut record: Record) -> Record {
    record.version = Both {
        store: record.version,
        cache: Version::default(),
    }
    .join();
    record
}
