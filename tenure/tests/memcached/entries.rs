//! What stands in memcached, byte for byte.

use std::{
    io::Write as _,
    time::{Duration, SystemTime},
};

use tenure::{
    Damage, SessionKey, StoreError,
    engine::cache::{Cache, Format, MemcachedCache, Replaced},
    store::SessionStore,
    testing,
};
use testkit::Memcached;

use super::site::{HOUR, KEY, NEW, assert_replaced, cache_at, entry_at, get, life, raw, store_at};

fn key() -> SessionKey {
    SessionKey::parse("0123456789abcdefghijklmnopqrstuv").unwrap()
}

fn set(server: &Memcached, flags: u32, value: &[u8]) {
    let head = format!("set {KEY} {flags} 3600 {}\r\n", value.len());
    assert_eq!(
        raw(server.port(), &[head.as_bytes(), value, b"\r\n"].concat()),
        "STORED"
    );
}

#[tokio::test]
async fn every_byte_comes_back() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    let mut value: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    value.extend_from_slice(b"\r\nEND\r\nmd x\r\nHD\r\n");
    for value in [&value[..], b"", b"\r\n", b"\n"] {
        let put = cache.put(KEY, value, HOUR).await.unwrap();
        let entry = get(&cache, KEY).await;
        assert_eq!(entry.value, value);
        assert_eq!(entry.version, put);
    }
}

#[tokio::test]
async fn a_socket_and_several_servers_serve_too() {
    let server = Memcached::start_on_socket();
    let cache = cache_at(server.location());
    cache.put(KEY, b"{}", HOUR).await.unwrap();
    assert_eq!(get(&cache, KEY).await.value, b"{}");

    let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let location: Vec<_> = servers.iter().map(Memcached::location).collect();
    let cache = cache_at(location.join(","));
    for number in 0..300 {
        cache
            .put(&format!("key{number}"), b"{}", HOUR)
            .await
            .unwrap();
    }
    let items = servers
        .iter()
        .map(|server| server.stats()["curr_items"].parse::<u32>().unwrap());
    let items: Vec<_> = items.collect();
    assert_eq!(items.iter().sum::<u32>(), 300);
    assert!(items.iter().all(|items| *items > 50), "{items:?}");
    for number in 0..300 {
        assert!(cache.delete(&format!("key{number}")).await.unwrap());
    }
}

#[tokio::test]
async fn lives_are_whole_seconds_and_never_none() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    let day = 24 * 60 * 60;
    for seconds in [60, 30 * day, 30 * day + 1, 365 * day] {
        cache
            .put(KEY, b"{}", Duration::from_secs(seconds))
            .await
            .unwrap();
        let left = life(&cache, KEY).await;
        // Long lives go as a date, and the server's own clock ticks once a second.
        assert!(
            (seconds - 2..=seconds + 1).contains(&left),
            "{left} of {seconds}"
        );
    }
    // 0 would be for ever.
    cache
        .put(KEY, b"{}", Duration::from_millis(1))
        .await
        .unwrap();
    if let Some(entry) = cache.get(KEY).await.unwrap() {
        assert!(entry.ttl.unwrap() <= Duration::from_secs(1));
    }
    // As Django keeps with `timeout=None`.
    assert_eq!(
        raw(
            server.port(),
            format!("set {KEY} 0 0 2\r\n{{}}\r\n").as_bytes()
        ),
        "STORED"
    );
    assert_eq!(get(&cache, KEY).await.ttl, None);
}

#[tokio::test]
async fn what_is_no_session_counts_as_damaged() {
    let server = Memcached::start();
    let store = store_at(server.location(), Format::Json, &testing::settings());
    // pymemcache's text, number and pickle; no zlib; no JSON.
    for (flags, value) in [
        (16, &b"{}"[..]),
        (2, b"7"),
        (1, b"\x80\x05}\x94."),
        (8, b"{}"),
        (0, b"{"),
    ] {
        set(&server, flags, value);
        let record = store.load(&key()).await.unwrap().unwrap();
        assert_eq!(record.damage, Some(Damage::Content), "{flags} {value:?}");
        assert!(record.data.is_empty());
        // The next write makes it whole.
        let record =
            tenure::Record::new(record.data, record.expires_at).with_version(record.version);
        let saved = store.save(&key(), &record, &record.version).await.unwrap();
        assert!(matches!(saved, tenure::store::Saved::Saved(_)));
        assert_eq!(store.load(&key()).await.unwrap().unwrap().damage, None);
    }
}

