//! What others may have put under a session's key.

use std::time::{Duration, SystemTime};

use tenure::{
    Data, SessionKey, StoreError, Version,
    engine::cache::{Cache as _, Format},
    store::{Saved, Store},
};
use testkit::{Proxy, Redis};

use crate::site::{self, kept, record, told};

fn full(key: &SessionKey) -> String {
    format!(":1:django.contrib.sessions.cache{}", key.as_str())
}

/// Each format that Redis holds for Django, tenure and django-redis.
#[tokio::test]
async fn a_value_damaged_at_any_byte_counts_as_empty_or_as_data() {
    let server = Redis::start();
    for backend in [site::DJANGO, site::DJANGO_REDIS, site::OURS] {
        let settings = site::settings_for(backend, &server.url());
        let entry = &settings.caches["default"];
        let format = Format::of("default", entry).unwrap();
        let store = site::open(&settings).await.unwrap();
        let cache = site::cache(&settings).await;
        let (key, hour) = (site::free_key(), Duration::from_hours(1));
        let text = r#"{"name":"Ada","_session_expiry":300,"list":[1,2.5,null,{"a":"\u00e9"}]}"#;
        let sample = format.encode(&Data::from_json(text.as_bytes()).unwrap());
        let mut damaged = 0;
        for at in 0..sample.len() {
            for wrong in [0, b'"', b'9', 0x80, 0xff, sample[at] ^ 0x20] {
                let mut value = sample.clone();
                value[at] = wrong;
                cache.put(&full(&key), &value, hour).await.unwrap();
                damaged += usize::from(is_damaged(&store, &key).await);
            }
            cache.put(&full(&key), &sample[..at], hour).await.unwrap();
            assert!(is_damaged(&store, &key).await, "{backend}: cut at {at}");
        }
        assert!(damaged > sample.len(), "{backend}: {damaged}");
        // Django's RedisCache leaves numbers as they are.
        for foreign in [
            &b"42"[..],
            b"cos\nsystem\n(S'touch /tmp/owned'\ntR.",
            b"\x80\x05\x95",
        ] {
            cache.put(&full(&key), foreign, hour).await.unwrap();
            let found = store.load(&key).await.unwrap().unwrap();
            assert!(found.data.is_empty(), "{backend}: {foreign:?}");
        }
    }
}

/// A damaged session is empty, keeps its key, and can be written again.
async fn is_damaged(store: &Store, key: &SessionKey) -> bool {
    let found = store.load(key).await.unwrap().unwrap();
    let damaged = found.damage.is_some();
    assert!(!damaged || found.data.is_empty());
    if damaged {
        let saved = store
            .save(key, &record("Ada"), &found.version)
            .await
            .unwrap();
        assert!(matches!(saved, Saved::Saved(_)));
    }
    damaged
}

#[tokio::test]
async fn a_key_that_holds_a_list_is_an_error_that_says_so() {
    let server = Redis::start();
    let store = site::open(&site::settings(&server.url())).await.unwrap();
    let (key, other) = (site::free_key(), site::free_key());
    server.command(&["LPUSH", &full(&key), "x"]);
    let base = Version::from_text("{}");
    let later = SystemTime::now() + Duration::from_mins(1);
    for error in [
        store.load(&key).await.unwrap_err(),
        store.save(&key, &record("Ada"), &base).await.unwrap_err(),
        store.touch(&key, later, &base).await.unwrap_err(),
        store
            .rename(&key, &other, &record("Ada"), &base)
            .await
            .unwrap_err(),
    ] {
        told(&error, &["another program", "KEY_PREFIX"]);
    }
    assert_eq!(server.command(&["TYPE", &full(&key)]), "list");
}

#[tokio::test]
async fn a_huge_value_is_refused_without_being_fetched() {
    let server = Redis::start();
    let line = Proxy::to_port(server.port());
    let settings = site::settings(&site::through(&line));
    let store = site::open(&settings).await.unwrap();
    let (key, base) = kept(&store).await;
    server.command(&["SETRANGE", &full(&key), "50000000", "x"]);
    line.take_bytes();
    let new = site::free_key();
    for error in [
        store.load(&key).await.unwrap_err(),
        store.save(&key, &record("Ada"), &base).await.unwrap_err(),
        store
            .rename(&key, &new, &record("Ada"), &base)
            .await
            .unwrap_err(),
    ] {
        assert!(
            matches!(error, StoreError::TooLarge { limit: 1_048_576 }),
            "{error}"
        );
    }
    assert!(line.take_bytes() < 4 * 1_048_576);
    assert!(store.delete(&key).await.unwrap());
}

#[tokio::test]
async fn an_entry_without_an_end_counts_for_the_cookies_age() {
    let server = Redis::start();
    let settings = site::settings(&server.url());
    let store = site::open(&settings).await.unwrap();
    let (key, base) = kept(&store).await;
    server.command(&["PERSIST", &full(&key)]);
    let found = store.load(&key).await.unwrap().unwrap();
    let age = found.expires_at.duration_since(SystemTime::now()).unwrap();
    assert!(age + Duration::from_mins(1) > settings.cookie_age);
    let later = SystemTime::now() + Duration::from_mins(1);
    assert!(store.touch(&key, later, &base).await.unwrap());
    assert_eq!(server.command(&["TTL", &full(&key)]), "-1");
}
