//! A real Django on the same Redis.

use std::time::{Duration, SystemTime};

use serde_json::json;
use tenure::{SessionKey, Settings, store::Saved};
use testkit::{Django, Redis};

use crate::{
    python_values,
    site::{self, kept, record},
};

/// What Django is to know of the same cache.
fn django(settings: &Settings, options: &serde_json::Value) -> Django {
    let entry = &settings.caches["default"];
    let caches = json!({"default": {
        "BACKEND": entry.backend,
        "LOCATION": entry.location[0],
        "KEY_PREFIX": entry.key_prefix,
        "VERSION": entry.version,
        "OPTIONS": options,
    }});
    Django::start([
        ("DJANGO_CACHES", caches.to_string()),
        (
            "SESSION_ENGINE",
            "django.contrib.sessions.backends.cache".to_owned(),
        ),
        ("DJANGO_SECRET_KEY", "a secret for tests alone".to_owned()),
        ("DJANGO_DB", "/nonexistent/unused.sqlite3".to_owned()),
    ])
}

#[tokio::test]
async fn django_and_we_read_and_write_each_others_sessions() {
    let json = "django_redis.serializers.json.JSONSerializer";
    for (backend, serializer) in [
        (site::DJANGO, None),
        (site::DJANGO_REDIS, None),
        (site::DJANGO_REDIS, Some(json)),
    ] {
        let server = Redis::start();
        let mut settings = site::settings_for(backend, &server.url());
        let entry = settings.caches.get_mut("default").unwrap();
        entry.key_prefix = "shop".into();
        entry.version = 2;
        let mut options = json!({});
        if let Some(serializer) = serializer {
            options["SERIALIZER"] = json!(serializer);
            entry.options.insert("SERIALIZER".into(), serializer.into());
        }
        let mut django = django(&settings, &options);
        let store = site::open(&settings).await.unwrap();
        if serializer.is_none() {
            let sessions = site::sessions(&settings).await;
            python_values::are_an_error_and_stay(&mut django, &sessions).await;
            python_values::outlast_a_slow_request(&mut django, &sessions).await;
            server.command(&["FLUSHALL"]);
        }

        // Ours is Django's.
        let (key, _) = kept(&store).await;
        let full = format!("shop:2:django.contrib.sessions.cache{}", key.as_str());
        assert_eq!(server.command(&["KEYS", "*"]), full);
        let left: u64 = server.command(&["PTTL", &full]).parse().unwrap();
        assert!((3_590_000..=3_600_000).contains(&left), "{left}");
        let found = django.ask(&json!({"op": "load", "key": key.as_str()}));
        assert_eq!(found["data"], json!({"name": "Ada"}), "{backend}");

        // Django's is ours, to the byte when it is written again.
        let data =
            json!({"name": "Zo\u{eb} \u{1f600}", "cart": [1, 2.5, null, {"id": 70_000}], "n": 0});
        let saved = django.ask(&json!({"op": "save", "data": data, "expiry": 600}));
        let key = SessionKey::parse(saved["key"].as_str().unwrap()).unwrap();
        let found = store.load(&key).await.unwrap().unwrap();
        assert_eq!(found.damage, None, "{backend}");
        let text: serde_json::Value = serde_json::from_str(&found.data.to_json()).unwrap();
        assert_eq!(text["cart"], data["cart"]);
        assert_eq!(text["name"], data["name"]);
        let left = found.expires_at.duration_since(SystemTime::now()).unwrap();
        assert!(
            (Duration::from_secs(590)..=Duration::from_mins(10)).contains(&left),
            "{left:?}"
        );

        // What Django changes meanwhile is not overwritten.
        let mut changed = data.clone();
        changed["name"] = json!("Ann");
        django.ask(&json!({"op": "save", "key": key.as_str(), "data": changed}));
        let saved = store
            .save(&key, &record("late"), &found.version)
            .await
            .unwrap();
        assert!(matches!(saved, Saved::Conflict(_)), "{saved:?}");

        // What we end is over for Django.
        assert!(store.delete(&key).await.unwrap());
        let found = django.ask(&json!({"op": "load", "key": key.as_str()}));
        assert_eq!(found["exists"], json!(false));
    }
}
