//! Dates for people and for programs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{SignedDuration, civil::DateTime, fmt::temporal::DateTimeParser};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// ISO 8601 in UTC, to the microsecond: `2026-12-08T02:46:11.25Z`.
pub(crate) fn iso(time: SystemTime) -> String {
    format!("{}Z", civil(time, 1_000))
}

/// `2026-12-08 02:46:11 UTC (in 13 days)`.
pub(crate) fn for_people(time: SystemTime, now: SystemTime) -> String {
    let text = civil(time, 1_000_000_000).to_string().replace('T', " ");
    format!("{text} UTC ({})", relative(time, now))
}

/// Rounded down to so many nanoseconds.
fn civil(time: SystemTime, nanos: i128) -> DateTime {
    let since = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => SignedDuration::try_from(after),
        Err(before) => SignedDuration::try_from(before.duration()).map(|duration| -duration),
    }
    .unwrap_or(SignedDuration::MAX);
    let whole = since.as_nanos().div_euclid(nanos) * nanos;
    EPOCH.saturating_add(SignedDuration::from_nanos_i128(whole))
}

/// `in 13 days`, `2 hours ago`, in the largest unit of which there are two.
pub(crate) fn relative(time: SystemTime, now: SystemTime) -> String {
    let (ahead, distance) = match time.duration_since(now) {
        Ok(distance) => (true, distance),
        Err(behind) => (false, behind.duration()),
    };
    let seconds = distance.as_secs();
    if seconds == 0 {
        return "now".into();
    }
    let units = [
        (365 * 86_400, "years"),
        (86_400, "days"),
        (3_600, "hours"),
        (60, "minutes"),
    ];
    let (number, unit) = units
        .into_iter()
        .map(|(length, unit)| (seconds / length, unit))
        .find(|(number, _)| *number >= 2)
        .unwrap_or((seconds, if seconds == 1 { "second" } else { "seconds" }));
    if ahead {
        format!("in {number} {unit}")
    } else {
        format!("{number} {unit} ago")
    }
}

/// A date that somebody typed: ISO 8601, in UTC unless it has an offset.
pub(crate) fn parse(text: &str) -> Result<SystemTime, String> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let wrong = || {
        "a date such as 2030-12-31, 2030-12-31T23:59:59Z or 2030-12-31T23:59:59+02:00 is needed; without an offset it is UTC".to_owned()
    };
    let pieces = PARSER.parse_pieces(text).map_err(|_| wrong())?;
    if pieces.time_zone_annotation().is_some() || pieces.date().year() < 1 {
        return Err(wrong());
    }
    let date_time = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let offset = pieces
        .to_numeric_offset()
        .map_or(0, jiff::tz::Offset::seconds);
    let since = date_time.duration_since(EPOCH) - SignedDuration::from_secs(offset.into());
    let distance = Duration::try_from(since.abs()).map_err(|_| wrong())?;
    let time = if since.is_negative() {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn dates_are_utc_unless_they_say_otherwise() {
        for (text, seconds) in [
            ("2030-01-01", 1_893_456_000),
            ("2030-01-01T00:00:00", 1_893_456_000),
            ("2030-01-01 00:00:00Z", 1_893_456_000),
            ("2030-01-01T02:00:00+02:00", 1_893_456_000),
            ("2029-12-31T23:30-00:30", 1_893_456_000),
        ] {
            assert_eq!(parse(text), Ok(unix(seconds)), "{text}");
        }
        assert_eq!(
            parse("1969-12-31T23:59:59Z"),
            Ok(UNIX_EPOCH - Duration::from_secs(1))
        );
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2030",
            "2030-13-01",
            "2030-01-01T25:00",
            "-000001-01-01",
            "2030-01-01T00:00[Europe/Rome]",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_are_written_in_utc() {
        assert_eq!(iso(unix(1_893_456_000)), "2030-01-01T00:00:00Z");
        let precise = unix(1_893_456_000) + Duration::from_micros(250_001);
        assert_eq!(iso(precise), "2030-01-01T00:00:00.250001Z");
        assert_eq!(iso(unix(253_402_300_799)), "9999-12-31T23:59:59Z");
        assert_eq!(
            iso(UNIX_EPOCH - Duration::from_millis(1)),
            "1969-12-31T23:59:59.999Z"
        );
        assert_eq!(
            for_people(precise, unix(1_893_456_000 - 14 * 86_400 + 1)),
            "2030-01-01 00:00:00 UTC (in 13 days)"
        );
    }

    #[test]
    fn distances_are_in_the_largest_unit_of_which_there_are_two() {
        for (seconds, text) in [
            (0, "now"),
            (1, "in 1 second"),
            (119, "in 119 seconds"),
            (120, "in 2 minutes"),
            (7_199, "in 119 minutes"),
            (172_799, "in 47 hours"),
            (172_800, "in 2 days"),
            (63_072_000, "in 2 years"),
        ] {
            assert_eq!(relative(unix(seconds), unix(0)), text);
        }
        assert_eq!(relative(unix(0), unix(7_200)), "2 hours ago");
    }
}
