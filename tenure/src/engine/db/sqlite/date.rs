//! Dates as Django stores them in a SQLite `datetime` column.

use crate::moment::{Moment, Zone, civil_text};

/// `2026-09-21 15:13:20.250000`, without the fraction where it is zero, by the column's clock. SQLite compares these as text.
pub(crate) fn date_text(moment: Moment, zone: &Zone) -> String {
    civil_text(moment.civil_in(zone), ' ')
}

/// The end of a session. A date that nobody can read has passed: a session without an end would be worse than a lost one.
pub(crate) fn date(text: &str, zone: &Zone) -> Moment {
    Moment::from_iso(text, zone).unwrap_or_else(|| {
        tracing::warn!(
            expire_date = text,
            "an expire_date in django_session is no date: the session counts as expired"
        );
        Moment::from_micros(i64::MIN)
    })
}
