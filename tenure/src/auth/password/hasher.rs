//! The hasher that a site prefers.

use super::{
    Format, HashError, Stored,
    argon2::Argon2,
    bcrypt::{Bcrypt, Input},
    md5::Md5,
    pbkdf2::{Digest, Pbkdf2},
    scrypt::Scrypt,
};
use crate::system::System;

/// How new password hashes are made: one of Django's formats, with its costs.
///
/// The default is Django 5.2's. A site whose Django prefers another, or other costs, names it by `TENURE_PASSWORD_HASHER` or
/// [`Auth::with_hasher`](crate::auth::Auth::with_hasher). Two texts name a hasher: what `PASSWORD_HASHERS` has, which means Django 5.2's
/// costs, and what its hashes begin with, which says them. [`Display`](std::fmt::Display) writes the latter.
///
/// ```
/// use tenure::{auth::password::Hasher, system::OperatingSystem};
///
/// assert_eq!(Hasher::default().to_string(), "pbkdf2_sha256$1000000");
/// let argon2: Hasher = "django.contrib.auth.hashers.Argon2PasswordHasher".parse()?;
/// assert_eq!(argon2.to_string(), "argon2$m=102400,t=2,p=8");
/// assert_eq!("argon2$m=102400,t=2,p=8".parse::<Hasher>()?, Hasher::argon2(2, 102_400, 8)?);
///
/// let encoded = Hasher::bcrypt_sha256(4)?.make("correct horse", &OperatingSystem)?;
/// assert!(encoded.starts_with("bcrypt_sha256$$2b$04$"));
/// assert!(Hasher::default().must_update(&encoded));
/// # Ok::<(), tenure::auth::password::HashError>(())
/// ```
#[doc(alias = "PASSWORD_HASHERS")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hasher(pub(super) Kind);

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pbkdf2(Pbkdf2),
    Argon2(Argon2),
    Bcrypt(Bcrypt),
    Scrypt(Scrypt),
    Md5(Md5),
}

impl Hasher {
    /// PBKDF2 with SHA-256. Django 5.2 takes 1,000,000 iterations, other versions others.
    ///
    /// # Errors
    ///
    /// When the costs are not among those of the [module docs](super).
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::auth::password::Hasher;
    ///
    /// let django_6_0 = Hasher::pbkdf2_sha256(1_200_000)?;
    /// assert!(Hasher::pbkdf2_sha256(0).is_err());
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    pub fn pbkdf2_sha256(iterations: u32) -> Result<Self, HashError> {
        let format = Pbkdf2::new(Digest::Sha256, iterations);
        format.map(Kind::Pbkdf2).map(Self)
    }

    /// PBKDF2 with SHA-1. Django 5.2 takes 1,000,000 iterations, other versions others.
    ///
    /// # Errors
    ///
    /// When the costs are not among those of the [module docs](super).
    ///
    /// # Example
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// assert_eq!(Hasher::pbkdf2_sha1(1_000)?.algorithm(), "pbkdf2_sha1");
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    pub fn pbkdf2_sha1(iterations: u32) -> Result<Self, HashError> {
        let format = Pbkdf2::new(Digest::Sha1, iterations);
        format.map(Kind::Pbkdf2).map(Self)
    }

    /// Argon2id: passes over a memory of so many KiB, in lanes. Django's `time_cost`, `memory_cost` and `parallelism`: 2, 102,400 and 8.
    ///
    /// The lanes are computed one after the other here.
    ///
    /// # Errors
    ///
    /// When the costs are not among those of the [module docs](super), or the memory is less than 8 KiB a lane.
    ///
    /// # Example
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// // OWASP's least: 19 MiB, two passes.
    /// assert_eq!(Hasher::argon2(2, 19_456, 1)?.algorithm(), "argon2");
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    pub fn argon2(time_cost: u32, memory_cost: u32, parallelism: u32) -> Result<Self, HashError> {
        let format = Argon2::new(time_cost, memory_cost, parallelism);
        format.map(Kind::Argon2).map(Self)
    }

    /// bcrypt of the password's SHA-256, so that all of a long password counts. Django takes 12 rounds; each more doubles the cost.
    ///
    /// # Errors
    ///
    /// When the costs are not among those of the [module docs](super).
    ///
    /// # Example
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// assert_eq!(Hasher::bcrypt_sha256(12)?.algorithm(), "bcrypt_sha256");
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    pub fn bcrypt_sha256(rounds: u32) -> Result<Self, HashError> {
        let format = Bcrypt::new(Input::Sha256, rounds);
        format.map(Kind::Bcrypt).map(Self)
    }

    /// bcrypt of the password itself, of which only the first 72 bytes count: [`bcrypt_sha256`](Self::bcrypt_sha256) is better. Django
    /// takes 12 rounds; each more doubles the cost.
    ///
    /// With a longer password Django fails since version 5 of Python's `bcrypt`, and cuts it as tenure does under older ones.
    ///
    /// # Errors
    ///
    /// When the costs are not among those of the [module docs](super).
    ///
    /// # Example
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// assert!(Hasher::bcrypt(32).is_err());
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    pub fn bcrypt(rounds: u32) -> Result<Self, HashError> {
        let format = Bcrypt::new(Input::Password, rounds);
        format.map(Kind::Bcrypt).map(Self)
    }

