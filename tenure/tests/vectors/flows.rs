//! Whole requests, from a known state of the store, compared with what a real Django did: cookie, `Vary`, and the store afterwards.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use crate::common::{Scripted, operate, settings, unix, vectors};
use rusqlite::Connection;
use serde_json::Value;
use tenure::{
    SessionError, Sessions, Settings, codec::SignedJson, engine::db::SqliteStore,
    store::SessionStore,
};

/// Cases in which tenure does something else than Django, and why. COMPATIBILITY.md shows this list; a test compares the two.
pub(crate) const DELIBERATE: &[(&str, &str)] = &[
    ("db_unknown_clear", NO_SESSION),
    ("db_bad_chars_clear", NO_SESSION),
    ("db_unknown_save_every_untouched", NO_ROW),
    ("db_bad_chars_save_every_untouched", NO_ROW),
    ("db_expired_save_every_untouched", NO_ROW),
    ("db_expired_read", DELETED),
    ("db_expired_write", DELETED),
    ("db_expired_delete_key", DELETED),
    ("db_expired_cycle", DELETED),
    ("db_expired_set_expiry_0", DELETED),
    ("db_expired_write_500", DELETED),
    ("db_expired_save_every_read", DELETED),
    ("db_expired_clear", NO_REVIVAL),
    ("db_expired_random_1", SAVE_TWICE),
    ("db_expired_random_2", SAVE_TWICE),
];
const NO_SESSION: &str =
    "clearing a session that is not there is no error: Django answers 400 to a stranger's cookie";
const NO_ROW: &str =
    "a stranger's or expired cookie makes no row: Django stores an empty session for it";
const DELETED: &str = "an expired session that a request meets is deleted then and there: Django leaves it to clearsessions";
const NO_REVIVAL: &str =
    "clearing an expired session does not bring it back: Django gives its key a new life";
const SAVE_TWICE: &str = "saving a session that was just created works, and the expired one is deleted: Django fails with UpdateError";

/// What a request left behind.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    set_cookie: Option<String>,
    vary: bool,
    /// Key to JSON payload, for every row.
    rows: BTreeMap<String, String>,
    dates: BTreeMap<String, String>,
}

struct Site {
    _folder: tempfile::TempDir,
    connection: Connection,
    store: SqliteStore,
    sessions: Sessions,
    codec: SignedJson,
}

impl Site {
    async fn new(mut settings: Settings, system: Arc<Scripted>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let store = SqliteStore::open(&settings)
            .await
            .unwrap()
            .with_system(system.clone());
        store.create_table().await.unwrap();
        let sessions = Sessions::with_system(store.clone(), &settings, system).unwrap();
        let codec = SignedJson::new(
            settings.secret_key.as_ref().unwrap(),
            &settings.secret_key_fallbacks,
        );
        Self {
            connection: Connection::open(&path).unwrap(),
            _folder: folder,
            store,
            sessions,
            codec,
        }
    }

    fn put(&self, key: &str, text: &str, expire_date: &str) {
        let sql = "INSERT INTO django_session VALUES (?1, ?2, ?3)";
        self.connection
            .execute(sql, [key, text, expire_date])
            .unwrap();
    }

    async fn request(&self, cookie: Option<&str>, operations: &[Value], status: u16) -> Seen {
        let header = cookie.map(|cookie| cookie.as_bytes().to_vec());
        let lazy = self.sessions.begin(header.as_deref());
        let mut failed = None;
        for operation in operations {
            // Django answers this one from what it knows without the store; so does the handle that is not loaded.
            if operation[0] == "is_empty" {
                continue;
            }
            let session = lazy.load().await.unwrap();
            let key = session.key();
            let delete = async || {
                self.store.delete(key.as_ref().unwrap()).await.unwrap();
            };
            if let Err(error) = operate(&session, operation, delete).await {
                failed = Some(error);
                break;
            }
        }
        let status = failed.as_ref().map_or(status, SessionError::status);
        let finished = match self.sessions.finish_now(&lazy, status) {
            Some(headers) => Ok(headers),
            None => self.sessions.finish(&lazy, status).await,
        };
        let (status, set_cookie, vary) = match finished {
            Ok(headers) => (status, headers.set_cookie, headers.vary_cookie),
            Err(error) => (error.status(), None, true),
        };
        let mut statement = self
            .connection
            .prepare("SELECT session_key, session_data, expire_date FROM django_session")
            .unwrap();
        let (mut rows, mut dates) = (BTreeMap::new(), BTreeMap::new());
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let key: String = row.get(0).unwrap();
            let text: String = row.get(1).unwrap();
            let payload = self
                .codec
                .decode(&text)
                .map_or_else(|_| "undecodable".into(), |data| data.to_json());
            rows.insert(key.clone(), payload);
            dates.insert(key, row.get(2).unwrap());
        }
        Seen {
            status,
            set_cookie,
            vary,
            rows,
            dates,
        }
    }
}

