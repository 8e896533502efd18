//! What PostgreSQL says, in our words.

use std::time::Duration;

use tokio_postgres::{
    Error,
    error::{DbError, SqlState},
};

use super::{
    super::trouble::{Purpose, Trouble},
    codes::trouble,
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
    /// Whether the connection was lost, rather than the statement refused.
    pub(super) fn is_broken(&self) -> bool {
        self.trouble() == Trouble::Broken
    }

    /// Whether the connection is of no use any more though it stands: the server's role has changed, or what was prepared has.
    pub(super) fn spoils(&self) -> bool {
        let Self::Driver(error) = self else {
            return true;
        };
        [
            &SqlState::READ_ONLY_SQL_TRANSACTION,
            &SqlState::INVALID_SQL_STATEMENT_NAME,
            // "cached plan must not change result type", after a migration.
            &SqlState::FEATURE_NOT_SUPPORTED,
        ]
        .iter()
        .any(|code| error.code() == Some(code))
    }

    /// Whether two rows would have had the same key.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::Driver(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION))
    }

    fn trouble(&self) -> Trouble {
        let (Self::Driver(error) | Self::Connecting(error)) = self else {
            return Trouble::Silent;
        };
        let Some(code) = error.code() else {
            let cause = std::error::Error::source(error);
            let broke = cause.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            return match self {
                Self::Connecting(_) if is_tls(error) => Trouble::Untrusted,
                // The driver's words: it gives no other sign that the server offers none.
                Self::Connecting(_) if !broke && error.to_string().contains("TLS") => {
                    Trouble::NoTls
                }
                Self::Connecting(_) => Trouble::Unreachable,
                _ if broke || error.is_closed() => Trouble::Broken,
                _ => Trouble::Other,
            };
        };
        let message = error.as_db_error().map(DbError::message);
        trouble(code.code(), message.unwrap_or_default())
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
