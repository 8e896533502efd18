//! Sessions that hold what Python has and JSON has not, on a server that Django uses too.

use serde_json::json;
use tenure::{SessionError, SessionKey, Sessions, StoreError};
use testkit::Django;

use crate::site::Site;

const SOURCES: [(&str, &str); 4] = [
    (
        "{'user': 7, 'until': dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.timezone.utc)}",
        "datetime.datetime under the key \"until\"",
    ),
    (
        "{'total': decimal.Decimal('19.90')}",
        "decimal.Decimal under the key \"total\"",
    ),
    (
        "{'order': [uuid.UUID(int=7)]}",
        "uuid.UUID under the key \"order\"",
    ),
    ("{'seen': {4}}", "set under the key \"seen\""),
];

pub(crate) fn stay_djangos(site: &mut Site) {
    let Site {
        django,
        runtime,
        sessions,
        ..
    } = site;
    runtime.block_on(async {
        are_an_error_and_stay(django, sessions).await;
        outlast_a_slow_request(django, sessions).await;
    });
}

/// Such a session is an error, in whatever way it is used, and Django's alone.
async fn are_an_error_and_stay(django: &mut Django, sessions: &Sessions) {
    for (source, named) in SOURCES {
        let saved = django.ask(&json!({"op": "save_python", "source": source}));
        let key = SessionKey::parse(saved["key"].as_str().unwrap()).unwrap();
        let load = json!({"op": "load_python", "key": key.as_str()});
        let before = django.ask(&load);
        let cookie = format!("sessionid={}", key.as_str());

        let lazy = sessions.begin([cookie.as_bytes()]);
        let error = lazy.load().await.unwrap_err();
        assert!(
            matches!(error, SessionError::Store(StoreError::PythonValue { .. })),
            "{error}"
        );
        // It is no outage: the next try will find the same.
        assert_eq!(error.status(), 500);
        let said = error.to_string();
        assert!(said.contains(&format!("a Python {named}, ")), "{said}");
        // The visitor keeps the cookie.
        let headers = sessions.finish_now(&lazy, error.status());
        assert_eq!(headers.and_then(|headers| headers.set_cookie), None);
        assert_eq!(django.ask(&load), before);
    }
}

/// A request that had loaded the session before does not write over it either.
async fn outlast_a_slow_request(django: &mut Django, sessions: &Sessions) {
    let saved = django.ask(&json!({"op": "save", "data": {"user": 7}}));
    let key = SessionKey::parse(saved["key"].as_str().unwrap()).unwrap();
    let cookie = format!("sessionid={}", key.as_str());
    let lazy = sessions.begin([cookie.as_bytes()]);
    let session = lazy.load().await.unwrap();
    session.insert("cart", 1).unwrap();
    let (source, _) = SOURCES[0];
    django.ask(&json!({"op": "save_python", "source": source, "key": key.as_str()}));
    let load = json!({"op": "load_python", "key": key.as_str()});
    let before = django.ask(&load);
    assert_eq!(sessions.finish(&lazy, 200).await.unwrap_err().status(), 500);
    assert_eq!(session.cycle_key().await.unwrap_err().status(), 500);
    assert_eq!(django.ask(&load), before);

    // Once Django has made text of it, all is well.
    let data = json!({"user": 7, "until": "2026-01-02T03:04:00+00:00"});
    django.ask(&json!({"op": "save", "key": key.as_str(), "data": data}));
    let session = sessions.begin([cookie.as_bytes()]).load().await.unwrap();
    assert_eq!(session.get::<u32>("user").unwrap(), Some(7));
}
