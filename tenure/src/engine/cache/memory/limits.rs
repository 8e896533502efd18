//! How much a cache in memory may hold.

use crate::settings::{CacheSettings, SettingsError, nearest};

const MAX_BYTES: &str = "MAX_BYTES";
const MAX_ENTRIES: &str = "MAX_ENTRIES";
const LEAST_BYTES: u64 = 64 << 10;
const LEAST_ENTRIES: u64 = 16;

/// Fewer bytes in a stripe would leave too little room for large sessions.
const STRIPE_BYTES: u64 = 8 << 20;
/// With fewer entries in a stripe some would be full long before others.
const STRIPE_ENTRIES: u64 = 1024;
const MOST_STRIPES: u64 = 64;

/// How much a cache in memory may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 128 << 20,
            entries: 100_000,
        }
    }
}

impl Limits {
    pub(super) fn of(alias: &str, entry: &CacheSettings) -> Result<Self, SettingsError> {
        let mut limits = Self::default();
        for (name, value) in &entry.options {
            let setting = format!("CACHES.{alias}.OPTIONS.{name}");
            let (limit, least) = match name.as_str() {
                MAX_BYTES => (&mut limits.bytes, LEAST_BYTES),
                MAX_ENTRIES => (&mut limits.entries, LEAST_ENTRIES),
                _ => {
                    let mut needed =
                        format!("\"tenure.cache.memory\" has {MAX_BYTES} and {MAX_ENTRIES} alone");
                    if let Some(name) = nearest(name, [MAX_BYTES, MAX_ENTRIES]) {
                        needed = format!("{needed}; did you mean {name}?");
                    }
                    return Err(SettingsError::described(&setting, "given", &needed));
                }
            };
            let number = value.parse().ok().filter(|number| *number >= least);
            *limit = number.ok_or_else(|| {
                let needed = format!("a whole number from {least} is needed");
                SettingsError::invalid(&setting, value, &needed)
            })?;
        }
        Ok(limits)
    }

    pub(super) fn stripes(self) -> usize {
        let stripes = (self.bytes / STRIPE_BYTES).min(self.entries / STRIPE_ENTRIES);
        usize::try_from(stripes.clamp(1, MOST_STRIPES)).unwrap_or(1)
    }
}
