//! What MySQL and MariaDB say, in our words.

use std::time::Duration;

use mysql_async::Error;

use super::{super::trouble::Trouble, sql::TAKEN};
use crate::error::{BoxError, StoreError};

/// `ER_LOCK_DEADLOCK`: the statement was taken back whole, and may be sent again.
const DEADLOCK: u16 = 1213;

/// Why a statement has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The driver or the server said so.
    Driver(Error),
    /// There was no connection to send it on.
    Connecting(Error),
    /// The time was up.
    Silent,
}

impl Failure {
    pub(super) fn is_broken(&self) -> bool {
        self.trouble() == Trouble::Broken
    }

    /// Whether connections that wait for work are of no use any more: they go where this one went.
    pub(super) fn spoils(&self) -> bool {
        matches!(
            self.trouble(),
            Trouble::Broken | Trouble::ReadOnly | Trouble::Silent
        )
    }

    pub(super) fn is_deadlock(&self) -> bool {
        self.code() == Some(DEADLOCK)
    }

    /// Whether two rows would have had the same key.
    pub(super) fn is_taken(&self) -> bool {
        self.code() == Some(TAKEN)
    }

    fn code(&self) -> Option<u16> {
        match self {
            Self::Driver(Error::Server(error)) | Self::Connecting(Error::Server(error)) => {
                Some(error.code)
            }
            _ => None,
        }
    }

    fn trouble(&self) -> Trouble {
        // MySQL's manual, "Server Error Message Reference"; MariaDB has the same numbers.
        match (self, self.code()) {
            (Self::Silent, _) => Trouble::Silent,
            (Self::Connecting(_), None) => Trouble::Unreachable,
            (Self::Driver(_), None) | (_, Some(1053 | 1079 | 1317 | 1927)) => Trouble::Broken,
            (_, Some(1146)) => Trouble::NoTable,
            (_, Some(1049)) => Trouble::NoDatabase,
            (_, Some(1045 | 1130 | 1251 | 1698)) => Trouble::Login,
            (_, Some(1044 | 1142 | 1143 | 1227)) => Trouble::Denied,
            (_, Some(1290 | 1792 | 1836)) => Trouble::ReadOnly,
            (_, Some(1021 | 1114)) => Trouble::Full,
            // "Got error 28 from storage engine", and "Error writing file": the number is the system's.
            (Self::Driver(Error::Server(error)), Some(3 | 1026 | 1030))
                if error.message.contains("28") =>
            {
                Trouble::Full
            }
            (_, Some(1205 | DEADLOCK)) => Trouble::Locked,
            (_, Some(1040 | 1203 | 1226)) => Trouble::Busy,
            _ => Trouble::Other,
        }
    }

    pub(super) fn told(self, place: &str, tried: Duration) -> StoreError {
        let trouble = self.trouble();
        let source: BoxError = match self {
            Self::Driver(error) | Self::Connecting(error) => error.into(),
            Self::Silent => "the time was up".into(),
        };
        trouble.told(place, tried, source)
    }
}
