//! `cached_db`: a table in SQLite behind a cache in memory.

use std::sync::Arc;

use serde_json::Value;
use tenure::{
    Sessions, Settings,
    engine::{cache::Format, cached_db::CachedStore},
    settings::CacheSettings,
};

use crate::{Before, Kept, Place, cache::Cached, common::Scripted, compare, db::Table};

struct CachedTable {
    table: Table,
    cached: Cached,
    sessions: Sessions,
}

impl Place for CachedTable {
    async fn open(settings: Settings, system: Arc<Scripted>) -> Self {
        let table = Table::open(settings.clone(), system.clone()).await;
        let cached = Cached::new("cached_db", system.clone());
        let entry = CacheSettings::default();
        let store = CachedStore::new(
            table.store(),
            cached.cache(),
            Format::Pickle,
            &entry,
            &settings,
        );
        let store = store.with_system(system.clone());
        Self {
            sessions: Sessions::with_system(store, &settings, system).unwrap(),
            cached,
            table,
        }
    }

    fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    async fn put(&self, case: &Value) {
        let Some(before) = Before::of(case) else {
            return;
        };
        if case["state"] != "row_lost" {
            self.table.put(case).await;
        }
        if case["state"] != "cache_lost" {
            self.cached.put(&before).await;
        }
    }

    async fn kept(&self, case: &Value) -> Kept {
        let mut kept = self.table.kept(case).await;
        kept.extend(self.cached.kept(case).await);
        kept
    }
}

#[tokio::test]
async fn requests_with_cached_db() {
    compare::<CachedTable>("cached_db").await;
}
