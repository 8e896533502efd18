//! A real Django with pymemcache on the same servers.

use std::{ffi::OsString, time::SystemTime};

use serde_json::json;
use tenure::{
    Data, Record, SessionKey, Sessions,
    engine::cache::Format,
    store::{Created, Renamed, Saved, SessionStore},
    testing,
};
use testkit::{Django, Memcached};

use super::{
    python_values,
    site::{HOUR, store_at},
};

fn django(servers: &[Memcached], folder: &tempfile::TempDir) -> Django {
    let location: Vec<_> = servers.iter().map(Memcached::location).collect();
    let backend = "django.core.cache.backends.memcached.PyMemcacheCache";
    let caches = json!({"default": {"BACKEND": backend, "LOCATION": location}});
    let variables: [(_, OsString); 4] = [
        ("DJANGO_DB", folder.path().join("none.sqlite3").into()),
        ("DJANGO_SECRET_KEY", "not used".into()),
        ("DJANGO_CACHES", caches.to_string().into()),
        (
            "SESSION_ENGINE",
            "django.contrib.sessions.backends.cache".into(),
        ),
    ];
    Django::start(variables)
}

#[tokio::test]
async fn django_and_tenure_share_the_sessions_of_three_servers() {
    let servers = [
        Memcached::start(),
        Memcached::start(),
        Memcached::start_on_socket(),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut django = django(&servers, &folder);
    let location: Vec<_> = servers.iter().map(Memcached::location).collect();
    let store = store_at(location.join(";"), Format::Pickle, &testing::settings());
    let data = json!({"name": "Zoë 😀", "cart": [1, 2.5, null, true], "_session_expiry": 3600});
    for _ in 0..30 {
        // Django's session, read, prolonged, changed and moved.
        let saved = django.ask(&json!({"op": "save", "data": data}));
        let key = SessionKey::parse(saved["key"].as_str().unwrap()).unwrap();
        let record = store.load(&key).await.unwrap().unwrap();
        assert_eq!(record.damage, None);
        let read: serde_json::Value = serde_json::from_str(&record.data.to_json()).unwrap();
        assert_eq!(read, data);
        let left = record.expires_at.duration_since(SystemTime::now()).unwrap();
        assert!((3590..=3600).contains(&left.as_secs()), "{left:?}");
        assert!(
            store
                .touch(&key, SystemTime::now() + 2 * HOUR, &record.version)
                .await
                .unwrap()
        );
        let loaded = django.ask(&json!({"op": "load", "key": key.as_str()}));
        assert_eq!(loaded["data"], data);
        let record = store.load(&key).await.unwrap().unwrap();
        let changed = Record::new(
            Data::from_json(b"{\"a\":1}").unwrap(),
            SystemTime::now() + HOUR,
        );
        let saved = store.save(&key, &changed, &record.version).await.unwrap();
        let Saved::Saved(version) = saved else {
            panic!("nobody else writes");
        };
        let loaded = django.ask(&json!({"op": "load", "key": key.as_str()}));
        assert_eq!(loaded["data"], json!({"a": 1}));
        let new = SessionKey::generate(&tenure::system::OperatingSystem).unwrap();
        let renamed = store.rename(&key, &new, &changed, &version).await.unwrap();
        assert!(matches!(renamed, Renamed::Renamed(_)));
        assert_eq!(
            django.ask(&json!({"op": "load", "key": key.as_str()}))["exists"],
            false
        );
        assert_eq!(
            django.ask(&json!({"op": "load", "key": new.as_str()}))["exists"],
            true
        );
        django.ask(&json!({"op": "delete", "key": new.as_str()}));
        assert!(store.load(&new).await.unwrap().is_none());
        // A session of ours.
        let created = store.create(&key, &changed).await.unwrap();
        assert!(matches!(created, Created::Created(_)));
        let loaded = django.ask(&json!({"op": "load", "key": key.as_str()}));
        assert_eq!(loaded["data"], json!({"a": 1}));
    }
}

#[tokio::test]
async fn what_python_has_and_json_has_not_stays_djangos() {
    let servers = [Memcached::start()];
    let folder = tempfile::tempdir().unwrap();
    let mut django = django(&servers, &folder);
    let settings = testing::settings();
    let store = store_at(servers[0].location(), Format::Pickle, &settings);
    let sessions = Sessions::new(store, &settings).unwrap();
    python_values::are_an_error_and_stay(&mut django, &sessions).await;
    python_values::outlast_a_slow_request(&mut django, &sessions).await;
}
