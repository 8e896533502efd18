//! The statements on MySQL and MariaDB, in Django's words (`django/db/backends/mysql`, Django 5.2).
//!
//! Keys are found by the column's collation, which as a rule takes `A` for `a` and drops spaces at the end; that comparison can use the
//! index. A second one by bytes then makes it exact. Data is compared by its bytes alone, in the connection's character set, which is
//! `utf8mb4`.
//!
//! Dates are text, in the column's time zone, both ways: [`date_text`] and [`date`].

use crate::moment::{Moment, Zone, civil_text};

/// For every new connection. Reading what is committed is Django's choice too, and locks no gaps between rows. Without strict mode MySQL
/// would cut what does not fit, and say nothing.
#[cfg(feature = "mysql")]
pub(crate) const SETUP: &[&str] = &[
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET autocommit = 1, sql_mode = CONCAT_WS(',', @@sql_mode, 'STRICT_TRANS_TABLES')",
];
/// Whether there is a table already. Making it "if not exists" needs the right to make tables even where it does.
pub(crate) const HAS_TABLE: &str = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'django_session'";
/// As Django's migration `sessions/0001_initial` makes it, name of the index included; in one statement, as MySQL cannot take back the
/// first if the second fails.
pub(crate) const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS `django_session` (`session_key` varchar(40) NOT NULL PRIMARY KEY, `session_data` longtext NOT NULL, `expire_date` datetime(6) NOT NULL, INDEX `django_session_expire_date_a5c62663` (`expire_date`))";
/// The columns: name, type, and whether an index begins with it.
#[cfg(feature = "mysql")]
pub(crate) const COLUMNS: &str = "SELECT column_name, column_type, EXISTS (SELECT 1 FROM information_schema.statistics AS i WHERE i.table_schema = c.table_schema AND i.table_name = c.table_name AND i.column_name = c.column_name AND i.seq_in_index = 1) FROM information_schema.columns AS c WHERE c.table_schema = DATABASE() AND c.table_name = 'django_session' ORDER BY c.ordinal_position";
/// What the time is in UTC.
#[cfg(feature = "mysql")]
pub(crate) const CLOCK: &str = "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)";
/// Key, key. Gives data and date.
pub(crate) const SELECT: &str = "SELECT `session_data`, CAST(`expire_date` AS CHAR) FROM `django_session` WHERE `session_key` = ? AND CAST(`session_key` AS BINARY) = ?";
/// Key, data, date. A key that is taken is an error: `codes::TAKEN`.
pub(crate) const INSERT: &str = "INSERT INTO `django_session` (`session_key`, `session_data`, `expire_date`) VALUES (?, ?, CAST(? AS DATETIME(6)))";
/// New key, data, date, key, key, data as it was. Where it finds nothing, [`SELECT`] tells what is there now. The connection has to ask
/// for the rows that were found, not for those that were changed.
pub(crate) const UPDATE: &str = "UPDATE `django_session` SET `session_key` = ?, `session_data` = ?, `expire_date` = CAST(? AS DATETIME(6)) WHERE `session_key` = ? AND CAST(`session_key` AS BINARY) = ? AND CAST(CONVERT(`session_data` USING utf8mb4) AS BINARY) = ?";
/// Date, key, key, data as it was. As [`UPDATE`], it counts what was found.
pub(crate) const TOUCH: &str = "UPDATE `django_session` SET `expire_date` = GREATEST(`expire_date`, CAST(? AS DATETIME(6))) WHERE `session_key` = ? AND CAST(`session_key` AS BINARY) = ? AND CAST(CONVERT(`session_data` USING utf8mb4) AS BINARY) = ?";
/// Key, key.
pub(crate) const DELETE: &str =
    "DELETE FROM `django_session` WHERE `session_key` = ? AND CAST(`session_key` AS BINARY) = ?";
/// Key, key, date.
pub(crate) const DELETE_IF_ENDED: &str = "DELETE FROM `django_session` WHERE `session_key` = ? AND CAST(`session_key` AS BINARY) = ? AND `expire_date` <= CAST(? AS DATETIME(6))";
/// Date, number of rows. Gives keys, for [`delete_ended`]. Reads without locks.
pub(crate) const ENDED: &str = "SELECT `session_key` FROM `django_session` WHERE `expire_date` < CAST(? AS DATETIME(6)) ORDER BY `expire_date` LIMIT ?";
/// Key, number of rows. Gives key, date and size. By the column's collation, or it could not use the index: for the keys that Django and
/// tenure make, that is the order of their bytes.
pub(crate) const LIST: &str = "SELECT `session_key`, CAST(`expire_date` AS CHAR), LENGTH(`session_data`) FROM `django_session` WHERE `session_key` > ? ORDER BY `session_key` LIMIT ?";

/// So many keys, and the same again. Removes the rows under them.
pub(crate) fn delete_many(keys: usize) -> String {
    let places = vec!["?"; keys].join(", ");
    format!(
        "DELETE FROM `django_session` WHERE `session_key` IN ({places}) AND CAST(`session_key` AS BINARY) IN ({places})"
    )
}

/// So many keys go into one [`delete_ended`].
pub(crate) const KEYS: usize = 100;

/// So many keys as [`KEYS`], then a date. Deleting by date would lock rows in the order of dates, which others lock in that of keys: a
/// deadlock. That a row has ended is asked again.
pub(crate) fn delete_ended() -> String {
    let places = vec!["?"; KEYS].join(", ");
    format!(
        "DELETE FROM `django_session` WHERE `session_key` IN ({places}) AND `expire_date` < CAST(? AS DATETIME(6))"
    )
}

/// `2026-09-21 15:13:20.250000` by the column's clock.
pub(crate) fn date_text(moment: Moment, zone: &Zone) -> String {
    civil_text(moment.civil_in(zone), ' ')
}

/// The end of a session. A date that nobody can read (`0000-00-00`) has passed: a session without an end would be worse than a lost one.
pub(crate) fn date(text: &str, zone: &Zone) -> Moment {
    Moment::from_iso(text, zone).unwrap_or_else(|| {
        tracing::warn!(
            expire_date = text,
            "an expire_date in django_session is no date: the session counts as expired"
        );
        Moment::from_micros(i64::MIN)
    })
}
