//! MySQL's and MariaDB's error numbers.

use super::super::trouble::Trouble;

/// The error of a statement that would give two rows the same key: `ER_DUP_ENTRY`.
#[cfg(feature = "mysql")]
pub(crate) const TAKEN: u16 = 1062;
/// `ER_LOCK_DEADLOCK`: the statement was taken back whole, and may be sent again.
pub(crate) const DEADLOCK: u16 = 1213;

/// What went wrong, by the number that the server gave. MySQL's manual, "Server Error Message Reference"; MariaDB has the same.
pub(crate) fn trouble(number: u16, message: &str) -> Trouble {
    match number {
        1053 | 1079 | 1317 | 1927 => Trouble::Broken,
        1146 if message.contains("tenure_session") => Trouble::NoIndex,
        1146 => Trouble::NoTable,
        1049 => Trouble::NoDatabase,
        1045 | 1130 | 1251 | 1698 => Trouble::Login,
        1044 | 1142 | 1143 | 1227 => Trouble::Denied,
        1290 | 1792 | 1836 => Trouble::ReadOnly,
        1021 | 1114 => Trouble::Full,
        // "Got error 28 from storage engine", and "Error writing file": the number is the system's.
        3 | 1026 | 1030 if message.contains("28") => Trouble::Full,
        1205 | DEADLOCK => Trouble::Locked,
        1040 | 1203 | 1226 => Trouble::Busy,
        _ => Trouble::Other,
    }
}
