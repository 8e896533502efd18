//! `pbkdf2_sha256$<iterations>$<salt>$<hash>`, Django's default, and the same with SHA-1.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::Sha256;

use super::{Format, HashError, SALT_LENGTH, Stored, hasher::Kind, number};

const MAX_ITERATIONS: u32 = 20_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pbkdf2 {
    digest: Digest,
    iterations: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha1,
}

impl Pbkdf2 {
    /// What Django 5.2 takes.
    pub(super) const fn django(digest: Digest) -> Self {
        Self {
            digest,
            iterations: 1_000_000,
        }
    }

    pub(super) fn new(digest: Digest, iterations: u32) -> Result<Self, HashError> {
        if !(1..=MAX_ITERATIONS).contains(&iterations) {
            return Err(HashError::Costs {
                costs: format!("{} with {iterations} iterations", digest.algorithm()),
                allowed: "1 to 20,000,000 iterations",
            });
        }
        Ok(Self { digest, iterations })
    }

    /// Takes apart what follows the algorithm and its `$`.
    pub(super) fn read(digest: Digest, rest: &str) -> Result<Stored<'_>, HashError> {
        let mut parts = rest.splitn(3, '$');
        let mut next = || {
            let part = parts.next().filter(|part| !part.is_empty());
            part.ok_or(HashError::Malformed(digest.algorithm()))
        };
        let iterations = number(next()?).ok_or_else(|| HashError::Malformed(digest.algorithm()))?;
        Ok(Stored {
            hasher: Kind::Pbkdf2(Self::new(digest, iterations)?).into(),
            salt: next()?,
            hash: next()?,
        })
    }

    /// The iterations that `stored` falls short of these.
    pub(super) fn beyond(self, stored: Self) -> Self {
        let iterations = self.iterations.saturating_sub(stored.iterations);
        Self { iterations, ..self }
    }
}

impl Digest {
    const fn algorithm(self) -> &'static str {
        match self {
            Self::Sha256 => "pbkdf2_sha256",
            Self::Sha1 => "pbkdf2_sha1",
        }
    }
}

impl Format for Pbkdf2 {
    fn algorithm(&self) -> &'static str {
        self.digest.algorithm()
    }

    fn costs(&self) -> String {
        self.iterations.to_string()
    }

    fn work(&self) -> u64 {
        self.iterations.into()
    }

    fn is_short(&self, salt: &str) -> bool {
        salt.chars().count() < SALT_LENGTH
    }

    fn hash(&self, password: &str, salt: &str) -> Result<String, HashError> {
        let (password, salt) = (password.as_bytes(), salt.as_bytes());
        Ok(match self.digest {
            Digest::Sha256 => {
                let mut hash = [0; 32];
                pbkdf2_hmac::<Sha256>(password, salt, self.iterations, &mut hash);
                STANDARD.encode(hash)
            }
            Digest::Sha1 => {
                let mut hash = [0; 20];
                pbkdf2_hmac::<Sha1>(password, salt, self.iterations, &mut hash);
                STANDARD.encode(hash)
            }
        })
    }

    fn write(&self, salt: &str, hash: &str) -> String {
        format!("{}${}${salt}${hash}", self.algorithm(), self.iterations)
    }
}
