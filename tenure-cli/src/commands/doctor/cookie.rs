//! The cookie, and how long a session lasts.

use serde_json::{Value, json};
use tenure::Settings;

use super::report::Report;
use crate::{
    django::{self, Described},
    site::Site,
};

const TWO_COOKIES: &str =
    "the browser keeps two cookies of one name, and which of them counts is chance";
const FLAGS: &str = "the cookie has other flags after an answer of the other side: the laxer of the two is what guards the session";
const ENDS: &str = "when a session ends depends on which side has saved it last";

/// Each setting: what follows if it differs, and what tenure has.
fn settings(settings: &Settings) -> [(&'static str, &'static str, Value); 9] {
    [
        (
            "SESSION_COOKIE_NAME",
            "neither side looks at the other's cookie: who is logged in on one is a stranger on the other",
            json!(settings.cookie_name),
        ),
        (
            "SESSION_COOKIE_PATH",
            TWO_COOKIES,
            json!(settings.cookie_path),
        ),
        (
            "SESSION_COOKIE_DOMAIN",
            TWO_COOKIES,
            json!(settings.cookie_domain),
        ),
        (
            "SESSION_COOKIE_SECURE",
            FLAGS,
            json!(settings.cookie_secure),
        ),
        (
            "SESSION_COOKIE_HTTPONLY",
            FLAGS,
            json!(settings.cookie_httponly),
        ),
        (
            "SESSION_COOKIE_SAMESITE",
            FLAGS,
            json!(settings.cookie_samesite.as_str()),
        ),
        (
            "SESSION_COOKIE_AGE",
            ENDS,
            json!(settings.cookie_age.as_secs()),
        ),
        (
            "SESSION_SAVE_EVERY_REQUEST",
            ENDS,
            json!(settings.save_every_request),
        ),
        (
            "SESSION_EXPIRE_AT_BROWSER_CLOSE",
            ENDS,
            json!(settings.expire_at_browser_close),
        ),
    ]
}

pub(super) fn compare(described: &Described, ours: &Settings, site: &Site, report: &mut Report) {
    for (name, what, tenure) in settings(ours) {
        let django = match described.setting(name) {
            // Nothing is set, in Python's ways to say so.
            Value::Bool(false) if tenure.is_null() || tenure.is_string() => &Value::Null,
            Value::String(text) if text.is_empty() => &Value::Null,
            value => value,
        };
        let (django_shown, tenure_shown) = (shown(django), shown(&tenure));
        let change = format!("set {} to {}", site.place(name), django::value(django));
        report.equal(name, [&django_shown, &tenure_shown], what, change);
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "not set".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Verdict, *};

    fn compared(changes: &[(&str, Value)]) -> Vec<(String, String)> {
        let mut described = django::tests::described(&[]);
        for (name, value) in changes {
            described.settings.insert((*name).into(), value.clone());
        }
        let mut report = Report::default();
        compare(
            &described,
            &Settings::django(),
            &Site::new(None),
            &mut report,
        );
        assert_eq!(report.checks.len(), 9);
        let wrong = report
            .checks
            .into_iter()
            .filter(|check| check.verdict == Verdict::Problem);
        wrong.map(|check| (check.name, check.change)).collect()
    }

    #[test]
    fn what_differs_is_found_with_the_value_to_set() {
        assert_eq!(compared(&[]), []);
        for (name, value, to) in [
            ("SESSION_COOKIE_NAME", json!("sid"), "\"sid\""),
            (
                "SESSION_COOKIE_DOMAIN",
                json!("example.com"),
                "\"example.com\"",
            ),
            ("SESSION_COOKIE_PATH", json!(null), "false"),
            ("SESSION_COOKIE_SECURE", json!(true), "true"),
            ("SESSION_COOKIE_SAMESITE", json!(false), "false"),
            ("SESSION_COOKIE_AGE", json!(60), "60"),
        ] {
            let wrong = compared(&[(name, value)]);
            assert_eq!(
                wrong,
                [(
                    name.to_owned(),
                    format!("set {name} in tenure.toml to {to}")
                )]
            );
        }
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        assert_eq!(compared(&[("SESSION_COOKIE_DOMAIN", json!(""))]), []);
        assert_eq!(compared(&[("SESSION_COOKIE_DOMAIN", json!(false))]), []);
    }
}
