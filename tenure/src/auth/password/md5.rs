//! `md5$<salt>$<hash>`: of sites from before 2012, and of the tests of many.

use md5::{Digest as _, Md5 as Computation};

use super::{Format, HashError, SALT_LENGTH, Stored, hasher::Kind};
use crate::codec::hex;

const ALGORITHM: &str = "md5";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Md5;

impl Md5 {
    /// Takes apart what follows the algorithm and its `$`.
    pub(super) fn read(rest: &str) -> Result<Stored<'_>, HashError> {
        let parts = rest.split_once('$').filter(|(salt, _)| !salt.is_empty());
        let (salt, hash) = parts.ok_or(HashError::Malformed(ALGORITHM))?;
        Ok(Stored {
            hasher: Kind::Md5(Self).into(),
            salt,
            hash,
        })
    }
}

impl Format for Md5 {
    fn algorithm(&self) -> &'static str {
        ALGORITHM
    }

    fn costs(&self) -> String {
        String::new()
    }

    fn work(&self) -> u64 {
        1
    }

    fn is_short(&self, salt: &str) -> bool {
        salt.chars().count() < SALT_LENGTH
    }

    fn hash(&self, password: &str, salt: &str) -> Result<String, HashError> {
        let text = Computation::new().chain_update(salt).chain_update(password);
        Ok(hex(&text.finalize()))
    }

    fn write(&self, salt: &str, hash: &str) -> String {
        format!("{ALGORITHM}${salt}${hash}")
    }
}
