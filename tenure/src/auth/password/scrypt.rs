//! `scrypt$<N>$<salt>$<r>$<p>$<hash>`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use scrypt::Params;

use super::{Format, HashError, Stored, hasher::Kind, number};

const ALGORITHM: &str = "scrypt";
const MALFORMED: HashError = HashError::Malformed(ALGORITHM);
const MAX_MEMORY: u64 = 1 << 30;
const MAX_WORK: u64 = 2 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scrypt {
    /// N.
    work_factor: u32,
    /// r.
    block_size: u32,
    /// p.
    parallelism: u32,
}

impl Scrypt {
    /// What Django 5.2 takes.
    pub(super) const DJANGO: Self = Self {
        work_factor: 1 << 14,
        block_size: 8,
        parallelism: 5,
    };

    pub(super) fn new(
        work_factor: u32,
        block_size: u32,
        parallelism: u32,
    ) -> Result<Self, HashError> {
        let format = Self {
            work_factor,
            block_size,
            parallelism,
        };
        // N blocks of working memory and p of input.
        let blocks = u64::from(work_factor) + u64::from(parallelism);
        if blocks.saturating_mul(format.block_bytes()) > MAX_MEMORY
            || format.work() > MAX_WORK
            || format.params().is_none()
        {
            return Err(HashError::Costs {
                costs: format!("{ALGORITHM} with {}", format.costs()),
                allowed: "N of a power of two, 128 times r times N + p to 2^30, and 128 times r times N times p to 2^31,",
            });
        }
        Ok(format)
    }

    /// Takes apart what follows the algorithm and its `$`.
    pub(super) fn read(rest: &str) -> Result<Stored<'_>, HashError> {
        let parts: Vec<_> = rest.split('$').collect();
        let [work_factor, salt, block_size, parallelism, hash] = *parts else {
            return Err(MALFORMED);
        };
        if salt.is_empty() {
            return Err(MALFORMED);
        }
        let cost = |text| number(text).ok_or(MALFORMED);
        let format = Self::new(cost(work_factor)?, cost(block_size)?, cost(parallelism)?)?;
        Ok(Stored {
            hasher: Kind::Scrypt(format).into(),
            salt,
            hash,
        })
    }

    fn block_bytes(self) -> u64 {
        128 * u64::from(self.block_size)
    }

    fn params(self) -> Option<Params> {
        if self.work_factor < 2 || !self.work_factor.is_power_of_two() {
            return None;
        }
        let log_n = u8::try_from(self.work_factor.ilog2()).ok()?;
        Params::new(log_n, self.block_size, self.parallelism).ok()
    }
}

impl Format for Scrypt {
    fn algorithm(&self) -> &'static str {
        ALGORITHM
    }

    fn costs(&self) -> String {
        let Self {
            work_factor,
            block_size,
            parallelism,
        } = self;
        format!("N={work_factor},r={block_size},p={parallelism}")
    }

    fn work(&self) -> u64 {
        self.block_bytes()
            .saturating_mul(self.work_factor.into())
            .saturating_mul(self.parallelism.into())
    }

    fn is_short(&self, _salt: &str) -> bool {
        false
    }

    fn hash(&self, password: &str, salt: &str) -> Result<String, HashError> {
        let params = self.params().ok_or(MALFORMED)?;
        let mut hash = [0; 64];
        scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut hash)
            .map_err(|_| MALFORMED)?;
        Ok(STANDARD.encode(hash))
    }

    fn write(&self, salt: &str, hash: &str) -> String {
        let Self {
            work_factor,
            block_size,
            parallelism,
        } = self;
        format!("{ALGORITHM}${work_factor}${salt}${block_size}${parallelism}${hash}")
    }
}
