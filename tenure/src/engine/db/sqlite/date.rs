//! Dates as Django stores them in a SQLite `datetime` column.

use jiff::Timestamp;

use crate::moment::{Moment, Zone, civil_text};

/// `2026-09-21 15:13:20.250000`, without the fraction where it is zero, in the column's zone. SQLite compares these as text.
pub(crate) fn date_text(moment: Moment, zone: &Zone) -> String {
    let civil = match (zone, Timestamp::from_microsecond(moment.micros())) {
        (Zone::Local(zone), Ok(timestamp)) => zone.to_datetime(timestamp),
        // UTC, or the last hours of the year 9999, where no zone matters any more.
        _ => moment.civil(),
    };
    civil_text(civil, ' ')
}