    /// scrypt with its N, r and p. Django's `work_factor`, `block_size` and `parallelism`: 16,384, 8 and 5.
    ///
    /// Django itself computes only what fits into 32 MiB, which is less than N = 32,768 with r = 8, unless a hasher of its own raises
    /// `maxmem`.
    ///
    /// # Errors
    ///
    /// When the costs are not among those of the [module docs](super), or N is not a power of two.
    ///
    /// # Example
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// assert!(Hasher::scrypt(16_384, 8, 5).is_ok());
    /// assert!(Hasher::scrypt(16_383, 8, 5).is_err());
    /// ```
    pub fn scrypt(work_factor: u32, block_size: u32, parallelism: u32) -> Result<Self, HashError> {
        let format = Scrypt::new(work_factor, block_size, parallelism);
        format.map(Kind::Scrypt).map(Self)
    }

    /// What made `encoded`.
    ///
    /// # Errors
    ///
    /// When it is no hash of a known format, or one that is refused for its costs.
    ///
    /// # Example
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// let hasher = Hasher::of("pbkdf2_sha256$600000$seasalt$p/uPn1A=")?;
    /// assert_eq!(hasher, Hasher::pbkdf2_sha256(600_000)?);
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    #[doc(alias = "identify_hasher")]
    pub fn of(encoded: &str) -> Result<Self, HashError> {
        Ok(Stored::read(encoded)?.hasher)
    }

    /// The name before the first `$` of its hashes.
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// assert_eq!(Hasher::default().algorithm(), "pbkdf2_sha256");
    /// ```
    pub fn algorithm(&self) -> &'static str {
        self.format().algorithm()
    }

    /// The text for `auth_user.password`, with a new salt.
    ///
    /// It takes as long as the costs say: call it where blocking is allowed.
    ///
    /// # Errors
    ///
    /// When the random source fails, or there is no memory.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{auth::password::Hasher, system::OperatingSystem};
    ///
    /// let encoded = Hasher::pbkdf2_sha256(1_000)?.make("correct horse", &OperatingSystem)?;
    /// assert!(encoded.starts_with("pbkdf2_sha256$1000$"));
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    #[doc(alias = "make_password")]
    pub fn make(&self, password: &str, system: &dyn System) -> Result<String, HashError> {
        let format = self.format();
        let salt = format.salt(system)?;
        Ok(format.write(&salt, &format.hash(password, &salt)?))
    }

    /// Whether Django, with this hasher as its preferred one, would replace `encoded` at the next right login: another format, other costs,
    /// be they higher or lower, or a salt of less than 128 bits. What is no hash is never right, so never replaced.
    ///
    /// ```
    /// # use tenure::auth::password::Hasher;
    /// let preferred = Hasher::pbkdf2_sha256(1_000_000)?;
    /// assert!(preferred.must_update("pbkdf2_sha256$1200000$Zq3NfD8kL1mP5rT7vX9yB2$CjdNDu1Tq95j+LM8TQ2FuFA="));
    /// assert!(!preferred.must_update("pbkdf2_sha256$1000000$Zq3NfD8kL1mP5rT7vX9yB2$Ogck9uHAx98yAaor1kCJio8="));
    /// assert!(!preferred.must_update("!"));
    /// # Ok::<(), tenure::auth::password::HashError>(())
    /// ```
    pub fn must_update(&self, encoded: &str) -> bool {
        Stored::read(encoded)
            .is_ok_and(|stored| *self != stored.hasher || self.format().is_short(stored.salt))
    }

    pub(super) fn format(&self) -> &dyn Format {
        match &self.0 {
            Kind::Pbkdf2(format) => format,
            Kind::Argon2(format) => format,
            Kind::Bcrypt(format) => format,
            Kind::Scrypt(format) => format,
            Kind::Md5(format) => format,
        }
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self(Kind::Pbkdf2(Pbkdf2::django(Digest::Sha256)))
    }
}

impl From<Kind> for Hasher {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl<'a> Stored<'a> {
    pub(super) fn read(encoded: &'a str) -> Result<Self, HashError> {
        if !super::is_usable(encoded) {
            return Err(HashError::Unusable);
        }
        let (algorithm, rest) = encoded.split_once('$').ok_or(HashError::Unknown)?;
        match algorithm {
            "pbkdf2_sha256" => Pbkdf2::read(Digest::Sha256, rest),
            "pbkdf2_sha1" => Pbkdf2::read(Digest::Sha1, rest),
            "argon2" => Argon2::read(rest),
            "bcrypt_sha256" => Bcrypt::read(Input::Sha256, rest),
            "bcrypt" => Bcrypt::read(Input::Password, rest),
            "scrypt" => Scrypt::read(rest),
            "md5" => Md5::read(rest),
            _ => Err(HashError::Unknown),
        }
    }
}
