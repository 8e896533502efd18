//! What MySQL and MariaDB say, in our words.

use std::time::Duration;

use mysql_async::{DriverError, Error};

use super::{
    super::trouble::{Purpose, Trouble},
    codes::{DEADLOCK, TAKEN, trouble},
    tls::is_tls,
};
use crate::error::{BoxError, StoreError};

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
        match self {
            Self::Silent => Trouble::Silent,
            Self::Driver(Error::Server(error)) | Self::Connecting(Error::Server(error)) => {
                trouble(error.code, &error.message)
            }
            Self::Connecting(Error::Driver(DriverError::NoClientSslFlagFromServer)) => {
                Trouble::NoTls
            }
            Self::Connecting(error) if is_tls(error) => Trouble::Untrusted,
            Self::Connecting(_) => Trouble::Unreachable,
            Self::Driver(_) => Trouble::Broken,
        }
    }

    pub(super) fn told(self, purpose: Purpose, place: &str, tried: Duration) -> StoreError {
        let trouble = self.trouble();
        let source: BoxError = match self {
            Self::Driver(error) | Self::Connecting(error) => error.into(),
            Self::Silent => "the time was up".into(),
        };
        StoreError::unavailable(trouble.what(purpose, place, tried), source)
    }
}
