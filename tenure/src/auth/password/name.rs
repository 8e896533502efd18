//! How a hasher is named in settings.

use std::{fmt, str::FromStr};

use super::{
    HashError, Hasher,
    argon2::Argon2,
    bcrypt::{Bcrypt, Input},
    hasher::Kind,
    md5::Md5,
    number,
    pbkdf2::{Digest, Pbkdf2},
    scrypt::Scrypt,
};

/// Django 5.2's classes with their costs.
const DJANGO: [(&str, Kind); 7] = [
    (
        "PBKDF2PasswordHasher",
        Kind::Pbkdf2(Pbkdf2::django(Digest::Sha256)),
    ),
    (
        "PBKDF2SHA1PasswordHasher",
        Kind::Pbkdf2(Pbkdf2::django(Digest::Sha1)),
    ),
    ("Argon2PasswordHasher", Kind::Argon2(Argon2::DJANGO)),
    (
        "BCryptSHA256PasswordHasher",
        Kind::Bcrypt(Bcrypt::django(Input::Sha256)),
    ),
    (
        "BCryptPasswordHasher",
        Kind::Bcrypt(Bcrypt::django(Input::Password)),
    ),
    ("ScryptPasswordHasher", Kind::Scrypt(Scrypt::DJANGO)),
    ("MD5PasswordHasher", Kind::Md5(Md5)),
];

impl FromStr for Hasher {
    type Err = HashError;

    fn from_str(name: &str) -> Result<Self, HashError> {
        if let Some(class) = name.strip_prefix("django.contrib.auth.hashers.") {
            let known = DJANGO.iter().find(|(known, _)| *known == class);
            return known
                .map(|(_, kind)| Self(*kind))
                .ok_or(HashError::UnknownHasher);
        }
        let (algorithm, costs) = name.split_once('$').unwrap_or((name, ""));
        let one = || number(costs).ok_or(HashError::UnknownHasher);
        let three = |names| three_numbers(costs, names).ok_or(HashError::UnknownHasher);
        match algorithm {
            "pbkdf2_sha256" => Self::pbkdf2_sha256(one()?),
            "pbkdf2_sha1" => Self::pbkdf2_sha1(one()?),
            "argon2" => {
                let [memory, passes, lanes] = three(["m=", "t=", "p="])?;
                Self::argon2(passes, memory, lanes)
            }
            "bcrypt_sha256" => Self::bcrypt_sha256(one()?),
            "bcrypt" => Self::bcrypt(one()?),
            "scrypt" => {
                let [work_factor, block_size, parallelism] = three(["N=", "r=", "p="])?;
                Self::scrypt(work_factor, block_size, parallelism)
            }
            "md5" if name == algorithm => Ok(Self(Kind::Md5(Md5))),
            _ => Err(HashError::UnknownHasher),
        }
    }
}

/// Three named numbers, as argon2 writes its costs.
pub(super) fn three_numbers(text: &str, names: [&str; 3]) -> Option<[u32; 3]> {
    let mut parts = text.split(',');
    let mut next = |name| number(parts.next()?.strip_prefix(name)?);
    let [first, second, third] = names;
    let numbers = [next(first)?, next(second)?, next(third)?];
    parts.next().is_none().then_some(numbers)
}

impl fmt::Display for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm())?;
        match self.format().costs() {
            costs if costs.is_empty() => Ok(()),
            costs => write!(f, "${costs}"),
        }
    }
}
