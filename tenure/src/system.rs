//! What tenure asks of the machine: the time and randomness. Tests pass their own in.

use std::{fmt, time::SystemTime};

use crate::error::BoxError;

/// A clock and a source of random bytes.
///
/// ```
/// use std::time::SystemTime;
/// use tenure::system::{OperatingSystem, RandomError, System};
///
/// /// A clock that stands still.
/// #[derive(Debug)]
/// struct Stopped(SystemTime);
///
/// impl System for Stopped {
///     fn now(&self) -> SystemTime {
///         self.0
///     }
///     fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
///         OperatingSystem.fill_random(bytes)
///     }
/// }
/// ```
pub trait System: fmt::Debug + Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> SystemTime;

    /// Fills `bytes` with what nobody can guess.
    ///
    /// # Errors
    ///
    /// When there is no randomness to be had: no key is made then.
    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's clock and random source.
///
/// ```
/// use tenure::system::{OperatingSystem, System};
///
/// let mut bytes = [0; 16];
/// OperatingSystem.fill_random(&mut bytes)?;
/// assert_ne!(bytes, [0; 16]);
/// # Ok::<(), tenure::system::RandomError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OperatingSystem;

impl System for OperatingSystem {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(RandomError::new)
    }
}

/// The random source failed.
///
/// ```
/// let error = tenure::system::RandomError::new(std::io::Error::other("no entropy"));
/// assert!(error.to_string().starts_with("the random source failed"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the random source failed, so no key can be made: check the machine's `getrandom`")]
pub struct RandomError {
    #[source]
    source: BoxError,
}

impl RandomError {
    /// A failure with its cause.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self {
            source: source.into(),
        }
    }
}

/// Text of `length` characters, each equally likely from `alphabet`, which holds at most 256 of ASCII.
///
/// A byte is taken modulo the alphabet's length only where that is fair; others are drawn again.
pub(crate) fn random_text(
    system: &dyn System,
    alphabet: &[u8],
    length: usize,
) -> Result<String, RandomError> {
    let fair = 256 / alphabet.len().max(1) * alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        let missing = length - text.len();
        // Some are unfair, and an eighth more than is missing saves nearly every key a second system call.
        let block = bytes.len().min(missing + missing / 8 + 1);
        let block = bytes.get_mut(..block).unwrap_or_default();
        system.fill_random(block)?;
        let letters = block
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < fair);
        let letters = letters.filter_map(|byte| alphabet.get(byte % alphabet.len()));
        text.extend(letters.take(missing).map(|letter| char::from(*letter)));
    }
    Ok(text)
}
