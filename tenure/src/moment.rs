//! A point in time to the microsecond, as Django and Python write it.
//!
//! Python's `datetime` ends at the microsecond, and every text that Django stores or sends carries at most that. Comparing at a finer
//! grain would let a session live up to a microsecond longer here than there.

use std::{
    cell::RefCell,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, ISOWeekDate, Weekday},
    fmt::temporal::DateTimeParser,
    tz::{Offset, TimeZone},
};

/// Microseconds since 1970-01-01 00:00:00 UTC, kept within the years that Python's `datetime` can hold (1 to 9999).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

/// 0001-01-01T00:00:00 UTC.
const FIRST: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999 UTC.
const LAST: i64 = 253_402_300_799_999_999;
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The clock that a database column or a text without an offset is written in.
#[derive(Clone, Debug, Default)]
pub(crate) enum Zone {
    /// `USE_TZ = True`: everything is UTC.
    #[default]
    Utc,
    /// `USE_TZ = False`: wall-clock time of `TIME_ZONE`.
    Local(TimeZone),
}

impl Moment {
    /// The last that there is.
    pub(crate) const LAST: Self = Self(LAST);

    pub(crate) fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(FIRST, LAST))
    }

    pub(crate) fn micros(self) -> i64 {
        self.0
    }

    pub(crate) fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// Reads what Python's `datetime.fromisoformat` reads (3.11 and later). A text without an offset is taken in `zone`.
    pub(crate) fn from_iso(text: &str, zone: &Zone) -> Option<Self> {
        let (date_time, offset) = parse_iso(text)?;
        match offset {
            Some(offset) => Some(
                Self::from_civil(date_time).plus_micros(-1_000_000 * i64::from(offset.seconds())),
            ),
            None => match zone {
                Zone::Utc => Some(Self::from_civil(date_time)),
                Zone::Local(zone) => {
                    let timestamp = zone.to_timestamp(date_time).ok()?;
                    Some(Self::from_micros(timestamp.as_microsecond()))
                }
            },
        }
    }

    fn from_civil(date_time: DateTime) -> Self {
        let since = date_time.duration_since(EPOCH);
        Self::from_micros(i64::try_from(since.as_micros()).unwrap_or(LAST))
    }

    /// Year, month and so on in UTC.
    fn civil(self) -> DateTime {
        EPOCH.saturating_add(SignedDuration::from_micros(self.0))
    }

    /// Year, month and so on by this clock.
    pub(crate) fn civil_in(self, zone: &Zone) -> DateTime {
        match (zone, Timestamp::from_microsecond(self.0)) {
            (Zone::Local(zone), Ok(timestamp)) => zone.to_datetime(timestamp),
            // UTC, or the last hours of the year 9999, where no zone matters any more.
            _ => self.civil(),
        }
    }

    /// The text of `datetime.isoformat()`: aware under `USE_TZ` (`2026-09-21T15:13:20.250000+00:00`), else naive, without an offset.
    /// Django cannot compare the two, so each site must get its own.
    pub(crate) fn isoformat(self, zone: &Zone) -> String {
        let mut text = civil_text(self.civil_in(zone), 'T');
        if matches!(zone, Zone::Utc) {
            text.push_str("+00:00");
        }
        text
    }

    /// Appends the date of an HTTP header (RFC 9110, section 5.6.7), rounded down to the second: `Mon, 21 Sep 2026 14:13:20 GMT`.
    ///
    /// Every write sends one, and all of a second send the same.
    pub(crate) fn push_http_date(self, text: &mut String) {
        let second = self.micros().div_euclid(1_000_000);
        let known = LAST_DATE.try_with(|last| {
            let mut last = last.borrow_mut();
            if last.0 != Some(second) {
                last.1.clear();
                self.write_http_date(&mut last.1);
                last.0 = Some(second);
            }
            text.push_str(&last.1);
        });
        // No thread is left that could remember one.
        if known.is_err() {
            self.write_http_date(text);
        }
    }

    /// By hand: `write!` takes 2,000 instructions for it.
    fn write_http_date(self, text: &mut String) {
        let civil = self.civil();
        let two = |text: &mut String, number: i8| {
            push_digits::<2>(text, u32::from(number.unsigned_abs()));
        };
        text.push_str(match civil.weekday() {
            Weekday::Monday => "Mon, ",
            Weekday::Tuesday => "Tue, ",
            Weekday::Wednesday => "Wed, ",
            Weekday::Thursday => "Thu, ",
            Weekday::Friday => "Fri, ",
            Weekday::Saturday => "Sat, ",
            Weekday::Sunday => "Sun, ",
        });
        two(text, civil.day());
        text.push_str(match civil.month() {
            1 => " Jan ",
            2 => " Feb ",
            3 => " Mar ",
            4 => " Apr ",
            5 => " May ",
            6 => " Jun ",
            7 => " Jul ",
            8 => " Aug ",
            9 => " Sep ",
            10 => " Oct ",
            11 => " Nov ",
            _ => " Dec ",
        });
        push_digits::<4>(text, u32::from(civil.year().unsigned_abs()));
        for (mark, number) in [
            (' ', civil.hour()),
            (':', civil.minute()),
            (':', civil.second()),
        ] {
            text.push(mark);
            two(text, number);
        }
        text.push_str(" GMT");
    }
}

