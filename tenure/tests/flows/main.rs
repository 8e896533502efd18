//! Whole requests, from a known state of the store, compared with what a real Django did: status, cookie, `Vary`, and the store afterwards.
#![cfg(test)]

mod cache;
mod cached_db;
#[path = "../vectors/common.rs"]
mod common;
mod db;
#[path = "../vectors/deliberate.rs"]
mod deliberate;
mod file;
#[path = "../vectors/operate.rs"]
mod operate;
mod signed_cookies;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tenure::{Data, SessionError, SessionKey, Sessions, Settings, codec::SignedJson, store::Store};

use self::{
    common::{Scripted, settings, unix, vectors},
    operate::operate,
};

/// Text that stands for no session, where a vector says "undecodable".
const UNDECODABLE: &str = "e30:tampered:with";

/// Where an engine keeps its sessions.
trait Place: Sized {
    async fn open(settings: Settings, system: Arc<Scripted>) -> Self;
    fn sessions(&self) -> &Sessions;
    /// Puts there what `case` has before its request.
    async fn put(&self, case: &Value);
    /// What is there after the request of `case`.
    async fn kept(&self, case: &Value) -> Kept;
}

/// What a store holds: the payload by "stored KEY" and "cached KEY", the end by "date KEY".
type Kept = BTreeMap<String, String>;

/// What a request left behind.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    set_cookie: Option<String>,
    vary: bool,
    kept: Kept,
}

/// The session that a case has before its request.
struct Before {
    key: String,
    /// `None` for text that cannot be read.
    data: Option<Data>,
    stored_at: SystemTime,
    ends: SystemTime,
}

impl Before {
    fn of(case: &Value) -> Option<Self> {
        let key = case["request_cookie"].as_str()?.to_owned();
        let stored = case["stored_before"].as_str();
        // What Django's cache holds then is what it holds in the other states.
        let lost = (case["state"] == "row_lost").then_some(r#"{"a":1,"keep":"me"}"#);
        let stored = stored.or(lost)?;
        let stored_at = unix(&case["stored_at"]);
        let mut ends = stored_at + Duration::from_hours(14 * 24);
        let data = (stored != "undecodable").then(|| Data::from_json(stored.as_bytes()).unwrap());
        let expiry = data
            .as_ref()
            .and_then(|data| data.get("_session_expiry").unwrap());
        match expiry {
            Some(Value::String(iso)) => {
                let micros = iso.parse::<jiff::Timestamp>().unwrap().as_microsecond();
                ends =
                    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap());
            }
            Some(Value::Number(seconds)) => {
                ends = stored_at + Duration::from_secs(seconds.as_u64().unwrap());
            }
            _ => {}
        }
        Some(Self {
            key,
            data,
            stored_at,
            ends,
        })
    }

    fn text(&self, codec: &SignedJson) -> String {
        let encoded = self
            .data
            .as_ref()
            .map(|data| codec.encode(data, self.stored_at));
        encoded.unwrap_or_else(|| UNDECODABLE.into())
    }
}

fn codec(settings: &Settings) -> SignedJson {
    SignedJson::new(settings.secret_key.as_ref().unwrap(), &[])
}

fn payload(codec: &SignedJson, text: &str) -> String {
    let decoded = codec.decode(text);
    decoded.map_or_else(|_| "undecodable".into(), |data| data.to_json())
}

