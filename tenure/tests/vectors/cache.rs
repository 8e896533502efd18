//! What Django's caches hold: values, keys, and how long they live.

use std::{
    io::Read as _,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tenure::{
    Data, Record, SessionKey, Settings,
    engine::cache::{Cache as _, CacheStore, Format, MemoryCache},
    settings::CacheSettings,
    store::SessionStore as _,
};

use crate::common::{Scripted, unix, vectors};

const LIMIT: usize = 1 << 20;

/// The bytes of `field`, which may be compressed.
fn bytes(case: &Value, field: &str) -> Option<Vec<u8>> {
    if let Some(hex) = case[format!("{field}hex")].as_str() {
        return Some(unhex(hex));
    }
    let deflated = unhex(case[format!("{field}zlib_hex")].as_str()?);
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(&deflated[..])
        .read_to_end(&mut bytes)
        .unwrap();
    Some(bytes)
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn format(backend: &str, options: &[(&str, &str)]) -> Format {
    let mut entry = CacheSettings::default();
    entry.backend = backend.into();
    let options = options
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    entry.options = options.collect();
    Format::of("default", &entry).unwrap()
}

fn django_redis(options: &[(&str, &str)]) -> Format {
    format("django_redis.cache.RedisCache", options)
}

#[test]
fn values_are_read_and_written_to_the_byte() {
    let json = ("SERIALIZER", "django_redis.serializers.json.JSONSerializer");
    let zlib = ("COMPRESSOR", "django_redis.compressors.zlib.ZlibCompressor");
    for case in vectors("cache_values.json")["values"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let payload = case["payload"].as_str().unwrap();
        let data = Data::from_json(payload.as_bytes()).unwrap();
        for (format, field) in [
            (
                format("django.core.cache.backends.redis.RedisCache", &[]),
                "protocol5_",
            ),
            (
                format("django.core.cache.backends.memcached.PyMemcacheCache", &[]),
                "protocol5_",
            ),
            (
                format("django.core.cache.backends.memcached.PyLibMCCache", &[]),
                "protocol5_",
            ),
            (django_redis(&[]), "protocol4_"),
            (django_redis(&[("PICKLE_VERSION", "-1")]), "protocol5_"),
        ] {
            let stored = bytes(case, field).unwrap();
            assert!(format.encode(&data) == stored, "{name} as {format:?}");
            assert!(
                format.decode(&stored, LIMIT).unwrap() == data,
                "{name} as {format:?}"
            );
            if format == Format::Pickle {
                let flags = &case["memcached_flags"];
                assert_eq!(flags["pymemcache"], format.memcached_flags(), "{name}");
                assert_eq!(flags["pylibmc"], format.memcached_flags(), "{name}");
            }
        }
        for plain in [&[][..], &[json]] {
            let zlib = django_redis(&[plain, &[zlib]].concat());
            let plain = django_redis(plain);
            // What was written before the compressor was set is read too.
            for (written, read) in [(plain, plain), (zlib, zlib), (plain, zlib)] {
                let stored = written.encode(&data);
                assert!(
                    read.decode(&stored, LIMIT).unwrap() == data,
                    "{name} as {read:?}"
                );
            }
        }
    }
}

#[test]
fn other_pickles_of_pythons_are_read_as_json_has_them_or_refused() {
    for case in vectors("cache_values.json")["read"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let pickles: Vec<_> = ["", "protocol4_", "protocol5_"]
            .iter()
            .filter_map(|field| bytes(case, field))
            .collect();
        assert!(!pickles.is_empty(), "{name}");
        for pickle in pickles {
            let data = Format::Pickle.decode(&pickle, LIMIT);
            match case["payload"].as_str() {
                Some(payload) => assert_eq!(data.unwrap().to_json(), payload, "{name}"),
                None => assert!(data.is_err(), "{name}"),
            }
        }
    }
}

#[test]
fn hostile_pickles_are_refused() {
    for case in vectors("cache_values.json")["reject"].as_array().unwrap() {
        let pickle = bytes(case, "").unwrap();
        assert!(
            Format::Pickle.decode(&pickle, LIMIT).is_err(),
            "{}",
            case["name"]
        );
        assert!(
            django_redis(&[]).decode(&pickle, LIMIT).is_err(),
            "{}",
            case["name"]
        );
    }
}

#[tokio::test]
async fn keys_are_where_django_looks_for_them() {
    for case in vectors("cache_keys.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let full_key = case["full_key"].as_str().unwrap();
        assert_eq!(
            full_key.as_bytes(),
            unhex(case["full_key_utf8_hex"].as_str().unwrap()),
            "{name}"
        );
        let mut entry = CacheSettings::default();
        entry.key_prefix = case["key_prefix"].as_str().unwrap().into();
        entry.version = case["version"].as_i64().unwrap();
        let key = case["session_key"].as_str().unwrap();
        let engine = case["engine"].as_str().unwrap();
        assert_eq!(
            entry.full_key(&format!("django.contrib.sessions.{engine}{key}")),
            full_key,
            "{name}"
        );
        if engine == "cache" {
            let cache = Arc::new(MemoryCache::default());
            let store = CacheStore::new(cache.clone(), Format::Json, &entry, &Settings::django());
            let record = Record::new(Data::new(), SystemTime::now() + Duration::from_mins(1));
            store
                .create(&SessionKey::parse(key).unwrap(), &record)
                .await
                .unwrap();
            assert!(cache.get(full_key).await.unwrap().is_some(), "{name}");
        }
    }
}

/// Redis and memcached have this beside their own tests; this is the cache in memory, which Django's `locmem` is.
#[tokio::test]
async fn entries_live_as_long_as_in_django() {
    let key = SessionKey::parse("0123456789abcdefghijklmnopqrstuv").unwrap();
    for case in vectors("cache_ttl.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let now = unix(&case["now"]);
        let clock = Scripted::new(now, &[]);
        let cache = MemoryCache::default().with_system(clock.clone());
        let entry = CacheSettings::default();
        let store = CacheStore::new(Arc::new(cache), Format::Json, &entry, &Settings::django())
            .with_system(clock.clone());
        // No session lives for ever: a hundred years it is.
        let timeout = case["timeout"].as_f64().unwrap_or(100.0 * 365.0 * 86400.0);
        let ends = if timeout < 0.0 {
            now - Duration::from_secs_f64(-timeout)
        } else {
            now + Duration::from_secs_f64(timeout)
        };
        store
            .create(&key, &Record::new(Data::new(), ends))
            .await
            .unwrap();
        let lives = async |moment: SystemTime| {
            *clock.now.lock().unwrap() = moment;
            store.load(&key).await.unwrap().is_some()
        };
        assert_eq!(lives(now).await, timeout > 0.0, "{name}");
        if case["absolute_expiry_locmem_and_file"].is_null() {
            assert!(
                lives(now + Duration::from_hours(50 * 365 * 24)).await,
                "{name}"
            );
        } else if timeout > 0.0 {
            let end = unix(&case["absolute_expiry_locmem_and_file"]);
            let millisecond = Duration::from_millis(1);
            assert!(lives(end - millisecond).await, "{name}");
            assert!(!lives(end + millisecond).await, "{name}");
        }
    }
}
