//! A server that is away, hangs, or breaks off. None of it reads as absent, and all of it passes.

use std::time::{Duration, Instant};

use tenure::{
    Data, Record, SessionKey, StoreError,
    engine::cache::{Cache, Format, Replaced},
    store::Store,
};
use testkit::{Memcached, Proxy};

use super::site::{HOUR, KEY, NEW, get, hurried, hurried_cache_at, outage, store_at};

#[tokio::test]
async fn a_server_that_is_away_is_named_and_comes_back_empty() {
    let mut server = Memcached::start();
    let cache = hurried_cache_at(server.location());
    let base = cache.put(KEY, b"{}", HOUR).await.unwrap();
    server.stop();
    let address = server.location();
    let what = outage(cache.get(KEY).await, &address);
    assert!(what.contains("check that it runs"), "{what}");
    outage(cache.add(KEY, b"{}", HOUR).await, &address);
    outage(cache.put(KEY, b"{}", HOUR).await, &address);
    outage(cache.replace(KEY, b"{}", HOUR, &base).await, &address);
    outage(cache.delete(KEY).await, &address);
    outage(cache.touch(KEY, HOUR, &base).await, &address);
    outage(cache.rename(KEY, NEW, b"{}", HOUR, &base).await, &address);
    server.start_again();
    // It is memcached's nature: what it held is gone.
    assert!(cache.get(KEY).await.unwrap().is_none());
    let replaced = cache.replace(KEY, b"{}", HOUR, &base).await.unwrap();
    assert!(matches!(replaced, Replaced::Gone));
}

#[tokio::test]
async fn a_restart_while_idle_is_no_requests_error() {
    let mut server = Memcached::start();
    let cache = hurried_cache_at(server.location());
    for _ in 0..5 {
        cache.put(KEY, b"{}", HOUR).await.unwrap();
        server.stop();
        server.start_again();
        assert!(cache.get(KEY).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_before_the_stores_deadline() {
    let server = Memcached::start();
    let store = Store::new(
        store_at(server.location(), Format::Json, &hurried()),
        hurried().store_timeout,
    );
    let key = SessionKey::parse("0123456789abcdefghijklmnopqrstuv").unwrap();
    let ends = std::time::SystemTime::now() + HOUR;
    let record = Record::new(Data::from_json(b"{\"a\":1}").unwrap(), ends);
    store.create(&key, &record).await.unwrap();
    server.pause();
    let started = Instant::now();
    let loads: Vec<_> = (0..300)
        .map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { store.load(&key).await })
        })
        .collect();
    let mut named = 0;
    for load in loads {
        match load.await.unwrap() {
            Err(StoreError::Unavailable { what, .. }) => {
                assert!(
                    what.contains("did not answer within 800 ms")
                        && what.contains(&server.location()),
                    "{what}"
                );
                named += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(named, 300);
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    server.resume();
    assert_eq!(
        store.load(&key).await.unwrap().unwrap().data.to_json(),
        "{\"a\":1}"
    );
}

#[tokio::test]
async fn a_reply_that_breaks_off_anywhere_is_an_outage_and_nothing_is_lost() {
    let server = Memcached::start();
    let proxy = Proxy::to_port(server.port());
    let address = proxy.address().to_string();
    let cache = hurried_cache_at(address.clone());
    cache.put(KEY, b"{\"a\":1}", HOUR).await.unwrap();
    // `VA 7 c1 f0 t3600` and the value, each with its line end.
    for bytes in 1..27 {
        get(&cache, KEY).await;
        proxy.cut_in_reply(bytes);
        outage(cache.get(KEY).await, &address);
        assert_eq!(get(&cache, KEY).await.value, b"{\"a\":1}");
    }
    // A write that was cut off has happened, or not; it is whole.
    for bytes in 1..6 {
        let base = get(&cache, KEY).await.version;
        proxy.cut_in_reply(bytes);
        outage(
            cache.replace(KEY, b"{\"b\":2}", HOUR, &base).await,
            &address,
        );
        let value = get(&cache, KEY).await.value;
        assert!(value == b"{\"a\":1}" || value == b"{\"b\":2}");
    }
    proxy.cut();
    outage(cache.get(KEY).await, &address);
    proxy.heal();
    get(&cache, KEY).await;
    proxy.hold();
    let what = outage(cache.get(KEY).await, &address);
    assert!(what.contains("800 ms"), "{what}");
    proxy.heal();
    get(&cache, KEY).await;
}

#[tokio::test]
async fn the_keys_of_a_server_that_is_away_go_to_no_other() {
    let mut servers = [Memcached::start(), Memcached::start()];
    let cache = hurried_cache_at(format!(
        "{},{}",
        servers[0].location(),
        servers[1].location()
    ));
    for number in 0..20 {
        cache
            .put(&format!("key{number}"), b"{}", HOUR)
            .await
            .unwrap();
    }
    servers[0].stop();
    let (mut there, mut away) = (0, 0);
    for _ in 0..3 {
        for number in 0..20 {
            match cache.get(&format!("key{number}")).await {
                Ok(entry) => {
                    assert!(entry.is_some());
                    there += 1;
                }
                Err(error) => {
                    outage::<()>(Err(error), &servers[0].location());
                    away += 1;
                }
            }
        }
    }
    assert!(
        there > 0 && away > 0 && there + away == 60,
        "{there} {away}"
    );
}

#[test]
fn a_cache_outlives_the_runtime_that_it_was_first_used_on() {
    let server = Memcached::start();
    let cache = hurried_cache_at(server.location());
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(cache.put(KEY, b"{}", HOUR)).unwrap();
    }
}
