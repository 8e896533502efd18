//! The contract of every store, with a cache in front.

use std::path::Path;

use tenure::{
    Settings,
    engine::cache::{Format, MemoryCache, SharedCache},
    settings::CacheSettings,
};
use testkit::{Memcached, Redis};

use crate::servers::{self, MEMCACHED, REDIS, behind};

fn file(folder: &tempfile::TempDir) -> impl AsRef<Path> {
    folder.path().join("site.sqlite3")
}

tenure::conformance!(
    sqlite_behind_memory_keeps_the_contract,
    async |_: &Settings| {
        let folder = tempfile::tempdir().unwrap();
        let settings = servers::settings(file(&folder).as_ref(), CacheSettings::default());
        let cache = MemoryCache::open("default", &CacheSettings::default()).unwrap();
        let cache = (SharedCache::new(cache), Format::Json);
        let handles = [
            behind(cache.clone(), &settings).await,
            behind(cache, &settings).await,
        ];
        (handles, folder)
    }
);

tenure::conformance!(
    sqlite_behind_redis_keeps_the_contract,
    async |_: &Settings| {
        let (folder, server) = (tempfile::tempdir().unwrap(), Redis::start());
        let entry = servers::entry(REDIS, server.url());
        let settings = servers::settings(file(&folder).as_ref(), entry);
        (servers::two(&settings).await, (folder, server))
    }
);

tenure::conformance!(
    sqlite_behind_memcached_keeps_the_contract,
    async |_: &Settings| {
        let (folder, server) = (tempfile::tempdir().unwrap(), Memcached::start());
        let entry = servers::entry(MEMCACHED, server.location());
        let settings = servers::settings(file(&folder).as_ref(), entry);
        (servers::two(&settings).await, (folder, server))
    }
);
