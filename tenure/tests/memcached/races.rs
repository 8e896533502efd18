//! Entries that others change at the same time.

use std::time::Duration;

use tenure::{
    Version,
    engine::cache::{Cache, Moved, Replaced},
};
use testkit::Memcached;

use super::site::{HOUR, KEY, NEW, assert_moved, assert_replaced, cache_at, get, life, raw};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn only_what_was_loaded_is_replaced() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    let first = cache.add(KEY, b"1", HOUR).await.unwrap().unwrap();
    assert!(cache.add(KEY, b"2", HOUR).await.unwrap().is_none());
    assert_replaced(&cache.replace(KEY, b"2", HOUR, &first).await.unwrap());
    // A version of another, and none at all, match nothing.
    for base in [first, Version::default(), Version::from_text("x")] {
        let Replaced::Other(entry) = cache.replace(KEY, b"3", HOUR, &base).await.unwrap() else {
            panic!("it was changed");
        };
        assert_eq!(entry.value, b"2");
        assert!(!cache.touch(KEY, HOUR, &base).await.unwrap());
    }
    // Django in between.
    let base = get(&cache, KEY).await.version;
    assert_eq!(
        raw(
            server.port(),
            format!("set {KEY} 0 60 1\r\n4\r\n").as_bytes()
        ),
        "STORED"
    );
    let replaced = cache.replace(KEY, b"5", HOUR, &base).await.unwrap();
    assert!(matches!(replaced, Replaced::Other(entry) if entry.value == b"4"));
    let base = get(&cache, KEY).await.version;
    assert!(cache.delete(KEY).await.unwrap());
    assert!(!cache.delete(KEY).await.unwrap());
    assert!(matches!(
        cache.replace(KEY, b"6", HOUR, &base).await.unwrap(),
        Replaced::Gone
    ));
    assert!(!cache.touch(KEY, HOUR, &base).await.unwrap());
    assert!(
        cache.get(KEY).await.unwrap().is_none(),
        "the dead stay dead"
    );
}

#[tokio::test]
async fn a_touch_prolongs_and_never_shortens() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    let base = cache.add(KEY, b"1", MINUTE).await.unwrap().unwrap();
    assert!(cache.touch(KEY, HOUR, &base).await.unwrap());
    assert!(life(&cache, KEY).await > 3500);
    let base = get(&cache, KEY).await.version;
    assert!(cache.touch(KEY, MINUTE, &base).await.unwrap());
    assert!(life(&cache, KEY).await > 3500);
    assert_eq!(get(&cache, KEY).await.value, b"1");
    // A save after it shortens, if it means to.
    let base = get(&cache, KEY).await.version;
    assert_replaced(&cache.replace(KEY, b"2", MINUTE, &base).await.unwrap());
    assert!(life(&cache, KEY).await <= 60);
    // What does not end does not begin to.
    assert_eq!(
        raw(
            server.port(),
            format!("set {KEY} 0 0 1\r\n4\r\n").as_bytes()
        ),
        "STORED"
    );
    let base = get(&cache, KEY).await.version;
    assert!(cache.touch(KEY, HOUR, &base).await.unwrap());
    assert_eq!(get(&cache, KEY).await.ttl, None);
    // Django reads a touched entry as before.
    let line = raw(server.port(), format!("get {KEY}\r\n").as_bytes());
    assert_eq!(line, format!("VALUE {KEY} 0 1"));
}

#[tokio::test]
async fn a_session_that_another_request_shortened_is_not_prolonged() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    let base = cache.add(KEY, b"1", HOUR).await.unwrap().unwrap();
    assert_replaced(&cache.replace(KEY, b"1", MINUTE, &base).await.unwrap());
    assert!(!cache.touch(KEY, HOUR, &base).await.unwrap());
    assert!(life(&cache, KEY).await <= 60);
}

#[tokio::test]
async fn a_new_key_moves_only_what_was_loaded() {
    // Two servers: the keys may be on either.
    let servers = [Memcached::start(), Memcached::start()];
    let cache = cache_at(format!(
        "{};{}",
        servers[0].location(),
        servers[1].location()
    ));
    for number in 0..50 {
        let (old, new) = (format!("{KEY}{number}"), format!("{NEW}{number}"));
        let base = cache.add(&old, b"1", HOUR).await.unwrap().unwrap();
        let moved = cache.rename(&old, &new, b"2", HOUR, &base).await.unwrap();
        assert_moved(&moved);
        assert!(cache.get(&old).await.unwrap().is_none());
        assert_eq!(get(&cache, &new).await.value, b"2");
        // Gone already.
        let moved = cache
            .rename(&old, "third", b"3", HOUR, &base)
            .await
            .unwrap();
        assert!(matches!(moved, Moved::Gone));
        // Changed meanwhile.
        let moved = cache
            .rename(&new, "third", b"3", HOUR, &Version::from_text("1000000"))
            .await
            .unwrap();
        assert!(matches!(moved, Moved::Other(entry) if entry.value == b"2"));
        assert!(cache.get("third").await.unwrap().is_none());
        // Another lives there.
        let base = cache.add(&old, b"4", HOUR).await.unwrap().unwrap();
        let moved = cache.rename(&old, &new, b"5", HOUR, &base).await.unwrap();
        assert!(matches!(moved, Moved::Taken));
        assert_eq!(get(&cache, &old).await.value, b"4");
        assert_eq!(get(&cache, &new).await.value, b"2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_increments_by_four_tasks_are_all_there() {
    let server = Memcached::start();
    let cache = std::sync::Arc::new(cache_at(server.location()));
    cache.put(KEY, b"0", HOUR).await.unwrap();
    let increment = async |cache: &tenure::engine::cache::MemcachedCache| {
        let mut entry = get(cache, KEY).await;
        loop {
            let number: u32 = str::from_utf8(&entry.value).unwrap().parse().unwrap();
            let value = (number + 1).to_string();
            match cache
                .replace(KEY, value.as_bytes(), HOUR, &entry.version)
                .await
                .unwrap()
            {
                Replaced::Replaced(_) => return,
                Replaced::Other(other) => entry = other,
                Replaced::Gone => panic!("it is there"),
            }
        }
    };
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let cache = std::sync::Arc::clone(&cache);
            tokio::spawn(async move {
                for _ in 0..250 {
                    increment(&cache).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(get(&cache, KEY).await.value, b"1000");
}
