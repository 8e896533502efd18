//! What a login does to a session.

use subtle::ConstantTimeEq;

use super::{AuthError, User, UserId, admit::admit, proof, remember::rehash, users::Auth};
use crate::{
    codec::{hex, signing::salted_hmac},
    csrf,
    secret::Secret,
    session::{Session, Shared, USER_ID},
};

const BACKEND: &str = "_auth_user_backend";
const HASH: &str = "_auth_user_hash";

const HASH_SALT: &str = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash";

/// Ties a session to the user's present password: `get_session_auth_hash` of Django's `AbstractBaseUser`.
fn session_hash(encoded_password: &str, secret: &Secret) -> String {
    hex(&salted_hmac(HASH_SALT, encoded_password.as_bytes(), secret))
}

/// What ties a session to the present password of `user`.
pub(super) fn hash_of(user: &User, secret: &Secret) -> String {
    session_hash(user.encoded_password(), secret)
}

/// Whether `hash` ties something to the present password of `user`, by the present secret or an older one.
pub(super) fn is_hash_of(user: &User, hash: &str, shared: &Shared) -> bool {
    let secrets = std::iter::once(&shared.secret).chain(&shared.secret_fallbacks);
    let is = |secret| bool::from(hash_of(user, secret).as_bytes().ct_eq(hash.as_bytes()));
    secrets.fold(false, |found, secret| found | is(secret))
}

fn matches(session: &Session, expected: &str) -> bool {
    let stored = session
        .get::<String>(HASH)
        .ok()
        .flatten()
        .unwrap_or_default();
    stored.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// The user's id as the session has it. Django writes text; a number is understood too.
fn user_id(session: &Session) -> Option<UserId> {
    match session.get::<serde_json::Value>(USER_ID).ok()?? {
        serde_json::Value::String(text) => text.parse().ok(),
        serde_json::Value::Number(number) => number.as_i64().map(UserId::from),
        _ => None,
    }
}

/// Logs `user` in: the session is theirs from now on, under a new key.
///
/// What an anonymous visitor had gathered stays. What another user had is gone: a session that belongs to somebody else, or to the same
/// user under another password, is flushed first. An absolute limit (`TENURE_ABSOLUTE_LIMIT`) begins anew.
///
/// # Errors
///
/// When the session or the users cannot be written, or there are several backends and none of them has found this user
/// ([`User::with_backend`]); [`AuthError::TooManySessions`] if they have as many sessions as `TENURE_MAX_SESSIONS` allows.
///
/// # Example
///
/// See the [module docs](super).
pub async fn login(session: &Session, user: &User) -> Result<(), AuthError> {
    login_with(session, user, true).await
}

/// As [`login`]. `proved` says whether the user has just proved who they are, as by a password; a cookie that remembers them proves nothing.
pub(super) async fn login_with(
    session: &Session,
    user: &User,
    proved: bool,
) -> Result<(), AuthError> {
    let backend = user.backend()?;
    let id = user.id();
    let hash = session_hash(user.encoded_password(), &session.shared().secret);
    let logged_in = session.contains_key(USER_ID);
    if logged_in && (user_id(session).as_ref() != Some(id) || !matches(session, &hash)) {
        session.flush().await?;
    } else {
        session.cycle_key().await?;
    }
    admit(session, id).await?;
    session.bind()?;
    session.extend([(USER_ID, id.as_str()), (BACKEND, backend), (HASH, &hash)])?;
    proof::note_login(session, proved)?;
    // A token from before the login must be worthless after it.
    csrf::rotate(session)?;
    user.note_login(session.shared().system.now()).await
}

/// Logs whoever is logged in out: the session and all that is in it is gone, what an anonymous visitor had gathered included.
///
/// # Errors
///
/// When the store cannot delete; the user is still logged in then.
///
/// # Example
///
/// See the [module docs](super).
pub async fn logout(session: &Session) -> Result<(), AuthError> {
    Ok(session.flush().await?)
}

/// Keeps the user logged in after a change of their password, under a new key, and remembered where they are; their other sessions end.
///
/// `user` must hold the new hash, as after [`User::set_password`], or be read from the table after the change.
///
/// # Errors
///
/// When the session cannot be written.
///
/// # Example
///
/// ```
/// # async fn example(auth: tenure::auth::Auth, session: tenure::Session) -> Result<(), tenure::auth::AuthError> {
/// use tenure::auth;
///
/// // … the new password's hash is in the table …
/// if let Some(user) = auth.user_by_id(41).await? {
///     auth::update_session_auth_hash(&session, &user).await?;
/// }
/// # Ok(())
/// # }
/// ```
pub async fn update_session_auth_hash(session: &Session, user: &User) -> Result<(), AuthError> {
    session.cycle_key().await?;
    if user_id(session).as_ref() == Some(user.id()) {
        let hash = session_hash(user.encoded_password(), &session.shared().secret);
        session.insert(HASH, &hash)?;
        if let Some(family) = session.family() {
            rehash(session.shared(), family, &hash).await?;
        }
    }
    Ok(())
}

/// The user whom a session belongs to. Django's `get_user`.
pub(super) async fn user(auth: &Auth, session: &Session) -> Result<Option<User>, AuthError> {
    if session.must_log_in_again() {
        return Ok(None);
    }
    let Some(id) = user_id(session) else {
        return Ok(None);
    };
    let Some(backend) = session.get::<String>(BACKEND).ok().flatten() else {
        return Ok(None);
    };
    let Some(user) = auth.shared.backends.user(auth, &backend, &id).await? else {
        return Ok(None);
    };
    let shared = session.shared();
    let current = session_hash(user.encoded_password(), &shared.secret);
    if matches(session, &current) {
        return Ok(Some(user));
    }
    let older = shared
        .secret_fallbacks
        .iter()
        .map(|secret| session_hash(user.encoded_password(), secret));
    if older.fold(false, |found, hash| found | matches(session, &hash)) {
        // The secret was rotated: carry the login over to the new one. Django changes the key too. But a page's parallel requests all
        // come with the old one, and all but the first would find it dead.
        session.insert(HASH, current)?;
        return Ok(Some(user));
    }
    session.flush().await?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_hashes_of_the_vectors() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../interop/vectors/auth.json")).unwrap();
        let cases = file["hashes"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let hash = |secret: &serde_json::Value| {
                session_hash(&text(&case["password_field"]), &Secret::new(text(secret)))
            };
            assert_eq!(
                hash(&case["secret"]),
                text(&case["session_auth_hash"]),
                "{}",
                case["name"]
            );
            let older = case["fallbacks"].as_array().unwrap().iter().map(hash);
            let expected = case["fallback_hashes"].as_array().unwrap().iter().map(text);
            assert!(older.eq(expected), "{}", case["name"]);
        }
    }
}
