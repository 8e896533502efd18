//! The entries of `DATABASES` and `CACHES`: where sessions and users are.

use std::{collections::BTreeMap, fmt};

use super::without_password;

/// An entry of `DATABASES`.
///
/// ```
/// let database = tenure::settings::DatabaseSettings::new("sqlite:///srv/site/db.sqlite3");
/// assert_eq!(database.time_zone, None);
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct DatabaseSettings {
    /// `URL`: where the database is, as `sqlite:///absolute/path.sqlite3`.
    pub url: String,
    /// `TIME_ZONE`: the zone of dates in this database. None: UTC, or the setting `TIME_ZONE` where `USE_TZ` is off.
    pub time_zone: Option<String>,
}

impl DatabaseSettings {
    /// The database at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            time_zone: None,
        }
    }
}

/// An entry of `CACHES`.
///
/// ```
/// let cache = tenure::settings::CacheSettings::default();
/// assert_eq!(cache.version, 1);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct CacheSettings {
    /// `BACKEND`: Django's dotted name.
    pub backend: String,
    /// `LOCATION`: where the cache is; some have several places.
    pub location: Vec<String>,
    /// `KEY_PREFIX`: stands before every key. Empty.
    pub key_prefix: String,
    /// `VERSION`: stands in every key. 1.
    pub version: i64,
    /// `OPTIONS`: what the backend's driver takes, as text.
    pub options: BTreeMap<String, String>,
}

impl CacheSettings {
    /// The full key of `key`: `KEY_PREFIX:VERSION:key`, as Django's `make_key` (`django/core/cache/backends/base.py`, 5.2).
    ///
    /// ```
    /// let cache = tenure::settings::CacheSettings::default();
    /// assert_eq!(cache.full_key("cart"), ":1:cart");
    /// ```
    pub fn full_key(&self, key: &str) -> String {
        format!("{}:{}:{key}", self.key_prefix, self.version)
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            backend: String::new(),
            location: Vec::new(),
            key_prefix: String::new(),
            version: 1,
            options: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("url", &without_password(&self.url))
            .field("time_zone", &self.time_zone)
            .finish()
    }
}

// Options may hold passwords, so their names alone are shown.
impl fmt::Debug for CacheSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location: Vec<_> = self
            .location
            .iter()
            .map(|url| without_password(url))
            .collect();
        f.debug_struct("CacheSettings")
            .field("backend", &self.backend)
            .field("location", &location)
            .field("key_prefix", &self.key_prefix)
            .field("version", &self.version)
            .field("options", &self.options.keys())
            .finish()
    }
}
