//! Limits beyond Django's: how long a session may lie idle, and how long it may last at all.
//!
//! A session ends at the earliest of its end by Django's rules, its user's last request plus the idle limit, and its begin plus the
//! absolute limit. So NIST asks for it (SP 800-63B-4, section 5.2) and OWASP (ASVS 5.0, 7.3.1 and 7.3.2).
//!
//! Stores keep one date, by which Django ends the session too, and which moves with the user's requests where there is an idle limit. What
//! the limits need beside it stands in the session, under keys that Django carries along:
//!
//! | key | |
//! |---|---|
//! | `_tenure_idle` | the session's own idle limit, in whole seconds |
//! | `_tenure_absolute` | its own absolute limit, in whole seconds |
//! | `_tenure_since` | its begin, or the last proof of who the user is, in seconds of Unix time; only where there is an absolute limit |

use crate::{
    data::Data,
    expiry::{EXPIRY_KEY, ExpiryRules, StoredExpiry},
    moment::{Moment, Zone},
};

pub(crate) const IDLE_KEY: &str = "_tenure_idle";
pub(crate) const ABSOLUTE_KEY: &str = "_tenure_absolute";
pub(crate) const SINCE_KEY: &str = "_tenure_since";
const SECOND: i64 = 1_000_000;
/// How far ahead of ours the clock of another server, or ours a moment ago, may be: five minutes.
const CLOCK_SKEW: i64 = 5 * 60 * SECOND;

/// All that decides when one session ends: the rules of the settings, and what the session itself says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    rules: ExpiryRules,
    pub(crate) expiry: StoredExpiry,
    /// Of the setting and the session's own limit the tighter one, in microseconds.
    idle: Option<i64>,
    absolute: Option<i64>,
    since: Option<Moment>,
}

/// A number of whole seconds in a session, in microseconds. What is no number counts as `otherwise`.
fn seconds(json: &str, otherwise: i64) -> i64 {
    json.parse::<i64>()
        .map_or(otherwise, |seconds| seconds.saturating_mul(SECOND))
}

fn tighter(setting: Option<i64>, own: Option<&str>) -> Option<i64> {
    let own = own.map(|json| seconds(json, i64::MAX));
    setting.into_iter().chain(own).min()
}

impl ExpiryRules {
    /// The rules for a session with this data.
    pub(crate) fn terms(self, data: &Data, zone: &Zone) -> Terms {
        let absolute = tighter(self.absolute, data.mark(ABSOLUTE_KEY));
        let since = absolute.and_then(|_| data.mark(SINCE_KEY));
        Terms {
            rules: self,
            expiry: StoredExpiry::read(data.mark(EXPIRY_KEY), zone),
            idle: tighter(self.idle, data.mark(IDLE_KEY)),
            absolute,
            // A begin that cannot be read must not count as one that is yet to come.
            since: since.map(|json| Moment::from_micros(seconds(json, i64::MIN))),
        }
    }
}

impl Terms {
    /// Whether there is any limit beyond Django's.
    pub(crate) fn are_limited(self) -> bool {
        self.idle.is_some() || self.absolute.is_some()
    }

    pub(crate) fn have_absolute_limit(self) -> bool {
        self.absolute.is_some()
    }

    /// Whether the session's begin has to be noted for the absolute limit.
    pub(crate) fn lack_begin(self) -> bool {
        self.absolute.is_some() && self.since.is_none()
    }

    /// When the absolute limit ends the session.
    ///
    /// A begin in the future is one by a clock that has been set back since. Counting from it would give the session more time than the
    /// limit does, so it ends now, unless the difference may be one between two servers.
    fn absolute_end(self, now: Moment) -> Option<Moment> {
        let (limit, since) = (self.absolute?, self.since?);
        let sound = since <= now.plus_micros(CLOCK_SKEW);
        Some(if sound { since.plus_micros(limit) } else { now })
    }

    /// The moment beyond which the session does not last, however active its user is.
    pub(crate) fn last_end(self, now: Moment) -> Option<Moment> {
        let fixed = match self.expiry {
            StoredExpiry::At(moment) => Some(moment),
            _ => None,
        };
        fixed.into_iter().chain(self.absolute_end(now)).min()
    }

    /// Microseconds from the user's last request to the end, were there nothing but that; `None` for a session that ends at a fixed moment.
    fn length(self) -> Option<i64> {
        let django = self.rules.length(self.expiry);
        django.into_iter().chain(self.idle).min()
    }

    /// The end of the session if its user was last active at `now`.
    pub(crate) fn date(self, now: Moment) -> Moment {
        let rolling = self.length().map(|length| now.plus_micros(length));
        let first = rolling.into_iter().chain(self.last_end(now)).min();
        first.unwrap_or(now)
    }

    /// Microseconds from `now` until then, as Django's `get_expiry_age()` gives them: up to a fixed moment whole seconds, rounded down.
    pub(crate) fn age_micros(self, now: Moment) -> i64 {
        let django = self.rules.age_micros(self.expiry, now);
        let absolute = self.absolute_end(now).map(|end| {
            let left = end.micros() - now.micros();
            left.div_euclid(SECOND) * SECOND
        });
        let limits = self.idle.into_iter().chain(absolute);
        limits.fold(django, i64::min)
    }

    /// Whether the cookie goes when the browser closes.
    pub(crate) fn at_browser_close(self) -> bool {
        self.rules.at_browser_close(self.expiry)
    }

