//! A real Django with `cached_db` on the same database and the same cache server.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tenure::{
    Data, Json, Record, SessionKey, Settings,
    engine::{
        cache::{Cache as _, Entry, SharedCache},
        db::SqliteStore,
    },
    settings::CacheSettings,
    store::{Created, Renamed, Saved, SessionStore as _, Store},
};
use testkit::{Django, Memcached, Redis};

use crate::{
    cache_stage::key,
    servers::{self, DJANGO_REDIS, MEMCACHED, REDIS},
};

/// What stands behind a session, so that a save needs no read of the row.
const TRAILER: &[u8] = b"tnr1";

/// One site, by tenure and by Django.
struct Both {
    store: Store,
    django: Django,
    /// The database alone: what is no longer there and still found came from the cache.
    database: SqliteStore,
    cache: SharedCache,
    what: String,
}

impl Both {
    async fn on(database: &Path, entry: CacheSettings) -> Self {
        let what = format!("{} {:?}", entry.backend, entry.options);
        let settings = servers::settings(database, entry);
        let mut django = django(database, &settings);
        django.ask(&json!({"op": "migrate"}));
        Self {
            store: tenure::engine::open(&settings).await.unwrap(),
            django,
            database: servers::database(&settings).await,
            cache: servers::cache(&settings).await.0,
            what,
        }
    }

    /// What Django finds: the data, or nothing.
    fn django_finds(&mut self, key: &SessionKey) -> Option<Value> {
        let found = self.django.ask(&json!({"op": "load", "key": key.as_str()}));
        (found["exists"] == true).then(|| found["data"].clone())
    }

    /// What tenure finds.
    async fn tenure_finds(&self, key: &SessionKey) -> Option<Value> {
        let found = self.store.load(key).await.unwrap()?;
        assert_eq!(found.damage, None, "{}", self.what);
        Some(serde_json::from_str(&found.data.to_json()).unwrap())
    }

    async fn entry(&self, key: &SessionKey) -> Entry {
        let key = format!(":1:django.contrib.sessions.cached_db{}", key.as_str());
        self.cache.get(&key).await.unwrap().unwrap()
    }

    async fn ours(&self, data: &Value) -> SessionKey {
        let key = key();
        let created = self.store.create(&key, &record(data)).await.unwrap();
        assert!(matches!(created, Created::Created(_)));
        key
    }

    fn djangos(&mut self, data: &Value) -> SessionKey {
        let saved = self
            .django
            .ask(&json!({"op": "save", "data": data, "expiry": 600}));
        SessionKey::parse(saved["key"].as_str().unwrap()).unwrap()
    }

    /// The row goes, as in a database that was restored from yesterday's copy. What is found now is in the cache.
    async fn drop_row(&self, key: &SessionKey) {
        assert!(self.database.delete(key).await.unwrap());
    }

    async fn check(&mut self) {
        self.djangos_cache_has_what_we_put_there().await;
        self.we_read_what_django_saved().await;
        self.each_sees_what_the_other_saved().await;
        self.what_one_ended_is_over_for_the_other().await;
        self.an_entry_that_only_python_reads_hides_no_row().await;
    }

    async fn djangos_cache_has_what_we_put_there(&mut self) {
        let key = self.ours(&sample()).await;
        let ends = self.store.load(&key).await.unwrap().unwrap().expires_at;
        let found = self.django.ask(&json!({"op": "load", "key": key.as_str()}));
        let row = found["expire_date"].as_str().unwrap();
        let what = &self.what;
        assert!(close(moment(row), ends), "{what}");
        let entry = self.entry(&key).await;
        assert!(
            close(SystemTime::now() + entry.ttl.unwrap(), ends),
            "{what}"
        );
        self.drop_row(&key).await;
        assert_eq!(self.django_finds(&key), Some(sample()), "{}", self.what);
    }

    async fn we_read_what_django_saved(&mut self) {
        let key = self.djangos(&sample());
        let found = self.store.load(&key).await.unwrap().unwrap();
        let mut expected = sample();
        expected["_session_expiry"] = json!(600);
        assert_eq!(self.tenure_finds(&key).await, Some(expected.clone()));
        let ends = SystemTime::now() + Duration::from_mins(10);
        assert!(close(found.expires_at, ends), "{}", self.what);
        self.drop_row(&key).await;
        assert_eq!(self.tenure_finds(&key).await, Some(expected.clone()));
        assert_eq!(self.django_finds(&key), Some(expected), "{}", self.what);
    }

    async fn each_sees_what_the_other_saved(&mut self) {
        let what = self.what.clone();
        let key = self.ours(&json!({"n": 1})).await;
        let old = self.store.load(&key).await.unwrap().unwrap();
        let change = json!({"op": "save", "key": key.as_str(), "data": {"n": 2}});
        self.django.ask(&change);
        // What we had read before is not what is there.
        let late = record(&json!({"n": 0}));
        let saved = self.store.save(&key, &late, &old.version).await;
        let Saved::Conflict(current) = saved.unwrap() else {
            panic!("{what}: what Django saved is overwritten");
        };
        assert_eq!(current.data.to_json(), "{\"n\":2}", "{what}");
        assert_eq!(self.tenure_finds(&key).await, Some(json!({"n": 2})));
        assert_eq!(self.django_finds(&key), Some(json!({"n": 2})), "{what}");

        let mut base = current.version;
        for n in [3, 4] {
            let changed = record(&json!({"n": n}));
            let saved = self.store.save(&key, &changed, &base).await;
            let Saved::Saved(version) = saved.unwrap() else {
                panic!("{what}: nobody else saves");
            };
            base = version;
            assert_eq!(self.django_finds(&key), Some(json!({"n": n})), "{what}");
            assert_eq!(self.tenure_finds(&key).await, Some(json!({"n": n})));
        }
        let change = json!({"op": "save", "key": key.as_str(), "data": {"n": 5}});
        self.django.ask(&change);
        assert_eq!(self.tenure_finds(&key).await, Some(json!({"n": 5})));
    }

