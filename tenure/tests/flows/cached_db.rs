//! cached_db: a table in SQLite behind a cache in memory.

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

/// Cases in which tenure does something else than Django, and why.
pub(crate) const DELIBERATE: &[(&str, &str)] = &[
    ("cached_db_cache_lost_random_0", COOKIE_FOLLOWS),
    ("cached_db_tampered_read", DAMAGE_UNCACHED),
    ("cached_db_tampered_write", DAMAGE_UNCACHED),
    ("cached_db_tampered_delete_key", DAMAGE_UNCACHED),
    ("cached_db_tampered_clear", DAMAGE_UNCACHED),
    ("cached_db_tampered_set_expiry_0", DAMAGE_UNCACHED),
    ("cached_db_tampered_write_500", DAMAGE_UNCACHED),
    ("cached_db_tampered_save_every_untouched", DAMAGE_UNCACHED),
    ("cached_db_tampered_save_every_read", DAMAGE_UNCACHED),
    ("cached_db_tampered_random_2", DAMAGE_UNCACHED),
    ("cached_db_expired_read", DELETED),
    ("cached_db_expired_write", DELETED),
    ("cached_db_expired_delete_key", DELETED),
    ("cached_db_expired_cycle", DELETED),
    ("cached_db_expired_set_expiry_0", DELETED),
    ("cached_db_expired_write_500", DELETED),
    ("cached_db_expired_save_every_read", DELETED),
    ("cached_db_expired_random_0", DELETED),
    ("cached_db_expired_random_2", DELETED),
    ("cached_db_expired_clear", NO_REVIVAL),
    ("cached_db_unknown_save_every_untouched", NO_ROW),
    ("cached_db_expired_save_every_untouched", NO_ROW),
    ("cached_db_unknown_clear", NO_SESSION),
    ("cached_db_unknown_random_1", NO_SESSION),
    ("cached_db_row_lost_read", ROW_IS_TRUE),
    ("cached_db_row_lost_write", ROW_IS_TRUE),
    ("cached_db_row_lost_delete_key", ROW_IS_TRUE),
    ("cached_db_row_lost_clear", ROW_IS_TRUE),
    ("cached_db_row_lost_cycle", ROW_IS_TRUE),
    ("cached_db_row_lost_set_expiry_0", ROW_IS_TRUE),
    ("cached_db_row_lost_write_500", ROW_IS_TRUE),
    ("cached_db_row_lost_save_every_untouched", ROW_IS_TRUE),
    ("cached_db_row_lost_save_every_read", ROW_IS_TRUE),
    ("cached_db_row_lost_random_1", ROW_IS_TRUE),
    ("cached_db_row_lost_random_2", ROW_IS_TRUE),
    ("cached_db_unknown_random_2", SAVED),
];
const COOKIE_FOLLOWS: &str =
    "saving moves the session's end, so the cookie's moves too: Django saves without a cookie";
const DAMAGE_UNCACHED: &str =
    "a row that cannot be read is not cached: Django caches an empty session in its place";
const DELETED: &str = "an expired session that a request meets is deleted then and there: Django leaves it to clearsessions";
const NO_REVIVAL: &str =
    "clearing an expired session does not bring it back: Django gives its key a new life";
const NO_ROW: &str =
    "a stranger's or expired cookie makes no row: Django stores an empty session for it";
const NO_SESSION: &str =
    "clearing a session that is not there is no error: Django answers 400 to a stranger's cookie";
const ROW_IS_TRUE: &str = "a session without a row has ended, and its entry in the cache is removed: Django reads it from the cache and fails \
                           when it saves";
const SAVED: &str = "saving makes a new session where there is none: Django fails with UpdateError";

#[tokio::test]
async fn requests_with_cached_db() {
    compare::<CachedTable>("cached_db", DELIBERATE).await;
}
