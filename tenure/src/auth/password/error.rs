//! Why a password was not hashed.

use crate::system::RandomError;

/// Why a hash was not made, or one from the table cannot be computed.
///
/// ```
/// use tenure::auth::password::Hasher;
///
/// let error = Hasher::of("bcrypt$$2b$31$ZTKrbHRbsGsk3MvP9HKYguFmqAXkYnxGOGGTBZcjWLPQnJ1p2xGmK").unwrap_err();
/// assert_eq!(error.to_string(), "bcrypt with 31 rounds is not computed: 4 to 16 rounds are");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Text that begins with `!`: the user has no password.
    #[error("the user has no usable password")]
    Unusable,
    /// Text of no format that Django 5.2 knows.
    #[error("this is no password hash of a format that Django 5.2 knows")]
    Unknown,
    /// A name that is none of a hasher.
    #[error(
        "a hasher of Django 5.2's is needed, such as \"django.contrib.auth.hashers.Argon2PasswordHasher\", or one with its costs, such as \"pbkdf2_sha256$1200000\""
    )]
    UnknownHasher,
    /// Text that begins as the named format does, and goes on otherwise.
    #[error("this begins as a password hash of Django's `{0}` does, but is none")]
    Malformed(&'static str),
    /// Costs that make no sense, or would keep the machine busy for too long.
    #[error("{costs} is not computed: {allowed} are")]
    Costs {
        /// What was asked for.
        costs: String,
        /// What may be.
        allowed: &'static str,
    },
    /// There is not as much memory as the hash needs.
    #[error("there is no memory to hash a password in: {0} KiB are needed")]
    OutOfMemory(u32),
    /// The machine's random source failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}
