//! The cache engine, in a cache in memory that holds pickles as Django's does.

use std::sync::Arc;

use serde_json::Value;
use tenure::{
    Sessions, Settings,
    engine::cache::{Cache as _, CacheStore, Format, MemoryCache, SharedCache},
    settings::CacheSettings,
    system::System as _,
};

use crate::{Before, Kept, Place, common::Scripted, compare};

/// What Django takes for a miss.
const NONE: &[u8] = b"\x80\x04N.";

/// A cache in memory with Django's values.
pub(crate) struct Cached {
    cache: SharedCache,
    prefix: String,
    system: Arc<Scripted>,
}

impl Cached {
    pub(crate) fn new(engine: &str, system: Arc<Scripted>) -> Self {
        let cache = MemoryCache::default().with_system(system.clone());
        let prefix = format!("django.contrib.sessions.{engine}");
        Self {
            cache: SharedCache::new(cache),
            prefix: CacheSettings::default().full_key(&prefix),
            system,
        }
    }

    pub(crate) fn cache(&self) -> SharedCache {
        self.cache.clone()
    }

    pub(crate) async fn put(&self, before: &Before) {
        let (Some(data), Ok(left)) = (&before.data, before.ends.duration_since(self.system.now()))
        else {
            return;
        };
        let key = format!("{}{}", self.prefix, before.key);
        let value = Format::Pickle.encode(data);
        self.cache.put(&key, &value, left).await.unwrap();
    }

    /// What is under the keys that `case` may have.
    pub(crate) async fn kept(&self, case: &Value) -> Kept {
        let mut kept = Kept::new();
        let keys = case["generated_keys"].as_array().unwrap();
        for key in keys
            .iter()
            .chain([&case["request_cookie"]])
            .filter_map(Value::as_str)
        {
            let entry = self
                .cache
                .get(&format!("{}{key}", self.prefix))
                .await
                .unwrap();
            let Some(entry) = entry.filter(|entry| entry.value != NONE) else {
                continue;
            };
            let data = Format::Pickle.decode(&entry.value, 1 << 20).unwrap();
            kept.insert(format!("cached {key}"), data.to_json());
            let left = entry.ttl.unwrap().as_secs_f64();
            kept.insert(format!("left {key}"), left.to_string());
        }
        kept
    }
}

struct Caches {
    cached: Cached,
    sessions: Sessions,
}

impl Place for Caches {
    async fn open(settings: Settings, system: Arc<Scripted>) -> Self {
        let cached = Cached::new("cache", system.clone());
        let cache = Arc::new(cached.cache());
        let store = CacheStore::new(cache, Format::Pickle, &CacheSettings::default(), &settings);
        let store = store.with_system(system.clone());
        Self {
            sessions: Sessions::with_system(store, &settings, system).unwrap(),
            cached,
        }
    }

    fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    async fn put(&self, case: &Value) {
        if let Some(before) = Before::of(case) {
            self.cached.put(&before).await;
        }
    }

    async fn kept(&self, case: &Value) -> Kept {
        let mut kept = self.cached.kept(case).await;
        let cached = kept.clone().into_iter();
        let stored = cached.filter_map(|(name, value)| {
            Some((format!("stored {}", name.strip_prefix("cached ")?), value))
        });
        kept.extend(stored);
        kept
    }
}

#[tokio::test]
async fn requests_with_the_cache_engine() {
    compare::<Caches>("cache").await;
}