thread_local! {
    /// The last date that this thread has written for a header, and its second since 1970.
    static LAST_DATE: RefCell<(Option<i64>, String)> = const { RefCell::new((None, String::new())) };
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let micros = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(LAST),
            Err(before) => {
                // Rounded down, so away from zero here.
                let nanos = before.duration().as_nanos();
                i64::try_from(nanos.div_ceil(1_000)).map_or(FIRST, i64::wrapping_neg)
            }
        };
        Self::from_micros(micros)
    }
}

impl From<Moment> for SystemTime {
    fn from(moment: Moment) -> Self {
        let distance = Duration::from_micros(moment.0.unsigned_abs());
        if moment.0 >= 0 {
            UNIX_EPOCH + distance
        } else {
            UNIX_EPOCH - distance
        }
    }
}

/// Date, separator and time; the fraction has six digits, or is absent where it is zero.
pub(crate) fn civil_text(civil: DateTime, separator: char) -> String {
    let mut text = String::with_capacity("2026-09-21 15:13:20.250000+00:00".len());
    push_digits::<4>(&mut text, civil.year().unsigned_abs().into());
    for (mark, number) in [
        ('-', civil.month()),
        ('-', civil.day()),
        (separator, civil.hour()),
        (':', civil.minute()),
        (':', civil.second()),
    ] {
        text.push(mark);
        push_digits::<2>(&mut text, number.unsigned_abs().into());
    }
    let micros = civil.subsec_nanosecond().unsigned_abs() / 1_000;
    if micros != 0 {
        text.push('.');
        push_digits::<6>(&mut text, micros);
    }
    text
}

/// Appends a number of so many digits, without the formatting machinery, which every write of a column would meet.
fn push_digits<const DIGITS: usize>(text: &mut String, mut number: u32) {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        // A remainder below 10 fits a byte.
        *digit += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    text.push_str(str::from_utf8(&digits).unwrap_or_default());
}

/// Date, time and offset of an ISO 8601 text, cut to the microsecond.
fn parse_iso(text: &str) -> Option<(DateTime, Option<Offset>)> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    if let Some(date_time) = parse_plain(text.as_bytes()) {
        return Some((date_time, None));
    }
    let calendar;
    let text = match week_date(text) {
        Some((date, rest)) => {
            calendar = format!("{date}{rest}");
            &calendar
        }
        // Only digits are a number, not a date, to Python unless there are eight of them.
        None if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != 8 => return None,
        None => text,
    };
    let pieces = PARSER.parse_pieces(text).ok()?;
    if pieces.time_zone_annotation().is_some() {
        return None;
    }
    let time = pieces.time().unwrap_or_default();
    let micros = time.subsec_nanosecond() / 1_000 * 1_000;
    let time = time.with().subsec_nanosecond(micros).build().ok()?;
    let offset = pieces.to_numeric_offset();
    Some((pieces.date().to_datetime(time), offset))
}

