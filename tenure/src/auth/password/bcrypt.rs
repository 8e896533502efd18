//! `bcrypt_sha256$$2b$<rounds>$<salt and hash>`, and `bcrypt`, which sees the first 72 bytes of a password alone.

use base64::Engine as _;
use bcrypt::BASE_64;
use sha2::{Digest as _, Sha256};

use super::{Format, HashError, Stored, hasher::Kind, number};
use crate::codec::hex;
use crate::system::{RandomError, System};

/// What bcrypt can take in.
const MAX_PASSWORD: usize = 72;
const SALT_BYTES: usize = 16;
/// Characters of a salt in bcrypt's own Base64.
const SALT_CHARACTERS: usize = 22;
/// bcrypt computes one more, which nobody stores.
const HASH_BYTES: usize = 23;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bcrypt {
    input: Input,
    rounds: u32,
}

/// What bcrypt is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The SHA-256 of the password in hexadecimal digits.
    Sha256,
    /// The password, cut.
    Password,
}

impl Bcrypt {
    /// What Django 5.2 takes.
    pub(super) const fn django(input: Input) -> Self {
        Self { input, rounds: 12 }
    }

    pub(super) fn new(input: Input, rounds: u32) -> Result<Self, HashError> {
        if !(4..=16).contains(&rounds) {
            return Err(HashError::Costs {
                costs: format!("{} with {rounds} rounds", input.algorithm()),
                allowed: "4 to 16 rounds",
            });
        }
        Ok(Self { input, rounds })
    }

    /// Takes apart what follows the algorithm and its `$`.
    pub(super) fn read(input: Input, rest: &str) -> Result<Stored<'_>, HashError> {
        let malformed = || HashError::Malformed(input.algorithm());
        // The letters tell which mistakes of old a hash was made without; all are computed in one way now, as Python's bcrypt does.
        let versions = ["$2b$", "$2a$", "$2y$", "$2x$"];
        let rest = versions
            .iter()
            .find_map(|version| rest.strip_prefix(version));
        let (rounds, rest) = rest
            .and_then(|rest| rest.split_once('$'))
            .ok_or_else(malformed)?;
        let rounds = Some(rounds.strip_prefix('0').unwrap_or(rounds))
            .filter(|_| rounds.len() == 2)
            .and_then(number)
            .ok_or_else(malformed)?;
        let (salt, hash) = rest
            .split_at_checked(SALT_CHARACTERS)
            .ok_or_else(malformed)?;
        decode(salt).ok_or_else(malformed)?;
        Ok(Stored {
            hasher: Kind::Bcrypt(Self::new(input, rounds)?).into(),
            salt,
            hash,
        })
    }

    /// Rounds that together cost what `stored` falls short of these.
    pub(super) fn beyond(self, stored: Self) -> impl Iterator<Item = Self> {
        // Each round doubles the cost, so 2^a + 2^(a+1) + … + 2^(b-1) = 2^b - 2^a.
        (stored.rounds..self.rounds).map(move |rounds| Self { rounds, ..self })
    }
}

fn decode(salt: &str) -> Option<[u8; SALT_BYTES]> {
    BASE_64.decode(salt).ok()?.try_into().ok()
}

impl Input {
    const fn algorithm(self) -> &'static str {
        match self {
            Self::Sha256 => "bcrypt_sha256",
            Self::Password => "bcrypt",
        }
    }
}

impl Format for Bcrypt {
    fn algorithm(&self) -> &'static str {
        self.input.algorithm()
    }

    fn costs(&self) -> String {
        self.rounds.to_string()
    }

    fn work(&self) -> u64 {
        1 << self.rounds
    }

    fn salt(&self, system: &dyn System) -> Result<String, RandomError> {
        let mut salt = [0; SALT_BYTES];
        system.fill_random(&mut salt)?;
        Ok(BASE_64.encode(salt))
    }

    fn is_short(&self, _salt: &str) -> bool {
        false
    }

    fn hash(&self, password: &str, salt: &str) -> Result<String, HashError> {
        let salt = decode(salt).ok_or(HashError::Malformed(self.algorithm()))?;
        let mut input = match self.input {
            Input::Sha256 => hex(&Sha256::digest(password)).into_bytes(),
            Input::Password => password.as_bytes().to_vec(),
        };
        input.push(0);
        input.truncate(MAX_PASSWORD);
        let hash = bcrypt::bcrypt(self.rounds, salt, &input);
        Ok(BASE_64.encode(hash.get(..HASH_BYTES).unwrap_or(&hash)))
    }

    fn write(&self, salt: &str, hash: &str) -> String {
        format!("{}$$2b${:02}${salt}{hash}", self.algorithm(), self.rounds)
    }
}
