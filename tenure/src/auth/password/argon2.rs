//! `argon2$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`: what argon2 itself writes, after its name.

use argon2::{Algorithm, Argon2 as Computation, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::{Format, HashError, LETTERS, SALT_LENGTH, Stored, hasher::Kind, name::three_numbers};
use crate::system::{RandomError, System, random_text};

const ALGORITHM: &str = "argon2";
const MALFORMED: HashError = HashError::Malformed(ALGORITHM);
const MAX_MEMORY: u32 = 1 << 20;
const MAX_WORK: u64 = 4 << 20;
/// Bytes that argon2-cffi, on which Django's hasher stands, makes by default.
const HASH_LENGTH: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Argon2 {
    variety: Algorithm,
    version: Version,
    passes: u32,
    /// In KiB.
    memory: u32,
    lanes: u32,
    hash_length: usize,
}

impl Argon2 {
    /// What Django 5.2 takes.
    pub(super) const DJANGO: Self = Self {
        variety: Algorithm::Argon2id,
        version: Version::V0x13,
        passes: 2,
        memory: 102_400,
        lanes: 8,
        hash_length: HASH_LENGTH,
    };

    pub(super) fn new(passes: u32, memory: u32, lanes: u32) -> Result<Self, HashError> {
        let format = Self {
            passes,
            memory,
            lanes,
            ..Self::DJANGO
        };
        if memory > MAX_MEMORY || format.work() > MAX_WORK || format.params().is_err() {
            return Err(HashError::Costs {
                costs: format!("{ALGORITHM} with {}", format.costs()),
                allowed: "m of 8 times p to 1,048,576 KiB, and m times t to 4,194,304 KiB,",
            });
        }
        Ok(format)
    }

    /// Takes apart what follows the algorithm and its `$`.
    pub(super) fn read(rest: &str) -> Result<Stored<'_>, HashError> {
        let mut parts = rest.split('$');
        let mut next = || parts.next().ok_or(MALFORMED);
        let variety = Algorithm::new(next()?).map_err(|_| MALFORMED)?;
        // The first version of Argon2 did not name itself.
        let (version, costs) = match next()? {
            "v=19" => (Version::V0x13, next()?),
            "v=16" => (Version::V0x10, next()?),
            costs => (Version::V0x10, costs),
        };
        let (salt, hash) = (next()?, next()?);
        if parts.next().is_some() {
            return Err(MALFORMED);
        }
        let costs = three_numbers(costs, ["m=", "t=", "p="]);
        let [memory, passes, lanes] = costs.ok_or(MALFORMED)?;
        let length = |text, least| {
            let length = STANDARD_NO_PAD.decode(text).map(|bytes| bytes.len());
            length
                .ok()
                .filter(|length| *length >= least)
                .ok_or(MALFORMED)
        };
        length(salt, argon2::MIN_SALT_LEN)?;
        let hash_length = length(hash, Params::MIN_OUTPUT_LEN)?;
        let format = Self {
            variety,
            version,
            hash_length,
            ..Self::new(passes, memory, lanes)?
        };
        Ok(Stored {
            hasher: Kind::Argon2(format).into(),
            salt,
            hash,
        })
    }

    fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory, self.passes, self.lanes, Some(self.hash_length))
    }
}

impl Format for Argon2 {
    fn algorithm(&self) -> &'static str {
        ALGORITHM
    }

    fn costs(&self) -> String {
        format!("m={},t={},p={}", self.memory, self.passes, self.lanes)
    }

    fn work(&self) -> u64 {
        u64::from(self.memory) * u64::from(self.passes)
    }

    fn salt(&self, system: &dyn System) -> Result<String, RandomError> {
        Ok(STANDARD_NO_PAD.encode(random_text(system, LETTERS, SALT_LENGTH)?))
    }

    fn is_short(&self, salt: &str) -> bool {
        STANDARD_NO_PAD
            .decode(salt)
            .is_ok_and(|salt| salt.len() < SALT_LENGTH)
    }

    fn hash(&self, password: &str, salt: &str) -> Result<String, HashError> {
        let salt = STANDARD_NO_PAD.decode(salt).map_err(|_| MALFORMED)?;
        let params = self.params().map_err(|_| MALFORMED)?;
        let mut hash = vec![0; self.hash_length];
        // What else could fail was looked at when the costs were.
        Computation::new(self.variety, self.version, params)
            .hash_password_into(password.as_bytes(), &salt, &mut hash)
            .map_err(|_| HashError::OutOfMemory(self.memory))?;
        Ok(STANDARD_NO_PAD.encode(hash))
    }

    fn write(&self, salt: &str, hash: &str) -> String {
        let (variety, version) = (self.variety, u32::from(self.version));
        let costs = self.costs();
        format!("{ALGORITHM}${variety}$v={version}${costs}${salt}${hash}")
    }
}