/// What [`civil_text`] writes, which every read of a column meets, without the parser for all forms. `None` for any other.
fn parse_plain(text: &[u8]) -> Option<DateTime> {
    let micros = match text.get(19..)? {
        [] => 0,
        [b'.', micros @ ..] if micros.len() == 6 => number(micros)?,
        _ => return None,
    };
    let marks = [4, 7, 13, 16].map(|place| text.get(place).copied());
    let is_plain = marks == [Some(b'-'), Some(b'-'), Some(b':'), Some(b':')]
        && matches!(text.get(10), Some(b' ' | b'T'));
    let two = |place: usize| {
        let number = number(text.get(place..place + 2)?)?;
        i8::try_from(number).ok()
    };
    let year = i16::try_from(number(text.get(..4)?)?).ok()?;
    is_plain.then_some(())?;
    DateTime::new(
        year,
        two(5)?,
        two(8)?,
        two(11)?,
        two(14)?,
        two(17)?,
        micros * 1_000,
    )
    .ok()
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i32::from(digit - b'0'))
    })
}

/// Splits `2030-W01-3…` or `2030W013…` into the calendar date and the rest.
fn week_date(text: &str) -> Option<(jiff::civil::Date, &str)> {
    let year: i16 = text.get(..4)?.parse().ok()?;
    let after = text.get(4..)?;
    let (week, tail, dash) = match (after.strip_prefix("-W"), after.strip_prefix('W')) {
        (Some(extended), _) => (extended.get(..2)?, extended.get(2..)?, "-"),
        (None, basic) => (basic?.get(..2)?, basic?.get(2..)?, ""),
    };
    let (day, rest) = tail.strip_prefix(dash)?.split_at_checked(1)?;
    let weekday = Weekday::from_monday_one_offset(day.parse().ok()?).ok()?;
    let date = ISOWeekDate::new(year, week.parse().ok()?, weekday)
        .ok()?
        .date();
    Some((date, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_rounds_down() {
        let time = UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(Moment::from(time).micros(), -1);
    }

    fn http_date(moment: Moment) -> String {
        let mut text = String::new();
        moment.push_http_date(&mut text);
        text
    }

    #[test]
    fn a_date_is_of_its_own_second_whatever_was_written_before() {
        let date = |seconds: i64, micros: i64| {
            http_date(Moment::from_micros(seconds * 1_000_000 + micros))
        };
        for _ in 0..2 {
            assert_eq!(date(0, 0), "Thu, 01 Jan 1970 00:00:00 GMT");
            assert_eq!(date(0, 999_999), "Thu, 01 Jan 1970 00:00:00 GMT");
            assert_eq!(date(0, -1), "Wed, 31 Dec 1969 23:59:59 GMT");
            assert_eq!(date(1, 0), "Thu, 01 Jan 1970 00:00:01 GMT");
        }
    }

    #[test]
    fn dates_past_the_year_9999_stay_at_its_end() {
        let far = Moment::from_micros(i64::MAX);
        assert_eq!(http_date(far), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(far.plus_micros(1), far);
    }

    #[test]
    fn primitives_of_the_vectors() {
        let text = include_str!("../../interop/vectors/primitives.json");
        let file: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut checked = 0;
        for case in file["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let text = case["text"].as_str().unwrap_or_default();
            let micros = |field: &str| {
                case[field]
                    .as_str()
                    .map(|text| text.parse::<i64>().unwrap())
            };
            match case["kind"].as_str().unwrap() {
                "http_date" => {
                    let seconds = case["unix"].as_f64().unwrap();
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the vectors hold dates before the year 10000"
                    )]
                    let moment = Moment::from_micros((seconds * 1e6) as i64);
                    assert_eq!(http_date(moment), text, "{name}");
                }
                // tenure keeps moments, not zones: it writes UTC alone.
                "isoformat" if case["offset_seconds"] != 0 => {
                    let moment = Moment::from_iso(text, &Zone::Utc).unwrap();
                    assert_eq!(Some(moment.micros()), micros("unix_microseconds"), "{name}");
                }
                "isoformat" => {
                    let moment = Moment::from_micros(micros("unix_microseconds").unwrap());
                    assert_eq!(moment.isoformat(&Zone::Utc), text, "{name}");
                    assert_eq!(Moment::from_iso(text, &Zone::Utc), Some(moment), "{name}");
                }
                "fromisoformat" => {
                    let expected =
                        micros("unix_microseconds").or(micros("wall_clock_microseconds"));
                    let read = Moment::from_iso(text, &Zone::Utc).map(Moment::micros);
                    assert_eq!(read, expected, "{name}: {text}");
                }
                _ => continue,
            }
            checked += 1;
        }
        assert!(checked >= 30, "{checked}");
    }
}