    async fn what_one_ended_is_over_for_the_other(&mut self) {
        let what = self.what.clone();
        // Both have it from the cache before.
        let key = self.ours(&json!({"n": 1})).await;
        assert!(self.django_finds(&key).is_some());
        assert!(self.store.delete(&key).await.unwrap());
        assert_eq!(self.django_finds(&key), None, "{what}");

        let key = self.djangos(&json!({"n": 1}));
        let found = self.store.load(&key).await.unwrap().unwrap();
        let new = crate::cache_stage::key();
        let mut base = found.version.clone();
        // Beside JSON there is no place for the row's version.
        while let Renamed::Conflict(current) =
            self.store.rename(&key, &new, &found, &base).await.unwrap()
        {
            base = current.version;
        }
        assert_eq!(self.django_finds(&key), None, "{what}");
        assert!(self.django_finds(&new).is_some(), "{what}");

        assert!(self.tenure_finds(&new).await.is_some());
        self.django
            .ask(&json!({"op": "delete", "key": new.as_str()}));
        assert_eq!(self.tenure_finds(&new).await, None, "{what}");
        let saved = self.store.save(&new, &found, &found.version).await;
        assert!(matches!(saved, Ok(Saved::Gone)), "{what}: {saved:?}");
        assert_eq!(self.django_finds(&new), None, "{what}");
    }

    /// With a serializer of the site's own, a date can be text in the row and a date in the cache.
    async fn an_entry_that_only_python_reads_hides_no_row(&mut self) {
        let key = self.ours(&json!({"n": 1})).await;
        let full = format!(":1:django.contrib.sessions.cached_db{}", key.as_str());
        let (dated, minute) = (b"\x80\x04}\x8c\x01nC\x01xs.", Duration::from_mins(1));
        self.cache.put(&full, dated, minute).await.unwrap();
        assert_eq!(self.tenure_finds(&key).await, Some(json!({"n": 1})));
    }
}

fn sample() -> Value {
    json!({"name": "Zo\u{eb} \u{1f600}", "cart": [1, 2.5, null, {"id": 70_000}], "n": 0})
}

fn record(data: &Value) -> Record {
    let json = Json::of(data).unwrap();
    let data = Data::from_json(json.as_str().as_bytes()).unwrap();
    Record::new(data, SystemTime::now() + Duration::from_hours(1))
}

fn moment(text: &str) -> SystemTime {
    let moment: jiff::Timestamp = text.parse().unwrap();
    SystemTime::try_from(moment).unwrap()
}

/// Caches count whole seconds.
fn close(one: SystemTime, other: SystemTime) -> bool {
    let apart = one
        .duration_since(other)
        .or_else(|_| other.duration_since(one));
    apart.unwrap() < Duration::from_secs(3)
}

fn django(database: &Path, settings: &Settings) -> Django {
    let entry = &settings.caches["default"];
    let mut cache = json!({"BACKEND": entry.backend, "LOCATION": entry.location[0]});
    for (name, value) in &entry.options {
        cache["OPTIONS"][name] = json!(value);
    }
    let secret = settings.secret_key.as_ref().unwrap().as_bytes();
    Django::start([
        ("DJANGO_CACHES", json!({"default": cache}).to_string()),
        ("DJANGO_DB", database.display().to_string()),
        (
            "DJANGO_SECRET_KEY",
            String::from_utf8(secret.into()).unwrap(),
        ),
        (
            "SESSION_ENGINE",
            "django.contrib.sessions.backends.cached_db".to_owned(),
        ),
    ])
}

#[tokio::test]
async fn django_and_tenure_share_a_database_behind_redis() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Redis::start());
    let json = ("SERIALIZER", "django_redis.serializers.json.JSONSerializer");
    let zlib = ("COMPRESSOR", "django_redis.compressors.zlib.ZlibCompressor");
    for (backend, option) in [
        (REDIS, None),
        (DJANGO_REDIS, None),
        (DJANGO_REDIS, Some(json)),
        (DJANGO_REDIS, Some(zlib)),
    ] {
        let mut entry = servers::entry(backend, server.url());
        if let Some((name, value)) = option {
            entry.options.insert(name.into(), value.into());
        }
        let mut both = Both::on(&folder.path().join("site.sqlite3"), entry).await;
        both.check().await;
        // JSON has no place for anything behind it.
        let ours = both.ours(&sample()).await;
        let trailed = both.entry(&ours).await.value.ends_with(TRAILER);
        assert_eq!(trailed, option != Some(json), "{}", both.what);
    }
}

#[tokio::test]
async fn django_and_tenure_share_a_database_behind_memcached() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Memcached::start());
    let entry = servers::entry(MEMCACHED, server.location());
    let mut both = Both::on(&folder.path().join("site.sqlite3"), entry).await;
    both.check().await;
}
