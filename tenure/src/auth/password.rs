//! Password hashes as they stand in `auth_user.password`.
//!
//! This release reads and writes `pbkdf2_sha256$<iterations>$<salt>$<hash>`, Django's default. Mirrors `PBKDF2PasswordHasher` in
//! `django/contrib/auth/hashers.py` (Django 5.2).
//!
//! ```
//! use tenure::{auth::password, system::OperatingSystem};
//!
//! let encoded = password::make("correct horse", 1_000, &OperatingSystem)?;
//! assert!(encoded.starts_with("pbkdf2_sha256$1000$"));
//! assert!(password::check("correct horse", &encoded));
//! assert!(!password::check("wrong horse", &encoded));
//! # Ok::<(), tenure::system::RandomError>(())
//! ```

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::system::{RandomError, System};

/// Iterations of a new hash: Django 5.2's default. Other versions have others, and two services that share users must agree, since a
/// rewritten hash ends the user's sessions; tenure never rewrites one by itself.
pub const ITERATIONS: u32 = 1_000_000;

/// Longer passwords are never right: hashing what a stranger sends must have a bound.
pub const MAX_BYTES: usize = 4096;

const ALGORITHM: &str = "pbkdf2_sha256";
/// Django's `RANDOM_STRING_CHARS`, 22 of which hold 128 bits.
const SALT_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SALT_LENGTH: usize = 22;

/// A hash taken apart.
struct Encoded<'a> {
    iterations: u32,
    salt: &'a str,
    hash: &'a str,
}

impl<'a> Encoded<'a> {
    fn parse(encoded: &'a str) -> Option<Self> {
        let mut parts = encoded.splitn(4, '$');
        if parts.next()? != ALGORITHM {
            return None;
        }
        let iterations = parts
            .next()?
            .parse()
            .ok()
            .filter(|iterations| *iterations > 0)?;
        Some(Self {
            iterations,
            salt: parts.next()?,
            hash: parts.next()?,
        })
    }
}

fn hash(password: &str, salt: &str, iterations: u32) -> String {
    let mut bytes = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), iterations, &mut bytes);
    STANDARD.encode(bytes)
}

/// Whether `password` is the one that `encoded` was made from. A hash of another kind, or one that is none, never matches.
///
/// It takes as long as its iterations take: call it where blocking is allowed.
pub fn check(password: &str, encoded: &str) -> bool {
    if password.len() > MAX_BYTES {
        return false;
    }
    let Some(parts) = Encoded::parse(encoded) else {
        return false;
    };
    let hash = hash(password, parts.salt, parts.iterations);
    hash.as_bytes().ct_eq(parts.hash.as_bytes()).into()
}

/// As [`check`], but takes at least as long as `iterations` do, whatever `encoded` is, so that the time does not tell which users exist
/// (CVE-2024-39329).
pub(crate) fn check_evenly(password: &str, encoded: Option<&str>, iterations: u32) -> bool {
    let right = encoded.is_some_and(|encoded| check(password, encoded));
    let rest = missing(encoded, iterations);
    if password.len() <= MAX_BYTES && rest > 0 {
        hash(password, "timing", rest);
    }
    right
}

/// How many iterations checking `encoded` falls short of `iterations`.
fn missing(encoded: Option<&str>, iterations: u32) -> u32 {
    let spent = encoded
        .and_then(Encoded::parse)
        .map_or(0, |parts| parts.iterations);
    iterations.saturating_sub(spent)
}

/// The text for `auth_user.password`, with a random salt. [`ITERATIONS`] is what Django 5.2 would take.
///
/// # Errors
///
/// When the random source fails.
pub fn make(password: &str, iterations: u32, system: &dyn System) -> Result<String, RandomError> {
    let salt = crate::system::random_text(system, SALT_ALPHABET, SALT_LENGTH)?;
    Ok(format!(
        "{ALGORITHM}${iterations}${salt}${}",
        hash(password, &salt, iterations)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::OperatingSystem;

    /// Formats that come with a later release. Until then they never match, which is the safe side.
    const LATER: [&str; 6] = [
        "pbkdf2_sha1",
        "argon2",
        "bcrypt",
        "bcrypt_sha256",
        "scrypt",
        "md5",
    ];

    #[test]
    fn pbkdf2_cases_of_the_vectors() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../interop/vectors/passwords.json")).unwrap();
        let mut checked = 0;
        for case in file["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            if case["algorithm"]
                .as_str()
                .is_some_and(|algorithm| LATER.contains(&algorithm))
            {
                continue;
            }
            let encoded = case["encoded"].as_str().unwrap();
            let right = check(case["password"].as_str().unwrap(), encoded);
            assert_eq!(
                right,
                case["correct"].as_bool().unwrap(),
                "{name}: {encoded}"
            );
            checked += 1;
        }
        assert!(checked > 10, "{checked}");
    }

    #[test]
    fn what_is_no_hash_never_matches() {
        for encoded in [
            "",
            "!",
            "!unusable",
            "password",
            "pbkdf2_sha256",
            "pbkdf2_sha256$0$salt$",
            "pbkdf2_sha256$x$salt$hash",
        ] {
            assert!(!check("", encoded), "{encoded}");
            assert!(!check("password", encoded), "{encoded}");
        }
    }

    #[test]
    fn an_over_long_password_costs_nothing_and_never_matches() {
        let long = "x".repeat(MAX_BYTES + 1);
        let encoded = make(&long, 1, &OperatingSystem).unwrap();
        assert!(!check(&long, &encoded));
    }

    #[test]
    fn an_unknown_user_costs_as_many_iterations_as_a_wrong_password() {
        let stored = |iterations| format!("pbkdf2_sha256${iterations}$salt$hash");
        let cases = [
            None,
            Some("!unusable".to_owned()),
            Some("md5$salt$hash".to_owned()),
            Some(stored(600_000)),
            Some(stored(1_000_000)),
        ];
        for encoded in cases {
            let spent = encoded
                .as_deref()
                .and_then(Encoded::parse)
                .map_or(0, |parts| parts.iterations);
            assert_eq!(
                spent + missing(encoded.as_deref(), 1_000_000),
                1_000_000,
                "{encoded:?}"
            );
        }
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        assert_ne!(
            make("p", 1, &OperatingSystem).unwrap(),
            make("p", 1, &OperatingSystem).unwrap()
        );
    }
}
