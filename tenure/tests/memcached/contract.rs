//! The contract that every engine keeps.

use std::{sync::Arc, time::SystemTime};

use tenure::{
    Record, SessionKey, Sessions, Settings, StoreError, Version,
    conformance::{Broken, outage},
    engine::cache::{CacheStore, Format, MemcachedCache},
    store::{Created, Powers, Renamed, Saved, SessionStore},
};
use testkit::{Memcached, Proxy};

use super::site::{entry_at, hurried, store_at};

/// Two programs' stores in the same servers.
fn stores(location: &str, format: Format, settings: &Settings) -> [CacheStore<MemcachedCache>; 2] {
    let entry = entry_at(location);
    [(); 2].map(|()| {
        let cache = MemcachedCache::open(&entry, format, settings).unwrap();
        CacheStore::new(Arc::new(cache), format, &entry, settings)
    })
}

tenure::conformance!(
    one_server_keeps_the_contract,
    async |settings: &Settings| {
        let server = Memcached::start();
        (stores(&server.location(), Format::Json, settings), server)
    }
);

tenure::conformance!(
    three_servers_with_pickles_keep_the_contract,
    async |settings: &Settings| {
        let servers = [
            Memcached::start(),
            Memcached::start(),
            Memcached::start_on_socket(),
        ];
        let location = servers.each_ref().map(Memcached::location).join(",");
        (stores(&location, Format::Pickle, settings), servers)
    }
);

/// What the store does not declare, it does as far as nobody is dropped in the middle of it.
#[test]
fn of_the_rules_of_an_atomic_rename_one_alone_is_broken() {
    let report = tenure::conformance::run(async |settings: &Settings| {
        let server = Memcached::start();
        let stores = stores(&server.location(), Format::Json, settings).map(Promising);
        (stores, server)
    });
    assert_eq!(report.failures(), ["a_dropped_rename_leaves_old_or_new"]);
}

fn sessions_at(location: String) -> Sessions {
    Sessions::new(store_at(location, Format::Json, &hurried()), &hurried()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_logs_nobody_out() {
    let server = Memcached::start();
    let sessions = sessions_at(server.location());
    let (pause, resume) = (async || server.pause(), async || server.resume());
    outage(&sessions, Broken::Everything, pause, resume)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_logs_nobody_out() {
    let server = Memcached::start();
    let proxy = Proxy::to_port(server.port());
    let sessions = sessions_at(proxy.address().to_string());
    let (cut, heal) = (async || proxy.cut(), async || proxy.heal());
    outage(&sessions, Broken::Everything, cut, heal)
        .await
        .unwrap();
    let (hold, heal) = (async || proxy.hold(), async || proxy.heal());
    outage(&sessions, Broken::Everything, hold, heal)
        .await
        .unwrap();
}

/// Declares more than it can do.
struct Promising(CacheStore<MemcachedCache>);

impl SessionStore for Promising {
    fn engine(&self) -> &'static str {
        self.0.engine()
    }
    fn powers(&self) -> Powers {
        let mut powers = self.0.powers();
        powers.atomic_rename = true;
        powers
    }
    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.0.load(key).await
    }
    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.0.create(key, record).await
    }
    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.0.save(key, record, base).await
    }
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.0.delete(key).await
    }
    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        self.0.rename(old, new, record, base).await
    }
    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        self.0.touch(key, expires_at, base).await
    }
}