async fn request(place: &impl Place, store: &Store, case: &Value) -> Seen {
    let header = case["request_cookie"].as_str();
    let header = header.map(|value| format!("sessionid={value}"));
    let lazy = place.sessions().begin(header.as_deref().map(str::as_bytes));
    let mut failed = None;
    for operation in case["operations"].as_array().unwrap() {
        // Django answers this one from what it knows without the store; so does the handle that is not loaded.
        if operation[0] == "is_empty" {
            continue;
        }
        let session = lazy.load().await.unwrap();
        let delete = async || {
            let key: Option<SessionKey> = session.key();
            store.delete(&key.unwrap()).await.unwrap();
        };
        if let Err(error) = operate(&session, operation, delete).await {
            failed = Some(error);
            break;
        }
    }
    let status = u16::try_from(case["response_status"].as_u64().unwrap()).unwrap();
    let status = failed.as_ref().map_or(status, SessionError::status);
    let finished = match place.sessions().finish_now(&lazy, status) {
        Some(headers) => Ok(headers),
        None => place.sessions().finish(&lazy, status).await,
    };
    let (status, set_cookie, vary) = match finished {
        Ok(headers) => (status, headers.set_cookie, headers.vary_cookie),
        Err(error) => (error.status(), None, true),
    };
    let kept = place.kept(case).await;
    Seen {
        status,
        set_cookie,
        vary,
        kept,
    }
}

/// What Django did, in the same terms.
fn expected(case: &Value) -> Seen {
    let expect = &case["expect"];
    let text = |name: &str| expect[name].as_str().map(str::to_owned);
    let mut kept = Kept::new();
    let mut keep = |kind: &str, key: Option<&str>, value: Option<String>| {
        if let (Some(key), Some(value)) = (key, value) {
            kept.insert(format!("{kind} {key}"), value);
        }
    };
    let (new, old) = (
        expect["session_key_after"].as_str(),
        case["request_cookie"].as_str(),
    );
    keep("stored", old, text("stored_after_old_key"));
    keep("cached", old, text("in_cache_after_old_key"));
    keep("stored", new, text("stored_after"));
    keep("cached", new, text("in_cache_after"));
    keep("date", new, text("expire_date_after"));
    let left = expect["cache_ttl_after"].as_f64();
    keep("left", new, left.map(|left| left.to_string()));
    let status = expect["http_status"]
        .as_u64()
        .or(case["response_status"].as_u64());
    Seen {
        status: u16::try_from(status.unwrap()).unwrap(),
        set_cookie: text("set_cookie"),
        vary: !expect["error"].is_null() || expect["vary"].as_str().is_some(),
        kept,
    }
}

/// Compares all cases of an engine.
async fn compare<P: Place>(engine: &str) {
    let mut cases = vectors("flows.json")["cases"].as_array().unwrap().clone();
    cases.retain(|case| case["engine"] == engine);
    let (mut differing, mut failures) = (0, Vec::new());
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let keys = case["generated_keys"].as_array().unwrap();
        let keys: Vec<&str> = keys.iter().map(|key| key.as_str().unwrap()).collect();
        let mut settings = settings(case["secret"].as_str().unwrap(), None).unwrap();
        settings.save_every_request = case["save_every_request"].as_bool().unwrap();
        let place = P::open(settings, Scripted::new(unix(&case["now"]), &keys)).await;
        place.put(case).await;
        let mut seen = request(&place, place.sessions().store(), case).await;
        let expected = expected(case);
        // Only some cases say when the session ends.
        let said = |name: &String| expected.kept.contains_key(name);
        seen.kept.retain(|name, _| {
            name.starts_with("stored") || name.starts_with("cached") || said(name)
        });
        let differs = deliberate::differs("flows.json", name);
        differing += u32::from(differs);
        match (differs, seen != expected) {
            (true, false) => {
                failures.push(format!("{name} stands as deliberate, but does not differ"));
            }
            (false, true) => failures.push(format!(
                "{name} {:?} {}\n   seen     {seen:?}\n   expected {expected:?}",
                case["operations"], case["response_status"]
            )),
            _ => {}
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} differ:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
    println!(
        "{engine}: {} requests as Django's, {} of them different on purpose",
        cases.len(),
        differing
    );
}

fn iso(moment: SystemTime) -> String {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let micros = i64::try_from(since.as_micros()).unwrap();
    let text = jiff::Timestamp::from_microsecond(micros).unwrap();
    text.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
