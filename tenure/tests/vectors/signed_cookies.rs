//! Django's signed cookies: values, what is loaded from them, and whole requests.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use tenure::{
    Data, Record, Secret, SessionError, SessionKey, Sessions, Settings,
    codec::SignedJson,
    engine::cookies::{Revocation, SignedCookies},
    store::{Created, SessionStore as _},
};

use crate::common::{Scripted, operate, settings, unix, vectors};

const SALT: &str = "django.contrib.sessions.backends.signed_cookies";

/// Cases in which tenure does something else than Django, and why.
pub(crate) const DELIBERATE: &[(&str, &str)] = &[
    ("custom_expiry_ignored", EXPIRY),
    ("custom_expiry_datetime_ignored", EXPIRY),
    ("age_limit_inside", EXPIRY),
    ("signed_cookies_unknown_read", REMOVED),
    ("signed_cookies_unknown_delete_key", REMOVED),
    ("signed_cookies_unknown_clear", REMOVED),
    ("signed_cookies_unknown_save_every_untouched", REMOVED),
    ("signed_cookies_unknown_save_every_read", REMOVED),
    ("signed_cookies_unknown_random_1", REMOVED),
    ("signed_cookies_expired_read", REMOVED),
    ("signed_cookies_expired_delete_key", REMOVED),
    ("signed_cookies_expired_clear", REMOVED),
    ("signed_cookies_expired_save_every_untouched", REMOVED),
    ("signed_cookies_expired_save_every_read", REMOVED),
    ("signed_cookies_expired_random_0", REMOVED),
    ("signed_cookies_expired_random_2", REMOVED),
    ("signed_cookies_tampered_read", REMOVED),
    ("signed_cookies_tampered_delete_key", REMOVED),
    ("signed_cookies_tampered_clear", REMOVED),
    ("signed_cookies_tampered_save_every_untouched", REMOVED),
    ("signed_cookies_tampered_save_every_read", REMOVED),
    ("signed_cookies_tampered_random_2", REMOVED),
    ("signed_cookies_short_random_0", SAVED),
];
const EXPIRY: &str = "a session ends when its own expiry says, on the server too: Django looks at SESSION_COOKIE_AGE alone";
const REMOVED: &str = "a cookie that counts as none is taken away as soon as it is looked at: Django replaces it by a signed empty session, \
                       or lets it be";
const SAVED: &str = "what was saved by a call before the response failed is kept, as in the other engines, so the cookie is sent: Django \
                     sends none with a status of 500";

/// What a fresh session sees: its data, or nothing.
async fn seen(settings: &Settings, now: SystemTime, value: &str) -> Option<String> {
    let store = SignedCookies::new(settings, Revocation::Off).unwrap();
    let store = store.with_system(Scripted::new(now, &[]));
    let record = store.load(&SessionKey::parse(value)?).await.unwrap()?;
    (record.expires_at > now).then(|| record.data.to_json())
}

fn site(case: &Value) -> Settings {
    let mut settings = settings(case["secret"].as_str().unwrap(), None).unwrap();
    if let Some(age) = case["session_cookie_age"].as_u64() {
        settings.cookie_age = Duration::from_secs(age);
    }
    let fallbacks = case["fallbacks"].as_array().into_iter().flatten();
    settings.secret_key_fallbacks = fallbacks
        .map(|secret| Secret::new(secret.as_str().unwrap()))
        .collect();
    settings
}

#[tokio::test]
async fn values_are_djangos_to_the_byte_and_are_read() {
    let file = vectors("signed_cookies.json");
    let cases = file["encode"].as_array().unwrap();
    assert!(!cases.is_empty());
    let mut written = 0;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let now = unix(&case["now"]);
        let settings = site(case);
        assert_eq!(case["salt"], SALT, "{name}");
        let (payload, value) = (
            case["payload"].as_str().unwrap(),
            case["cookie_value"].as_str().unwrap(),
        );
        let data = Data::from_json(payload.as_bytes()).unwrap();
        let store = SignedCookies::new(&settings, Revocation::Off).unwrap();
        let store = store.with_system(Scripted::new(now, &[]));
        let key = SessionKey::parse("not-used").unwrap();
        let created = store
            .create(&key, &Record::new(data, now + settings.cookie_age))
            .await;
        match created {
            // What zlib-rs compresses has other bytes than zlib's; Django reads them all the same.
            Ok(Created::Rekeyed(key)) if value.starts_with('.') => {
                assert!(key.as_str().starts_with('.'), "{name}");
                let again = seen(&settings, now, key.as_str()).await;
                assert_eq!(again.as_deref(), Some(payload), "{name}");
            }
            Ok(Created::Rekeyed(key)) => {
                assert_eq!(key.as_str(), value, "{name}");
                written += 1;
            }
            refused => {
                assert!(refused.is_err(), "{name}: {refused:?}");
                let fits = case["fits_4096_with_name_and_attributes"].as_bool();
                assert_eq!(fits, Some(false), "{name}");
            }
        }
        let read = seen(&settings, now, value).await;
        assert_eq!(read.as_deref(), Some(payload), "{name}");
    }
    assert!(written > 5, "{written}");
}

