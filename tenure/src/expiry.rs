//! When a session ends: Django's rules for `_session_expiry` and the settings around it.
//!
//! Mirrors `get_expiry_age`, `get_expiry_date` and `get_expire_at_browser_close` of `django/contrib/sessions/backends/base.py`
//! (Django 5.2). The limits beyond Django's are in `limits.rs`.

use std::time::{Duration, SystemTime};

use crate::{
    moment::{Moment, Zone},
    settings::Settings,
};

/// The reserved key under which Django keeps a session's own expiry.
pub(crate) const EXPIRY_KEY: &str = "_session_expiry";

/// When a session ends. The argument of [`Session::set_expiry`](crate::Session::set_expiry).
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tenure::Expiry;
///
/// let half_an_hour: Expiry = Duration::from_secs(1800).into();
/// assert_eq!(half_an_hour, Expiry::After(Duration::from_secs(1800)));
/// let tomorrow: Expiry = (SystemTime::now() + Duration::from_secs(86_400)).into();
/// assert!(matches!(tomorrow, Expiry::At(_)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// As the settings say: `SESSION_COOKIE_AGE` and `SESSION_EXPIRE_AT_BROWSER_CLOSE`. Django's `set_expiry(None)`.
    Default,
    /// The cookie goes when the browser closes; the stored session after `SESSION_COOKIE_AGE`. Django's `set_expiry(0)`.
    BrowserClose,
    /// This long after the user's last request. Django's `set_expiry(seconds)`.
    ///
    /// Stored as a number of seconds, to the microsecond. Zero is refused, because Django reads a stored `0` as "at browser close".
    After(Duration),
    /// At this moment, however often the user comes back. Django's `set_expiry(datetime)`.
    ///
    /// A moment in the past ends the session with this request.
    At(SystemTime),
}

impl From<Duration> for Expiry {
    fn from(duration: Duration) -> Self {
        Self::After(duration)
    }
}

impl From<SystemTime> for Expiry {
    fn from(moment: SystemTime) -> Self {
        Self::At(moment)
    }
}

/// What `_session_expiry` says, read from its JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredExpiry {
    /// No such key, or `null`: the settings decide.
    Absent,
    /// `0`: at browser close.
    BrowserClose,
    /// Relative, in microseconds; may be negative.
    Relative(i64),
    /// Absolute.
    At(Moment),
}

impl StoredExpiry {
    /// Reads the JSON text of the value. A text that Django could not read either counts as absent, where Django raises.
    pub(crate) fn read(json: Option<&str>, zone: &Zone) -> Self {
        let Some(json) = json else {
            return Self::Absent;
        };
        if let Some(text) = json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            return Moment::from_iso(text, zone).map_or(Self::Absent, Self::At);
        }
        if let Ok(seconds) = json.parse::<i64>() {
            return match seconds {
                0 => Self::BrowserClose,
                _ => Self::Relative(seconds.saturating_mul(1_000_000)),
            };
        }
        match json.parse::<f64>() {
            Ok(0.0) => Self::BrowserClose,
            Ok(seconds)
                if seconds.is_finite()
                    && json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the cast saturates, and dates are clamped later"
                )]
                let micros = (seconds * 1e6).round() as i64;
                Self::Relative(micros)
            }
            _ => Self::Absent,
        }
    }
}

/// The rules with the settings filled in: everything needed to tell when one session ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpiryRules {
    pub(crate) cookie_age: Duration,
    pub(crate) at_browser_close: bool,
    /// `TENURE_IDLE_LIMIT` and `TENURE_ABSOLUTE_LIMIT`, in microseconds.
    pub(crate) idle: Option<i64>,
    pub(crate) absolute: Option<i64>,
}

