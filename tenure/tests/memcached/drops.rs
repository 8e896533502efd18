//! Requests that are dropped while they wait.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use tenure::engine::cache::{Cache, Moved, Replaced};
use testkit::{Memcached, Proxy};

use super::site::{HOUR, KEY, NEW, cache_at, get};

/// Polls `call` this often, with the runtime's other tasks in between, and drops it. Tells whether it ended before.
async fn drop_after<T>(polls: usize, call: impl Future<Output = T>) -> bool {
    let mut call = pin!(call);
    for _ in 0..polls {
        let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready())).await;
        if polled {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// How many connections there have been.
fn connections(server: &Memcached) -> u32 {
    server.stats()["total_connections"].parse().unwrap()
}

#[tokio::test]
async fn a_dropped_calls_reply_reaches_no_other_call() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    let keys: Vec<_> = (0..10).map(|number| format!("key{number}")).collect();
    for key in &keys {
        cache.put(key, key.as_bytes(), HOUR).await.unwrap();
    }
    let before = connections(&server);
    for round in 0..2000 {
        let key = &keys[round % 10];
        let version = get(&cache, key).await.version;
        let polls = round / 10 % 20;
        match round % 6 {
            0 => drop_after(polls, cache.get(key)).await,
            1 => drop_after(polls, cache.replace(key, key.as_bytes(), HOUR, &version)).await,
            2 => drop_after(polls, cache.touch(key, 2 * HOUR, &version)).await,
            3 => drop_after(polls, cache.put(key, key.as_bytes(), HOUR)).await,
            4 => drop_after(polls, cache.add(key, b"never", HOUR)).await,
            _ => drop_after(polls, cache.delete("nothing")).await,
        };
        let next = &keys[(round + 3) % 10];
        assert_eq!(get(&cache, next).await.value, next.as_bytes());
        assert!(!cache.delete("nothing").await.unwrap());
    }
    // One more is the counting one.
    assert_eq!(
        connections(&server),
        before + 1,
        "dropped calls cost no connection"
    );
}

#[tokio::test]
async fn a_dropped_rename_leaves_the_old_entry_or_the_new_one() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    let (mut stayed, mut moved) = (0, 0);
    for round in 0..300 {
        cache.delete(NEW).await.unwrap();
        let base = cache.put(KEY, b"old", HOUR).await.unwrap();
        let polls = if round % 10 == 9 {
            usize::MAX
        } else {
            round % 30
        };
        let ended = drop_after(polls, cache.rename(KEY, NEW, b"new", HOUR, &base)).await;
        let old = cache.get(KEY).await.unwrap();
        let new = cache.get(NEW).await.unwrap();
        if let Some(old) = old {
            assert!(!ended);
            assert_eq!((old.value, old.version), (b"old".to_vec(), base));
            stayed += 1;
        } else {
            assert_eq!(new.unwrap().value, b"new");
            moved += 1;
        }
    }
    assert!(stayed > 0 && moved > 0, "{stayed} {moved}");
}

#[tokio::test]
async fn a_call_that_was_given_up_before_it_was_sent_is_not_done_later() {
    let server = Memcached::start();
    let proxy = Proxy::to_port(server.port());
    let cache = Arc::new(cache_at(proxy.address().to_string()));
    cache.put(KEY, b"1", HOUR).await.unwrap();
    proxy.hold();
    // This one is on its way, and held up.
    let first = {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move { cache.get(KEY).await })
    };
    while server.stats()["curr_connections"] == "0"
        || !drop_after(20, tokio::task::yield_now()).await
    {}
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    // These wait behind it, and are given up.
    for _ in 0..20 {
        drop_after(20, cache.put(KEY, b"2", HOUR)).await;
    }
    proxy.heal();
    first.await.unwrap().unwrap();
    let entry = get(&cache, KEY).await;
    assert_eq!(entry.value, b"1");
    let replaced = cache
        .replace(KEY, b"3", HOUR, &entry.version)
        .await
        .unwrap();
    assert!(matches!(replaced, Replaced::Replaced(_)));
    let moved = cache
        .rename("none", NEW, b"4", HOUR, &entry.version)
        .await
        .unwrap();
    assert!(matches!(moved, Moved::Gone));
}