#[tokio::test]
async fn load_cases_of_the_vectors() {
    let file = vectors("signed_cookies.json");
    let cases = file["load"].as_array().unwrap();
    assert!(!cases.is_empty());
    let mut failures = Vec::new();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let value = case["cookie_value"].as_str().unwrap();
        let seen = seen(&site(case), unix(&case["now"]), value).await;
        let expected = case["expect"]["payload"].as_str();
        let same = seen.as_deref().unwrap_or("{}") == expected.unwrap();
        if same == DELIBERATE.iter().any(|(known, _)| *known == name) {
            failures.push(format!("{name}: {seen:?}, in Django {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What a request gave its visitor.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    set_cookie: Option<String>,
    vary: bool,
}

async fn request(sessions: &Sessions, case: &Value) -> Seen {
    let header = case["request_cookie"].as_str();
    let header = header.map(|value| format!("sessionid={value}"));
    let lazy = sessions.begin(header.as_deref().map(str::as_bytes));
    let mut failed = None;
    for operation in case["operations"].as_array().unwrap() {
        if operation[0] == "is_empty" {
            continue;
        }
        let session = lazy.load().await.unwrap();
        if let Err(error) = operate(&session, operation, async || ()).await {
            failed = Some(error);
            break;
        }
    }
    let status = u16::try_from(case["response_status"].as_u64().unwrap()).unwrap();
    let status = failed.as_ref().map_or(status, SessionError::status);
    let finished = match sessions.finish_now(&lazy, status) {
        Some(headers) => Ok(headers),
        None => sessions.finish(&lazy, status).await,
    };
    match finished {
        Ok(headers) => Seen {
            status,
            vary: headers.vary_cookie,
            set_cookie: headers.set_cookie,
        },
        Err(error) => Seen {
            status: error.status(),
            vary: true,
            set_cookie: None,
        },
    }
}

#[tokio::test]
async fn signed_cookies_cases_of_flows() {
    let file = vectors("flows.json");
    let cases = file["cases"].as_array().unwrap().iter();
    let mut failures = Vec::new();
    let mut checked = 0;
    for case in cases.filter(|case| case["engine"] == "signed_cookies") {
        checked += 1;
        let name = case["name"].as_str().unwrap();
        let mut settings = site(case);
        settings.save_every_request = case["save_every_request"].as_bool().unwrap();
        let system = Scripted::new(unix(&case["now"]), &[]);
        let store = SignedCookies::new(&settings, Revocation::Off).unwrap();
        let store = store.with_system(system.clone());
        let sessions = Sessions::with_system(store, &settings, system).unwrap();
        let seen = request(&sessions, case).await;
        let expect = &case["expect"];
        let expected = Seen {
            status: u16::try_from(
                expect["http_status"]
                    .as_u64()
                    .or(case["response_status"].as_u64())
                    .unwrap(),
            )
            .unwrap(),
            set_cookie: expect["set_cookie"].as_str().map(str::to_owned),
            vary: expect["vary"].as_str().is_some(),
        };
        if (seen == expected) == DELIBERATE.iter().any(|(known, _)| *known == name) {
            failures.push(format!(
                "{name} {} {}\n   seen     {seen:?}\n   expected {expected:?}",
                case["operations"], case["response_status"]
            ));
        }
    }
    assert!(checked > 0);
    assert!(
        failures.is_empty(),
        "{} of {checked} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    println!("{checked} cases of flows.json for signed cookies");
}

#[test]
fn the_salt_is_that_of_the_engine_and_no_other() {
    let secret = Secret::new("a secret");
    let cookie = SignedJson::with_salt(SALT, &secret, &[]).encode(&Data::new(), SystemTime::now());
    assert!(SignedJson::new(&secret, &[]).decode(&cookie).is_err());
}
