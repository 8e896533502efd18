//! Django's signed cookies: values, what is loaded from them, and whole requests.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use tenure::{
    Data, Record, Secret, SessionKey, Settings,
    codec::SignedJson,
    engine::cookies::{Revocation, SignedCookies},
    store::{Created, SessionStore as _},
};

use crate::{
    common::{Scripted, settings, unix, vectors},
    deliberate,
};

const SALT: &str = "django.contrib.sessions.backends.signed_cookies";

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
            // What zlib-rs compresses has other bytes than zlib's, and what is short is left as it is; Django reads them all the same.
            Ok(Created::Rekeyed(key)) if value.starts_with('.') => {
                let long = payload.len() >= 512;
                assert_eq!(key.as_str().starts_with('.'), long, "{name}");
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
        if same == deliberate::differs("signed_cookies.json", name) {
            failures.push(format!("{name}: {seen:?}, in Django {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_salt_is_that_of_the_engine_and_no_other() {
    let secret = Secret::new("a secret");
    let cookie = SignedJson::with_salt(SALT, &secret, &[]).encode(&Data::new(), SystemTime::now());
    assert!(SignedJson::new(&secret, &[]).decode(&cookie).is_err());
}
