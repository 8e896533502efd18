//! Sessions in a cache of your own: what it holds is bytes by key, with a time to live. Run it with
//! `cargo run -p tenure --example own_cache`.
//!
//! Keys, formats and dates are `CacheStore`'s business. This cache is a map; in its place could be anything that can compare and swap.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tenure::{
    Sessions, StoreError, Version,
    engine::cache::{Cache, CacheStore, Entry, Moved, Replaced},
    testing,
};

#[derive(Default)]
pub(crate) struct MapCache(Mutex<Map>);

#[derive(Default)]
struct Map {
    entries: HashMap<String, Place>,
    /// Counts writes, so that no two entries have the same version.
    writes: u64,
}

struct Place {
    value: Vec<u8>,
    ends_at: Instant,
    version: Version,
}

impl Map {
    /// The entry, unless its time is over.
    fn get(&self, key: &str) -> Option<&Place> {
        let place = self.entries.get(key);
        place.filter(|place| place.ends_at > Instant::now())
    }

    fn put(&mut self, key: &str, value: &[u8], ttl: Duration) -> Version {
        self.writes += 1;
        let version = Version::from_text(self.writes.to_string());
        let place = Place {
            value: value.to_owned(),
            ends_at: Instant::now() + ttl,
            version: version.clone(),
        };
        self.entries.insert(key.to_owned(), place);
        version
    }
}

impl Place {
    fn entry(&self) -> Entry {
        let ttl = self.ends_at.saturating_duration_since(Instant::now());
        Entry::new(self.value.clone(), Some(ttl), self.version.clone())
    }
}

impl MapCache {
    fn map(&self) -> MutexGuard<'_, Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache for MapCache {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        Ok(self.map().get(key).map(Place::entry))
    }

    async fn add(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Option<Version>, StoreError> {
        let mut map = self.map();
        let free = map.get(key).is_none();
        Ok(free.then(|| map.put(key, value, ttl)))
    }

    async fn replace(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Replaced, StoreError> {
        let mut map = self.map();
        Ok(match map.get(key) {
            None => Replaced::Gone,
            Some(other) if other.version != *base => Replaced::Other(other.entry()),
            Some(_) => Replaced::Replaced(map.put(key, value, ttl)),
        })
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> Result<Version, StoreError> {
        Ok(self.map().put(key, value, ttl))
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let mut map = self.map();
        let there = map.get(key).is_some();
        map.entries.remove(key);
        Ok(there)
    }

    async fn touch(&self, key: &str, ttl: Duration, base: &Version) -> Result<bool, StoreError> {
        let mut map = self.map();
        if map.get(key).is_none_or(|place| place.version != *base) {
            return Ok(false);
        }
        let ends_at = Instant::now() + ttl;
        let place = map.entries.get_mut(key);
        Ok(place
            .map(|place| place.ends_at = place.ends_at.max(ends_at))
            .is_some())
    }

    async fn rename(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Moved, StoreError> {
        let mut map = self.map();
        match map.get(old) {
            None => return Ok(Moved::Gone),
            Some(other) if other.version != *base => return Ok(Moved::Other(other.entry())),
            Some(_) if map.get(new).is_some() => return Ok(Moved::Taken),
            Some(_) => {}
        }
        map.entries.remove(old);
        Ok(Moved::Moved(map.put(new, value, ttl)))
    }
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    use std::io::Write as _;

    let cache = Arc::new(MapCache::default());
    let settings = testing::settings();
    let sessions = Sessions::new(CacheStore::on(Arc::clone(&cache), &settings), &settings)?;
    let session = sessions.new_session().load().await?;
    session.insert("cart", [1, 2])?;
    session.save().await?;
    let key = session.key().ok_or("a session that was saved has a key")?;
    let name = format!(":1:django.contrib.sessions.cache{}", key.as_str());
    let entry = cache.get(&name).await?.ok_or("it is in the cache")?;
    assert_eq!(entry.value, br#"{"cart":[1,2]}"#);
    writeln!(std::io::stdout(), "{}", String::from_utf8(entry.value)?)?;
    Ok(())
}