    /// When a session ends that the store says ends at `date`.
    ///
    /// Whoever else has written that date, as Django does, or tenure before there was an idle limit, knew nothing of the limit: the date
    /// lies further ahead than the limit reaches. The user was then active when it was written, and nothing tells of a later time.
    pub(crate) fn end(self, date: Moment, now: Moment) -> Moment {
        let idle = self.idle.filter(|idle| is_later(date, *idle, now));
        let since_written = idle
            .zip(self.rules.length(self.expiry))
            .map(|(idle, length)| {
                let written = date.plus_micros(length.saturating_neg());
                written.plus_micros(idle)
            });
        let limits = since_written.into_iter().chain(self.absolute_end(now));
        limits.fold(date, Moment::min)
    }

    /// Whether a session with limits that the store says ends at `date` has to be written for the limits to hold, also where another program reads it.
    pub(crate) fn are_missing(self, date: Moment, now: Moment) -> bool {
        let ends = self.date(now);
        self.lack_begin() || is_later(date, ends.micros() - now.micros(), now)
    }

    /// Whether the user's requests prolong the session.
    pub(crate) fn roll(self) -> bool {
        self.idle.is_some() || matches!(self.expiry, StoredExpiry::Relative(_))
    }

    /// Where a request at `now` moves the end of the session to, if it is worth a write.
    ///
    /// Moving the date on each request would make every read a write, so it moves only once a twentieth of the session's length has passed
    /// since it last did: a session may end so much sooner than its user's last request would have it. Up to the moment beyond which it
    /// does not last it moves in any case, which happens once.
    pub(crate) fn prolonged(self, ends_at: Moment, now: Moment) -> Option<Moment> {
        let length = self.length().filter(|length| self.roll() && *length > 0)?;
        let due = self.date(now);
        let gained = due.micros() - ends_at.micros();
        let at_last = self.last_end(now) == Some(due);
        (gained > 0 && (gained >= length / 20 || at_last)).then_some(due)
    }

    /// As [`length`](Self::length), as Django counts it: what an engine has to know that keeps the time of the last write and no date.
    #[cfg_attr(
        not(feature = "file"),
        expect(dead_code, reason = "files alone keep no date")
    )]
    pub(crate) fn length_by_write(self) -> Option<i64> {
        self.rules.length(self.expiry).or(self.idle)
    }

    /// The end of a session in such an engine that was written at `written`.
    #[cfg_attr(
        not(feature = "file"),
        expect(dead_code, reason = "files alone keep no date")
    )]
    pub(crate) fn end_by_write(self, written: Moment) -> Moment {
        let end = self.rules.date(self.expiry, written);
        match (self.expiry, self.idle) {
            (StoredExpiry::At(_), Some(idle)) => end.min(written.plus_micros(idle)),
            _ => end,
        }
    }
}

/// Whether `date` is later than what `reach` microseconds from now can reach by any clock.
fn is_later(date: Moment, reach: i64, now: Moment) -> bool {
    date > now.plus_micros(reach.saturating_add(CLOCK_SKEW))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    const NOW: i64 = 1_790_000_000;

    fn terms(json: &str, settings: &Settings) -> Terms {
        let data = Data::from_json(json.as_bytes()).unwrap();
        ExpiryRules::new(settings).terms(&data, &Zone::Utc)
    }

    fn at(seconds: i64) -> Moment {
        Moment::from_micros((NOW + seconds) * SECOND)
    }

    #[test]
    fn a_relative_expiry_is_prolonged_once_a_twentieth_has_passed() {
        let terms = terms(r#"{"_session_expiry":1000}"#, &Settings::django());
        let ends_at = terms.date(at(0));
        assert_eq!(terms.prolonged(ends_at, at(49)), None);
        assert_eq!(terms.prolonged(ends_at, at(50)), Some(at(1050)));
    }

    #[test]
    fn an_absolute_or_global_expiry_is_never_prolonged() {
        for json in [
            "{}",
            r#"{"_session_expiry":0}"#,
            r#"{"_session_expiry":-5}"#,
            r#"{"_session_expiry":"2026-01-01T00:00:00+00:00"}"#,
        ] {
            let terms = terms(json, &Settings::django());
            assert_eq!(terms.prolonged(at(0), at(500)), None, "{json}");
        }
    }

    #[test]
    fn the_last_end_is_reached_in_one_step_however_small() {
        let json =
            format!(r#"{{"_tenure_idle":1000,"_tenure_absolute":5000,"_tenure_since":{NOW}}}"#);
        let terms = terms(&json, &Settings::django());
        assert_eq!(terms.prolonged(at(4970), at(3999)), None);
        assert_eq!(terms.prolonged(at(4970), at(4001)), Some(at(5000)));
        assert_eq!(terms.prolonged(at(5000), at(4500)), None);
    }

    #[test]
    fn of_two_limits_the_shorter_holds() {
        let settings = Settings {
            idle_limit: Some(std::time::Duration::from_secs(100)),
            ..Settings::django()
        };
        for (json, length) in [
            ("{}", 100),
            (r#"{"_tenure_idle":50}"#, 50),
            (r#"{"_tenure_idle":500}"#, 100),
            (r#"{"_tenure_idle":"x"}"#, 100),
        ] {
            assert_eq!(terms(json, &settings).date(at(0)), at(length), "{json}");
        }
    }

    #[test]
    fn numbers_of_any_size_are_no_panic() {
        for number in [
            "0",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "1e300",
        ] {
            let json = format!(
                r#"{{"_tenure_idle":{number},"_tenure_absolute":{number},"_tenure_since":{number}}}"#
            );
            let terms = terms(&json, &Settings::django());
            for date in [Moment::from_micros(i64::MIN), at(0), Moment::LAST] {
                for now in [Moment::from_micros(i64::MIN), at(0), Moment::LAST] {
                    terms.end(date, now);
                    terms.are_missing(date, now);
                    terms.prolonged(date, now);
                    terms.age_micros(now);
                }
            }
        }
    }
}
