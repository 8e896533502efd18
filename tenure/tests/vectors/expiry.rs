//! What `set_expiry` stores. The arithmetic on it is tested beside the code, in `src/expiry.rs`.

use std::time::Duration;

use serde_json::Value;
use tenure::{Expiry, Sessions, testing::MemoryStore};

use crate::{
    common::{Scripted, settings, unix, vectors},
    deliberate,
};

#[tokio::test]
async fn cases_of_set_expiry() {
    let file = vectors("expiry.json");
    let cases = file["set"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let system = Scripted::new(unix(&case["now"]), &[]);
        let settings = settings("a secret for these cases, of no other use", None).unwrap();
        let sessions = Sessions::with_system(MemoryStore::default(), &settings, system).unwrap();
        let session = sessions.new_session().load().await.unwrap();
        if case["had_custom_expiry_before"] == true {
            session.set_expiry(Duration::from_secs(77)).unwrap();
        } else {
            session.insert("x", 1).unwrap();
        }
        let moment = |text: &Value| {
            let timestamp = text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            let micros = u64::try_from(timestamp.as_microsecond()).unwrap();
            std::time::UNIX_EPOCH + Duration::from_micros(micros)
        };
        match &case["argument"] {
            Value::Null => session.set_expiry(Expiry::Default).unwrap(),
            Value::Object(object) if object.contains_key("datetime") => {
                session.set_expiry(moment(&object["datetime"])).unwrap();
            }
            // A timedelta is a fixed moment in Django.
            Value::Object(object) => {
                let seconds = object["timedelta_seconds"].as_f64().unwrap();
                let (now, delta) = (unix(&case["now"]), Duration::from_secs_f64(seconds.abs()));
                session
                    .set_expiry(if seconds < 0.0 {
                        now - delta
                    } else {
                        now + delta
                    })
                    .unwrap();
            }
            Value::Number(number) if number.as_i64() == Some(0) => {
                session.set_expiry(Expiry::BrowserClose).unwrap();
            }
            Value::Number(number) if number.as_f64().unwrap() > 0.0 => {
                session
                    .set_expiry(Duration::from_secs_f64(number.as_f64().unwrap()))
                    .unwrap();
            }
            // A `Duration` is never negative; what has ended is set with a date.
            negative => session.insert("_session_expiry", negative).unwrap(),
        }
        let data: Vec<String> = session
            .iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        let same = format!("{{{}}}", data.join(",")) == case["stored_payload"].as_str().unwrap();
        assert_eq!(
            same,
            !deliberate::differs("expiry.json", name),
            "{name}: {data:?}"
        );
    }
}