/// Microseconds of a duration that a setting holds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl ExpiryRules {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            cookie_age: settings.cookie_age,
            at_browser_close: settings.expire_at_browser_close,
            idle: settings.idle_limit.map(micros),
            absolute: settings.absolute_limit.map(micros),
        }
    }

    /// Microseconds that a session lasts after it was saved; `None` if it ends at a fixed moment.
    pub(crate) fn length(self, stored: StoredExpiry) -> Option<i64> {
        match stored {
            StoredExpiry::Absent | StoredExpiry::BrowserClose => Some(micros(self.cookie_age)),
            StoredExpiry::Relative(micros) => Some(micros),
            StoredExpiry::At(_) => None,
        }
    }

    /// Microseconds from `now` until the session ends; negative when it has ended. Django's `get_expiry_age()`: for an absolute expiry
    /// whole seconds, rounded down.
    pub(crate) fn age_micros(self, stored: StoredExpiry, now: Moment) -> i64 {
        match stored {
            StoredExpiry::At(moment) => (moment.micros() - now.micros())
                .div_euclid(1_000_000)
                .saturating_mul(1_000_000),
            relative => self.length(relative).unwrap_or_default(),
        }
    }

    /// The moment at which the session ends. Django's `get_expiry_date()`.
    pub(crate) fn date(self, stored: StoredExpiry, now: Moment) -> Moment {
        match stored {
            StoredExpiry::At(moment) => moment,
            relative => now.plus_micros(self.length(relative).unwrap_or_default()),
        }
    }

    /// Whether the cookie goes when the browser closes. Django's `get_expire_at_browser_close()`.
    pub(crate) fn at_browser_close(self, stored: StoredExpiry) -> bool {
        match stored {
            StoredExpiry::Absent => self.at_browser_close,
            StoredExpiry::BrowserClose => true,
            StoredExpiry::Relative(_) | StoredExpiry::At(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(age: u64, at_browser_close: bool) -> ExpiryRules {
        ExpiryRules {
            cookie_age: Duration::from_secs(age),
            at_browser_close,
            idle: None,
            absolute: None,
        }
    }

    fn moment(text: &str) -> Moment {
        Moment::from_iso(text, &Zone::Utc).unwrap()
    }

    #[expect(clippy::cast_possible_truncation, reason = "the vectors' times fit")]
    fn unix(value: &serde_json::Value) -> Moment {
        Moment::from_micros((value.as_f64().unwrap() * 1e6).round() as i64)
    }

    #[test]
    fn calculate_cases_of_the_vectors() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../interop/vectors/expiry.json")).unwrap();
        let cases = file["calculate"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let rules = rules(
                case["session_cookie_age"].as_u64().unwrap(),
                case["expire_at_browser_close_setting"].as_bool().unwrap(),
            );
            let json = match &case["stored"] {
                serde_json::Value::String(text) if text == "absent" => None,
                other => Some(other.to_string()),
            };
            let stored = StoredExpiry::read(json.as_deref(), &Zone::Utc);
            let now = unix(&case["now"]);
            #[expect(clippy::cast_precision_loss, reason = "ages of the vectors are small")]
            let age = rules.age_micros(stored, now) as f64 / 1e6;
            assert_eq!(Some(age), case["expiry_age"].as_f64(), "{name}");
            assert_eq!(
                rules.date(stored, now),
                moment(case["expiry_date"].as_str().unwrap()),
                "{name}"
            );
            assert_eq!(
                rules.at_browser_close(stored),
                case["expire_at_browser_close"].as_bool().unwrap(),
                "{name}"
            );
        }
    }

    #[test]
    fn override_cases_of_the_vectors() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../interop/vectors/expiry.json")).unwrap();
        let cases = file["override"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let rules = rules(case["session_cookie_age"].as_u64().unwrap(), false);
            let from = match case["modification"].as_str().unwrap() {
                "absent" => unix(&case["now"]),
                text => moment(text),
            };
            let json = match &case["expiry"] {
                serde_json::Value::String(text) if text == "absent" => case["stored"].to_string(),
                other => other.to_string(),
            };
            let stored = StoredExpiry::read(Some(&json), &Zone::Utc);
            let age = rules.age_micros(stored, from) / 1_000_000;
            assert_eq!(Some(age), case["expiry_age"].as_i64(), "{name}");
            assert_eq!(
                rules.date(stored, from),
                moment(case["expiry_date"].as_str().unwrap()),
                "{name}"
            );
        }
    }

    #[test]
    fn a_value_that_is_no_expiry_counts_as_absent() {
        for json in [
            "null",
            "true",
            "[]",
            "NaN",
            "Infinity",
            "\"tomorrow\"",
            "\"\"",
        ] {
            assert_eq!(
                StoredExpiry::read(Some(json), &Zone::Utc),
                StoredExpiry::Absent,
                "{json}"
            );
        }
        assert_eq!(
            StoredExpiry::read(Some("0.0"), &Zone::Utc),
            StoredExpiry::BrowserClose
        );
        assert_eq!(
            StoredExpiry::read(Some("1e30"), &Zone::Utc),
            StoredExpiry::Relative(i64::MAX)
        );
    }
}
