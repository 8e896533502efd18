//! Is this the password?

use std::hint::black_box;

use subtle::ConstantTimeEq as _;

use super::{HashError, Hasher, LETTERS, Stored, hasher::Kind};
use crate::system::{OperatingSystem, RandomError, System, random_text};

/// Longer passwords are never right: hashing what a stranger sends must have a bound.
pub const MAX_BYTES: usize = 4096;

/// Django's `UNUSABLE_PASSWORD_PREFIX`.
const UNUSABLE: char = '!';
/// Django's `UNUSABLE_PASSWORD_SUFFIX_LENGTH`.
const UNUSABLE_LENGTH: usize = 40;

/// Whether `password` is the one that `encoded` was made from. A hash of another kind, or one that is none, never matches.
///
/// One that is damaged or refused for its costs does not match either; the log tells, and so does [`Hasher::of`].
///
/// It takes as long as its costs say: call it where blocking is allowed.
///
/// ```
/// use tenure::auth::password;
///
/// let encoded = "md5$seasalt0123456789abcdef$a66029c13375f7ea5ac8dda95c65cf03";
/// assert!(password::check("correct horse battery staple", encoded));
/// assert!(!password::check("another", encoded));
/// assert!(!password::check("correct horse battery staple", "!"));
/// ```
#[doc(alias = "check_password")]
pub fn check(password: &str, encoded: &str) -> bool {
    if password.len() > MAX_BYTES {
        return false;
    }
    let right = Stored::read(encoded).and_then(|stored| stored.is_of(password));
    right.unwrap_or_else(|error| {
        match error {
            HashError::Unusable | HashError::Unknown => {}
            error => tracing::warn!("a password is refused unchecked: {error}"),
        }
        false
    })
}

impl Stored<'_> {
    fn is_of(&self, password: &str) -> Result<bool, HashError> {
        let hash = self.hasher.format().hash(password, self.salt)?;
        Ok(hash.as_bytes().ct_eq(self.hash.as_bytes()).into())
    }
}

/// As [`check`], but a wrong password takes at least as long as one hash of `preferred`, whatever `encoded` is, so that the time does not
/// tell which users exist (CVE-2024-39329).
///
/// Django evens out the costs of one PBKDF2 or bcrypt and of what is no hash, as `harden_runtime` does; a hash in another format, or in a
/// cheaper Argon2 or scrypt, betrays the user there. Here such a one costs a preferred hash on top.
pub(in crate::auth) fn check_evenly(
    password: &str,
    encoded: Option<&str>,
    preferred: &Hasher,
) -> bool {
    if encoded.is_some_and(|encoded| check(password, encoded)) {
        return true;
    }
    if password.len() <= MAX_BYTES {
        for hasher in missing(encoded, preferred) {
            // Without randomness or memory no password is hashed any more, right or wrong.
            let _ = black_box(hasher.make(password, &OperatingSystem));
        }
    }
    false
}

/// What is left to spend after `encoded` was checked.
pub(super) fn missing(encoded: Option<&str>, preferred: &Hasher) -> Vec<Hasher> {
    let Some(stored) = encoded.and_then(|encoded| Hasher::of(encoded).ok()) else {
        return vec![*preferred];
    };
    match (stored.0, preferred.0) {
        _ if stored.algorithm() != preferred.algorithm() => vec![*preferred],
        _ if stored.format().work() >= preferred.format().work() => vec![],
        (Kind::Pbkdf2(stored), Kind::Pbkdf2(preferred)) => {
            vec![Kind::Pbkdf2(preferred.beyond(stored)).into()]
        }
        (Kind::Bcrypt(stored), Kind::Bcrypt(preferred)) => {
            let rounds = preferred.beyond(stored);
            rounds.map(|rounds| Kind::Bcrypt(rounds).into()).collect()
        }
        _ => vec![*preferred],
    }
}

/// Text for `auth_user.password` of a user who cannot log in with a password. Django's `make_password(None)`.
///
/// # Errors
///
/// When the random source fails.
///
/// # Example
///
/// ```
/// use tenure::{auth::password, system::OperatingSystem};
///
/// let encoded = password::make_unusable(&OperatingSystem)?;
/// assert!(!password::is_usable(&encoded));
/// assert!(!password::check("", &encoded));
/// # Ok::<(), tenure::system::RandomError>(())
/// ```
#[doc(alias = "set_unusable_password")]
pub fn make_unusable(system: &dyn System) -> Result<String, RandomError> {
    // Random, since what is derived from it, such as a password-reset token, must not be guessed.
    let random = random_text(system, LETTERS, UNUSABLE_LENGTH)?;
    Ok(format!("{UNUSABLE}{random}"))
}

/// Whether the user may have a password: `encoded` is not what [`make_unusable`] makes. As in Django, what is no hash at all is usable too.
///
/// ```
/// assert!(!tenure::auth::password::is_usable("!Zq3NfD8kL1mP5rT7vX9yB2"));
/// ```
#[doc(alias = "is_password_usable")]
pub fn is_usable(encoded: &str) -> bool {
    !encoded.starts_with(UNUSABLE)
}