fn column(iso: &str) -> String {
    iso.strip_suffix("+00:00").unwrap().replace('T', " ")
}

fn column_at(time: SystemTime) -> String {
    let micros = i64::try_from(
        time.duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_micros(),
    )
    .unwrap();
    jiff::Timestamp::from_microsecond(micros)
        .unwrap()
        .strftime("%Y-%m-%d %H:%M:%S%.6f")
        .to_string()
}

/// What Django's case expects, in the same terms.
fn expected(case: &Value, key_before: Option<&str>) -> Seen {
    let expect = &case["expect"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (mut rows, mut dates) = (BTreeMap::new(), BTreeMap::new());
    if let (Some(key), Some(payload)) = (
        text(&expect["session_key_after"]),
        text(&expect["stored_after"]),
    ) {
        rows.insert(key.clone(), payload);
        if let Some(date) = expect["expire_date_after"].as_str() {
            dates.insert(key, column(date));
        }
    }
    if let (Some(key), Some(payload)) = (key_before, text(&expect["stored_after_old_key"])) {
        rows.insert(key.to_owned(), payload);
    }
    let status = expect["http_status"]
        .as_u64()
        .or(case["response_status"].as_u64())
        .unwrap();
    let error = !expect["error"].is_null();
    Seen {
        status: u16::try_from(status).unwrap(),
        set_cookie: text(&expect["set_cookie"]),
        vary: error || expect["vary"].as_str().is_some(),
        rows,
        dates,
    }
}

#[tokio::test]
async fn db_cases_of_flows() {
    let file = vectors("flows.json");
    let mut checked = 0;
    let mut failures = Vec::new();
    let mut deliberate: BTreeMap<&str, &str> = DELIBERATE.iter().copied().collect();
    for case in file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["engine"] == "db")
    {
        checked += 1;
        let name = case["name"].as_str().unwrap();
        let keys: Vec<&str> = case["generated_keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.as_str().unwrap())
            .collect();
        let mut settings = settings(case["secret"].as_str().unwrap(), None).unwrap();
        settings.save_every_request = case["save_every_request"].as_bool().unwrap();
        let site = Site::new(settings, Scripted::new(unix(&case["now"]), &keys)).await;
        let cookie_key = case["request_cookie"].as_str();
        if let (Some(key), Some(stored)) = (cookie_key, case["stored_before"].as_str()) {
            let stored_at = unix(&case["stored_at"]);
            let (text, expiry) = if stored == "undecodable" {
                ("e30:tampered:with".to_owned(), None)
            } else {
                let data = tenure::Data::from_json(stored.as_bytes()).unwrap();
                let expiry = data.get::<Value>("_session_expiry").unwrap();
                (site.codec.encode(&data, stored_at), expiry)
            };
            let date = match expiry {
                Some(Value::String(iso)) => column(&iso),
                Some(Value::Number(seconds)) => {
                    column_at(stored_at + std::time::Duration::from_secs(seconds.as_u64().unwrap()))
                }
                _ => column_at(stored_at + std::time::Duration::from_hours(14 * 24)),
            };
            site.put(key, &text, &date);
        }
        let cookie = cookie_key.map(|key| format!("sessionid={key}"));
        let operations = case["operations"].as_array().unwrap();
        let status = u16::try_from(case["response_status"].as_u64().unwrap()).unwrap();
        let mut seen = site.request(cookie.as_deref(), operations, status).await;
        let expected = expected(case, cookie_key);
        seen.dates.retain(|key, _| expected.dates.contains_key(key));
        let differs = seen != expected;
        match (deliberate.remove(name), differs) {
            (Some(_), false) => {
                failures.push(format!("{name} stands as deliberate, but does not differ"));
            }
            (None, true) => failures.push(format!(
                "{name} {operations:?} {status}\n   seen     {seen:?}\n   expected {expected:?}"
            )),
            _ => {}
        }
    }
    assert!(deliberate.is_empty(), "no such cases: {deliberate:?}");
    assert!(
        failures.is_empty(),
        "{} of {checked} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    println!(
        "{checked} cases of flows.json, {} of them deliberately different",
        DELIBERATE.len()
    );
}
