//! Rows of `django_session` as SQLite holds them: texts of dates, time zones, boundaries.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;
use tenure::{
    Data, Expiry, SessionKey, Sessions, Settings, codec::SignedJson, engine::db::SqliteStore,
    store::SessionStore,
};

use crate::{
    common::{Scripted, settings, unix, vectors},
    deliberate,
};

struct Table {
    _folder: tempfile::TempDir,
    connection: Connection,
    store: SqliteStore,
    settings: Settings,
}

impl Table {
    async fn new(mut settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let store = SqliteStore::open(&settings).await.unwrap();
        store.create_table().await.unwrap();
        Self {
            connection: Connection::open(path).unwrap(),
            _folder: folder,
            store,
            settings,
        }
    }

    fn put(&self, expire_date: &Value) -> SessionKey {
        let sql = "INSERT INTO django_session VALUES ('0123456789abcdef', 'e30', ?1)";
        self.connection
            .execute(sql, [expire_date.as_str().unwrap()])
            .unwrap();
        SessionKey::parse("0123456789abcdef").unwrap()
    }

    async fn loads(&self, now: SystemTime) -> bool {
        let system = Scripted::new(now, &[]);
        let sessions = Sessions::with_system(self.store.clone(), &self.settings, system).unwrap();
        sessions
            .session("0123456789abcdef")
            .load()
            .await
            .unwrap()
            .key()
            .is_some()
    }
}

fn plain() -> Settings {
    settings("a secret for these cases, of no other use", None).unwrap()
}

fn utc(text: &str) -> SystemTime {
    let text = format!("{}Z", text.trim_end_matches("+00:00"));
    let timestamp = text.parse::<Timestamp>().unwrap();
    SystemTime::UNIX_EPOCH
        + Duration::from_micros(u64::try_from(timestamp.as_microsecond()).unwrap())
}

#[tokio::test]
async fn rows_that_django_saved() {
    let file = vectors("db_rows.json");
    let secret = file["secret"]
        .as_str()
        .unwrap_or("django-insecure-b6$k!vz0wq2m8x@t5#hn1r^y7u&e3jc(p4l*d9s+f_g=o)aZ");
    for case in file["rows"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let key = case["session_key"].as_str().unwrap();
        let mut settings = settings(secret, None).unwrap();
        settings.use_tz = case["use_tz"].as_bool().unwrap();
        settings.time_zone = case["time_zone"].as_str().unwrap().to_owned();
        let system = Scripted::new(unix(&case["now"]), &[key]);
        let table = Table::new(settings).await;
        let store = table.store.clone().with_system(system.clone());
        let sessions = Sessions::with_system(store, &table.settings, system).unwrap();
        let session = sessions.new_session().load().await.unwrap();
        match &case["set_expiry"] {
            Value::Null => {}
            Value::Object(delta) => {
                let delta = Duration::from_secs_f64(delta["timedelta_seconds"].as_f64().unwrap());
                session
                    .set_expiry(Expiry::At(unix(&case["now"]) + delta))
                    .unwrap();
            }
            seconds => session.insert("_session_expiry", seconds).unwrap(),
        }
        // The payload's own keys come in the order in which Django set them.
        let data = tenure::Data::from_json(case["payload"].as_str().unwrap().as_bytes()).unwrap();
        for (key, value) in data.iter() {
            if key != "_session_expiry" {
                session
                    .insert(&key, serde_json::from_str::<Value>(value).unwrap())
                    .unwrap();
            }
        }
        session.save().await.unwrap();
        let sql = "SELECT session_key, session_data, expire_date FROM django_session";
        let row: (String, String, String) = table
            .connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        let codec = SignedJson::new(table.settings.secret_key.as_ref().unwrap(), &[]);
        let stored = codec.decode(&row.1).unwrap().to_json();
        let expected = Data::from_json(case["payload"].as_str().unwrap().as_bytes()).unwrap();
        let pairs = |data: &Data| -> BTreeMap<String, String> {
            data.iter()
                .map(|(key, value)| (key.into_owned(), value.to_owned()))
                .collect()
        };
        let stored = Data::from_json(stored.as_bytes()).unwrap();
        assert_eq!(pairs(&stored), pairs(&expected), "{name}");
        assert_eq!(row.0, key, "{name}");
        assert_eq!(row.2, case["expire_date_text"].as_str().unwrap(), "{name}");
        // And back: what Django stored is read at the same moment.
        let sql = "UPDATE django_session SET session_data = ?1";
        table
            .connection
            .execute(sql, [case["session_data"].as_str().unwrap()])
            .unwrap();
        let record = table
            .store
            .load(&SessionKey::parse(key).unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            record.data.to_json(),
            case["payload"].as_str().unwrap(),
            "{name}"
        );
        assert_eq!(record.damage, None, "{name}");
        assert_eq!(record.expires_at, session.expiry_date(), "{name}");
    }
}

#[tokio::test]
async fn boundaries_to_the_microsecond() {
    let file = vectors("db_rows.json");
    for case in file["boundaries"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let table = Table::new(plain()).await;
        let key = table.put(&case["expire_date_text"]);
        let now = unix(&case["now"]);
        assert_eq!(
            table.store.load(&key).await.unwrap().is_some(),
            case["exists"],
            "{name}"
        );
        let cleared = table.store.clear_expired(now, 1000).await.unwrap();
        assert_eq!(cleared == 0, case["survives_clear_expired"], "{name}");
        if cleared == 0 {
            assert_eq!(table.loads(now).await, case["loads"], "{name}");
        }
    }
}

#[tokio::test]
async fn dates_that_django_reads() {
    let file = vectors("db_rows.json");
    for case in file["readable"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let table = Table::new(plain()).await;
        let key = table.put(&case["expire_date_text"]);
        let record = table.store.load(&key).await.unwrap().unwrap();
        assert_eq!(
            record.expires_at,
            utc(case["django_reads"].as_str().unwrap()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn dates_compared_with_now() {
    let file = vectors("db_rows.json");
    for case in file["comparisons"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let table = Table::new(plain()).await;
        table.put(&case["expire_date_text"]);
        let loads = table.loads(utc(case["now_text"].as_str().unwrap())).await;
        let deliberate = deliberate::differs("db_rows.json", name);
        assert_eq!(
            loads,
            case["loads"].as_bool().unwrap() != deliberate,
            "{name}"
        );
    }
}