/// As `zlib.compress`.
fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_values_are_read_up_to_the_limit() {
    let server = Memcached::start();
    let json = store_at(server.location(), Format::Json, &testing::settings());
    let pickle = store_at(server.location(), Format::Pickle, &testing::settings());
    set(&server, 8, &compressed(b"{\"a\":1}"));
    let record = json.load(&key()).await.unwrap().unwrap();
    assert_eq!(record.data.to_json(), "{\"a\":1}");
    set(&server, 1 + 8, &compressed(b"\x80\x05}\x8c\x01aK\x01s."));
    let record = pickle.load(&key()).await.unwrap().unwrap();
    assert_eq!(record.data.to_json(), "{\"a\":1}");
    for (flags, store) in [(8, json), (1 + 8, pickle)] {
        set(&server, flags, &compressed(&vec![b' '; 64 << 20]));
        let loaded = store.load(&key()).await;
        let limit = matches!(loaded, Err(StoreError::TooLarge { limit: 1_048_576 }));
        assert!(limit, "{loaded:?}");
    }
}

#[tokio::test]
async fn a_value_beyond_the_limit_is_an_error_and_the_next_call_is_right() {
    let server = Memcached::start_with(&["-I", "4m"]);
    let cache = cache_at(server.location());
    set(&server, 0, &vec![b' '; 3 << 20]);
    let got = cache.get(KEY).await;
    let limit = matches!(got, Err(StoreError::TooLarge { limit: 1_048_576 }));
    assert!(limit, "{got:?}");
    assert!(cache.get("another").await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_that_is_too_large_leaves_the_old_one() {
    for (option, most) in [("1m", 1 << 20), ("2m", 2 << 20)] {
        let server = Memcached::start_with(&["-I", option]);
        let cache = cache_at(server.location());
        let version = cache.put(KEY, b"{}", HOUR).await.unwrap();
        // The largest that the server keeps: it must not be us who are too strict by more than a few bytes.
        let fits = vec![0; most - KEY.len() - 64];
        let Replaced::Replaced(version) = cache.replace(KEY, &fits, HOUR, &version).await.unwrap()
        else {
            panic!("it fits");
        };
        let larger = vec![0; most - KEY.len() - 63];
        let Err(StoreError::EntryTooLarge { limit, address, .. }) =
            cache.replace(KEY, &larger, HOUR, &version).await
        else {
            panic!("it does not fit");
        };
        assert_eq!((limit, address), (most - 64, server.location()));
        assert!(cache.put(KEY, &larger, HOUR).await.is_err());
        assert!(cache.add(NEW, &larger, HOUR).await.is_err());
        assert_replaced(&cache.replace(KEY, b"{}", HOUR, &version).await.unwrap());
    }
}

#[tokio::test]
async fn a_server_without_memory_says_so() {
    let server = Memcached::start_with(&["-m", "2", "-M"]);
    let cache = cache_at(server.location());
    let value = vec![0; 100_000];
    let mut refused = None;
    for number in 0..1000 {
        if let Err(StoreError::Unavailable { what, .. }) =
            cache.put(&format!("key{number}"), &value, HOUR).await
        {
            refused = Some(what);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(
        refused.contains("out of memory storing object") && refused.contains("-m"),
        "{refused}"
    );
    // The connection goes on.
    let entry = get(&cache, "key0").await;
    // It is memcached's nature: what it has no memory to replace, it removes.
    let replaced = cache.replace("key0", &value, HOUR, &entry.version);
    assert!(replaced.await.is_err());
    assert!(cache.get("key0").await.unwrap().is_none());
}

#[tokio::test]
async fn no_key_can_speak_to_the_server() {
    let server = Memcached::start();
    let cache = cache_at(server.location());
    cache.put("x", b"{}", HOUR).await.unwrap();
    let long = "k".repeat(251);
    let version = get(&cache, "x").await.version;
    for key in [
        "",
        "a b",
        "a\r\nmd x",
        "a\nmd x",
        "a\0",
        "a\tb",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{a0}b",
        &long,
    ] {
        assert!(cache.get(key).await.unwrap().is_none());
        assert!(!cache.delete(key).await.unwrap());
        assert!(!cache.touch(key, HOUR, &version).await.unwrap());
        assert!(matches!(
            cache.replace(key, b"{}", HOUR, &version).await.unwrap(),
            Replaced::Gone
        ));
        assert!(cache.put(key, b"{}", HOUR).await.is_err());
        assert!(cache.add(key, b"{}", HOUR).await.is_err());
        assert!(cache.rename("x", key, b"{}", HOUR, &version).await.is_err());
    }
    assert_eq!(get(&cache, "x").await.version, version);
    // As pymemcache under Django, which allows them.
    cache.put("schlüssel", b"{}", HOUR).await.unwrap();
    assert_eq!(
        raw(server.port(), "get schlüssel\r\n".as_bytes()),
        "VALUE schlüssel 0 2"
    );
    assert!(cache.get(&"k".repeat(250)).await.unwrap().is_none());
    // A visitor's cookie may hold anything that a cookie can.
    let key = SessionKey::parse(&"k".repeat(4000)).unwrap();
    assert!(
        store_at(server.location(), Format::Json, &testing::settings())
            .load(&key)
            .await
            .unwrap()
            .is_none()
    );
}

#[test]
fn settings_that_memcached_cannot_do_are_refused() {
    let message = |change: &dyn Fn(&mut tenure::settings::CacheSettings)| {
        let mut entry = entry_at("127.0.0.1:11211");
        change(&mut entry);
        let opened = MemcachedCache::open(&entry, Format::Json, &testing::settings());
        opened.unwrap_err().to_string()
    };
    let location = |text: &str| message(&|entry| entry.location = vec![text.to_owned()]);
    assert!(message(&|entry| entry.location.clear()).starts_with("CACHES.default.LOCATION"));
    assert!(location("redis://x:1").contains("unix:/run/memcached.sock"));
    assert!(message(&|entry| entry.key_prefix = "my site".into()).contains("without spaces"));
    assert!(message(&|entry| entry.key_prefix = "x".repeat(200)).contains("250 bytes"));
    let pylibmc = message(&|entry| {
        entry.backend = "django.core.cache.backends.memcached.PyLibMCCache".into();
        entry.location = vec!["a".into(), "b".into()];
    });
    assert!(pylibmc.contains("name one server"), "{pylibmc}");
    let login = message(&|entry| {
        let option = ("password".to_owned(), "secret".to_owned());
        entry.options.extend([option]);
    });
    assert!(
        login.contains("OPTIONS.password") && !login.contains("secret"),
        "{login}"
    );
}

#[tokio::test]
async fn the_settings_open_it() {
    let server = Memcached::start();
    for (backend, flags) in [
        ("django.core.cache.backends.memcached.PyMemcacheCache", 1),
        ("django.core.cache.backends.memcached.PyLibMCCache", 1),
        ("tenure.cache.memcached", 0),
    ] {
        let mut settings = testing::settings();
        settings.engine = "cache".into();
        let mut entry = entry_at(server.location());
        entry.backend = backend.into();
        settings.caches.insert("default".into(), entry);
        let store = tenure::engine::open(&settings).await.unwrap();
        assert_eq!(store.engine(), "cache");
        store.delete(&key()).await.unwrap();
        let data = tenure::Data::from_json(b"{\"a\":1}").unwrap();
        let record = tenure::Record::new(data, SystemTime::now() + HOUR);
        store.create(&key(), &record).await.unwrap();
        let line = raw(server.port(), format!("get {KEY}\r\n").as_bytes());
        assert!(line.starts_with(&format!("VALUE {KEY} {flags} ")), "{line}");
    }
}
