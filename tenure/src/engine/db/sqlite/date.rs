//! Dates as Django stores them in a SQLite `datetime` column.

use crate::moment::{Moment, Zone, civil_text};

/// `2026-09-21 15:13:20.250000`, without the fraction where it is zero, by the column's clock. SQLite compares these as text.
pub(crate) fn date_text(moment: Moment, zone: &Zone) -> String {
    civil_text(moment.civil_in(zone), ' ')
}
