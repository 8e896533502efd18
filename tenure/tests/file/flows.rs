//! Whole requests, from a known state of the folder, compared with what a real Django did: cookie, `Vary`, and the files afterwards.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use serde_json::Value;
use tenure::{
    Data, SessionError, Sessions, Settings, codec::SignedJson, engine::file::FileStore,
    store::SessionStore,
};

use crate::{
    common::{Scripted, operate, settings, unix, vectors},
    site::{key, names},
};

/// Cases in which tenure does something else than Django, and why.
const DELIBERATE: &[(&str, &str)] = &[
    ("file_valid_int_expiry_random_1", COOKIE_FOLLOWS),
    ("file_unknown_clear", NO_SESSION),
    ("file_bad_chars_clear", NO_SESSION),
    ("file_bad_chars_flush", NO_SESSION),
    ("file_bad_chars_flush_then_write", NO_SESSION),
    ("file_bad_chars_random_1", NO_SESSION),
    ("file_unknown_save_every_untouched", NO_FILE),
    ("file_bad_chars_save_every_untouched", NO_FILE),
    ("file_expired_save_every_untouched", NO_FILE),
    ("file_expired_save_every_read", NO_FILE),
    ("file_expired_read", NO_FILE),
    ("file_expired_delete_key", NO_FILE),
    ("file_expired_write_500", NO_FILE),
    ("file_expired_cycle", ONE_KEY),
    ("file_expired_random_0", ONE_KEY),
    ("file_expired_clear", NO_REVIVAL),
];
const COOKIE_FOLLOWS: &str = "a new key reaches the visitor also if the handler fails afterwards: Django leaves the cookie of the dead key";
const NO_SESSION: &str =
    "ending a session that is not there is no error: Django answers 400 to a stranger's cookie";
const NO_FILE: &str =
    "a stranger's or expired cookie makes no file: Django stores an empty session for it";
const ONE_KEY: &str =
    "one key is drawn for one new session: Django draws one for the expired session first";
const NO_REVIVAL: &str =
    "clearing an expired session does not bring it back: Django gives its key a new life";

/// What a request left behind.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    set_cookie: Option<String>,
    vary: bool,
    /// Key to JSON payload, for every file.
    files: BTreeMap<String, String>,
}

struct Site {
    folder: tempfile::TempDir,
    store: FileStore,
    sessions: Sessions,
    codec: SignedJson,
}

impl Site {
    async fn new(mut settings: Settings, system: Arc<Scripted>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        settings.file_path = Some(folder.path().to_owned());
        let store = FileStore::open(&settings).await.unwrap();
        let store = store.with_system(system.clone());
        Self {
            sessions: Sessions::with_system(store.clone(), &settings, system).unwrap(),
            codec: SignedJson::new(settings.secret_key.as_ref().unwrap(), &[]),
            folder,
            store,
        }
    }

    fn put(&self, key: &str, stored: &str, at: &Value) {
        let text = if stored == "undecodable" {
            "Xe30:1x8ela:tampered".to_owned()
        } else {
            self.codec
                .encode(&Data::from_json(stored.as_bytes()).unwrap(), unix(at))
        };
        let path = self.folder.path().join(format!("sessionid{key}"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(unix(at)).unwrap();
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
            let delete = async || {
                let key = session.key();
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
        let mut files = BTreeMap::new();
        for name in names(self.folder.path()) {
            let key = name.strip_prefix("sessionid").unwrap().to_owned();
            let text = fs::read_to_string(self.folder.path().join(&name)).unwrap();
            let decoded = self.codec.decode(&text);
            files.insert(
                key,
                decoded.map_or_else(|_| "undecodable".into(), |data| data.to_json()),
            );
        }
        Seen {
            status,
            set_cookie,
            vary,
            files,
        }
    }
}

/// What Django's case expects, in the same terms.
fn expected(case: &Value, key_before: Option<&str>) -> Seen {
    let expect = &case["expect"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut files = BTreeMap::new();
    if let (Some(key), Some(payload)) = (
        text(&expect["session_key_after"]),
        text(&expect["stored_after"]),
    ) {
        files.insert(key, payload);
    }
    if let (Some(key), Some(payload)) = (key_before, text(&expect["stored_after_old_key"])) {
        files.insert(key.to_owned(), payload);
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
        files,
    }
}

#[tokio::test]
async fn file_cases_of_flows() {
    let file = vectors("flows.json");
    let mut checked = 0;
    let mut failures = Vec::new();
    let mut deliberate: BTreeMap<&str, &str> = DELIBERATE.iter().copied().collect();
    let cases = file["cases"].as_array().unwrap();
    for case in cases.iter().filter(|case| case["engine"] == "file") {
        checked += 1;
        let name = case["name"].as_str().unwrap();
        let keys = case["generated_keys"].as_array().unwrap();
        let keys: Vec<&str> = keys.iter().map(|key| key.as_str().unwrap()).collect();
        let mut settings = settings(case["secret"].as_str().unwrap(), None).unwrap();
        settings.save_every_request = case["save_every_request"].as_bool().unwrap();
        let site = Site::new(settings, Scripted::new(unix(&case["now"]), &keys)).await;
        let cookie_key = case["request_cookie"].as_str();
        if let (Some(key), Some(stored)) = (cookie_key, case["stored_before"].as_str()) {
            site.put(key, stored, &case["stored_at"]);
        }
        let cookie = cookie_key.map(|key| format!("sessionid={key}"));
        let operations = case["operations"].as_array().unwrap();
        let status = u16::try_from(case["response_status"].as_u64().unwrap()).unwrap();
        let seen = site.request(cookie.as_deref(), operations, status).await;
        let expected = expected(case, cookie_key);
        match (deliberate.remove(name), seen != expected) {
            (Some(_), false) => {
                failures.push(format!("{name} stands as deliberate, but does not differ"));
            }
            (None, true) => failures.push(format!(
                "{name} {operations:?} {status}\n   seen     {seen:?}\n   expected {expected:?}"
            )),
            _ => {}
        }
        // What is alive is so to the second, by the clock that Django looks at.
        for name in seen.files.keys() {
            let record = site.store.load(&key(name)).await.unwrap().unwrap();
            assert!(record.expires_at > unix(&case["stored_at"]), "{name}");
        }
    }
    assert!(deliberate.is_empty(), "no such cases: {deliberate:?}");
    assert!(
        failures.is_empty(),
        "{} of {checked} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(checked >= 129, "{checked}");
}
