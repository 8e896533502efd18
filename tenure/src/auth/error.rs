//! What can go wrong between a user and a session.

use crate::{
    auth::password::HashError,
    error::{SessionError, StoreError},
    system::RandomError,
};

/// Why a login, a logout or a look at the user failed. A wrong password is not an error: `authenticate` gives `None`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The session could not be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The table of users could not be read or written.
    #[error("the users cannot be read or written: {0}")]
    Users(#[source] StoreError),
    /// There is a user of this name already.
    #[error("there is a user named {0:?} already: choose another name")]
    UsernameTaken(String),
    /// A name that Django's user model does not allow.
    #[error("the user name {0:?} is not allowed: 1 to 150 letters, digits and @ . + - _ are")]
    UsernameInvalid(String),
    /// A new password that is empty or would not be accepted at login.
    #[error(
        "the password is not allowed: 1 to {} bytes are",
        crate::auth::password::MAX_BYTES
    )]
    PasswordInvalid,
    /// There are several backends, and the user who is to log in comes from none of them.
    #[error(
        "several backends could log this user in: name one by `User::with_backend`, or log in whom `Auth::authenticate` gives"
    )]
    BackendUnknown,
    /// The user has as many sessions as they may have (`TENURE_MAX_SESSIONS`), and none of them is to end for this one
    /// (`TENURE_AT_MAX_SESSIONS`), or another login came in between. Nobody is logged in by it.
    #[error(
        "the user is logged in {most} times already, which is all that is allowed: log out elsewhere first"
    )]
    TooManySessions {
        /// `TENURE_MAX_SESSIONS`.
        most: usize,
    },
    /// What was asked for needs a newer proof of who the user is: see [`require_recent_auth`](super::require_recent_auth).
    #[error("log in again: this is possible only a short time after a login")]
    NotRecent,
    /// The user was deleted meanwhile.
    #[error("the user is not in the table any more")]
    UserGone,
    /// Only Django can make this table or a row of it: it may have columns that only the site knows.
    #[error(
        "the users are in the site's own table {table:?} or columns (TENURE_USER_TABLE, TENURE_USER_COLUMNS): make it with Django's `migrate`, and users with `createsuperuser` or in its admin"
    )]
    CustomUsers {
        /// `TENURE_USER_TABLE`.
        table: String,
    },
    /// The machine's random source failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Hashing was broken off, as when the program ends.
    #[error("hashing the password was broken off")]
    Hashing(#[source] tokio::task::JoinError),
}

impl AuthError {
    /// The HTTP status that fits: 503 for an outage, 409 for one session too many, 403 for a proof that is too old, 400 for an interrupted session
    /// or a name or password that is not allowed, else 500.
    ///
    /// ```
    /// assert_eq!(tenure::auth::AuthError::PasswordInvalid.status(), 400);
    /// ```
    pub fn status(&self) -> u16 {
        match self {
            Self::Session(error) => error.status(),
            Self::Users(_) => 503,
            Self::TooManySessions { .. } => 409,
            Self::NotRecent => 403,
            Self::UsernameTaken(_) | Self::UsernameInvalid(_) | Self::PasswordInvalid => 400,
            Self::BackendUnknown
            | Self::UserGone
            | Self::CustomUsers { .. }
            | Self::Random(_)
            | Self::Hash(_)
            | Self::Hashing(_) => 500,
        }
    }
}
