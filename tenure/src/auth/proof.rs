//! When the user of a session last proved who they are.
//!
//! It stands in the session under `_tenure_auth`, in seconds of Unix time. [`elevate`] notes it always. A login notes it where the settings
//! or the session have a limit beyond Django's (`TENURE_IDLE_LIMIT`, `TENURE_ABSOLUTE_LIMIT`), as [`Settings::strict`] does, or where it has
//! been noted before: without, what a login leaves stays Django's to the byte.
//!
//! [`Settings::strict`]: crate::Settings::strict

use std::time::Duration;

use super::AuthError;
use crate::{error::SessionError, session::Session};

const PROVED_AT: &str = "_tenure_auth";
/// How far ahead of ours another server's clock may be, in seconds.
const CLOCK_SKEW: i64 = 5 * 60;

/// Notes what a login has proved.
pub(super) fn note_login(session: &Session, proved: bool) -> Result<(), SessionError> {
    session.begin_anew();
    if !proved {
        session.remove_key(PROVED_AT)?;
    } else if session.is_limited() || session.contains_key(PROVED_AT) {
        note(session)?;
    }
    Ok(())
}

fn note(session: &Session) -> Result<(), SessionError> {
    session.insert(PROVED_AT, session.shared().unix_seconds())
}

/// Whether the session's user has proved within this time who they are.
pub(super) fn is_recent(session: &Session, within: Duration) -> bool {
    let proved_at = session.get::<i64>(PROVED_AT).ok().flatten();
    let Some(proved_at) = proved_at else {
        return false;
    };
    let age = session
        .shared()
        .unix_seconds()
        .checked_sub(proved_at)
        .filter(|age| *age >= -CLOCK_SKEW);
    // A time in the future is no proof, unless the difference may be one between two servers.
    age.is_some_and(|age| u64::try_from(age).unwrap_or_default() <= within.as_secs())
}

/// Notes that the session's user has proved again who they are, or has won rights: the session gets a new key, and both its limits begin
/// anew.
///
/// To be called once the program has seen the proof: the password, a second factor. Whoever had a copy of the old key is left out.
///
/// # Errors
///
/// When the session cannot be written; see [`Session::cycle_key`].
///
/// # Example
///
/// ```
/// use axum::{Form, extract::State};
/// use tenure::{Session, auth::{self, Auth, AuthError, User}};
///
/// #[derive(serde::Deserialize)]
/// struct Confirmation {
///     password: String,
/// }
///
/// async fn confirm(State(auth): State<Auth>, session: Session, user: User, Form(form): Form<Confirmation>) -> Result<String, AuthError> {
///     match auth.authenticate(user.username(), &form.password).await? {
///         Some(same) if same.id() == user.id() => {
///             auth::elevate(&session).await?;
///             Ok("Now you may go on.".into())
///         }
///         _ => Ok("That is not your password.".into()),
///     }
/// }
/// ```
pub async fn elevate(session: &Session) -> Result<(), AuthError> {
    session.cycle_key().await?;
    session.bind()?;
    session.begin_anew();
    Ok(note(session)?)
}

/// Refuses a user who has not proved within this time who they are: for what does harm in the wrong hands.
///
/// A proof is a [`login`](super::login) or an [`elevate`]; a cookie that remembers the user is none, and nor is a login in Django. Counts in
/// whole seconds.
///
/// Without a limit beyond Django's, neither in the settings nor in the session, a login notes no time, so that sessions stay Django's to the
/// byte: set one, or call [`elevate`] after [`login`](super::login).
///
/// # Errors
///
/// [`AuthError::NotRecent`], a response with status 403 that asks the user to log in again.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use tenure::{Session, auth::{self, AuthError, User}};
///
/// async fn delete_account(session: Session, user: User) -> Result<String, AuthError> {
///     auth::require_recent_auth(&session, Duration::from_mins(10))?;
///     Ok(format!("Goodbye, {}!", user.username()))
/// }
/// ```
pub fn require_recent_auth(session: &Session, within: Duration) -> Result<(), AuthError> {
    if is_recent(session, within) {
        Ok(())
    } else {
        Err(AuthError::NotRecent)
    }
}
