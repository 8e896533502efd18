//! Password hashes as they stand in `auth_user.password`: all of Django's formats, in Django's bytes.
//!
//! [`check`] finds out the format by itself; a [`Hasher`] makes new hashes in the preferred one.
//!
//! ```
//! use tenure::{auth::password::{self, Hasher}, system::OperatingSystem};
//!
//! let encoded = Hasher::scrypt(1024, 8, 1)?.make("correct horse", &OperatingSystem)?;
//! assert!(encoded.starts_with("scrypt$1024$"));
//! assert!(password::check("correct horse", &encoded));
//! assert!(!password::check("wrong horse", &encoded));
//! # Ok::<(), tenure::auth::password::HashError>(())
//! ```
//!
//! A hash names its own costs, and whoever can write to the table could name ruinous ones. Beyond these bounds, each at least ten times
//! what any Django asks for by default, a hash is refused and not computed:
//!
//! | algorithm | cost | Django 5.2 | at most |
//! |---|---|---|---|
//! | `pbkdf2_sha256`, `pbkdf2_sha1` | iterations | 1,000,000 | 20,000,000 |
//! | `argon2` (id, i and d) | memory | 100 MiB | 1 GiB |
//! | | memory times passes | 200 MiB | 4 GiB |
//! | `bcrypt_sha256`, `bcrypt` | rounds, as a power of two | 12 | 16 |
//! | `scrypt` | memory | 16 MiB | 1 GiB |
//! | | memory times parallelism | 80 MiB | 2 GiB |
//! | `md5` | | | |
//!
//! Whether a user who does not exist can be told from one who does by time is the business of [`Auth`](super::Auth), which spends the
//! preferred hasher's time on both.
//!
//! Mirrors `django/contrib/auth/hashers.py` (Django 5.2). The formats that Django removed before (`sha1`, `crypt`, unsalted ones) never
//! match. The costs are what OWASP's password storage cheat sheet asks for or more, but for `md5`, which is there to be read.

mod argon2;
mod bcrypt;
mod check;
mod error;
mod hasher;
mod md5;
mod name;
mod pbkdf2;
mod scrypt;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use crate::system::{RandomError, System, random_text};

pub(super) use check::check_evenly;
pub use check::{MAX_BYTES, check, is_usable, make_unusable};
pub use error::HashError;
pub use hasher::Hasher;

/// Django's `RANDOM_STRING_CHARS`.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// So many letters hold 128 bits, Django's `salt_entropy`.
const SALT_LENGTH: usize = 22;

/// One of Django's hashers with its costs.
trait Format {
    /// The name before the first `$`.
    fn algorithm(&self) -> &'static str;

    /// The costs as they stand in settings; empty where there are none.
    fn costs(&self) -> String;

    /// What one hash costs, in the algorithm's own unit.
    fn work(&self) -> u64;

    /// A new salt, as it stands in the text.
    fn salt(&self, system: &dyn System) -> Result<String, RandomError> {
        random_text(system, LETTERS, SALT_LENGTH)
    }

    /// Whether Django would make a new hash for the sake of a longer salt.
    fn is_short(&self, salt: &str) -> bool;

    /// The hash as it stands in the text.
    fn hash(&self, password: &str, salt: &str) -> Result<String, HashError>;

    /// The whole text.
    fn write(&self, salt: &str, hash: &str) -> String;
}

/// A hash from the table, taken apart.
struct Stored<'a> {
    hasher: Hasher,
    salt: &'a str,
    hash: &'a str,
}

/// A number as Django writes it. Any other way to write it could not come out as the same text again, which is what Django compares.
fn number<T: FromStr + ToString>(text: &str) -> Option<T> {
    text.parse()
        .ok()
        .filter(|number: &T| number.to_string() == text)
}
