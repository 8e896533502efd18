//! Session keys.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrayvec::ArrayString;
use sha2::{Digest as _, Sha256};

use crate::system::{RandomError, System, random_text};

/// Django's `VALID_KEY_CHARS` (`django/contrib/sessions/backends/base.py`, 5.2).
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// Django takes anything shorter for no key.
const MIN_LENGTH: usize = 8;
/// The bytes that a key from outside may have. A table, since every request with a cookie asks it some 32 times.
#[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
const ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        allowed[byte as usize] = !matches!(byte, b'"' | b',' | b';' | b'\\');
        byte += 1;
    }
    allowed
};
/// As wide as Django's column: such keys live in place, without an allocation for each request.
const INLINE: usize = 40;

/// What a visitor's cookie carries, and what their session is kept under. Django's `session_key`.
///
/// It is a credential: whoever has it has the session. So `Debug` does not show it and there is no `Display`;
/// [`as_str`](Self::as_str) is for stores.
///
/// ```
/// use tenure::{SessionKey, system::OperatingSystem};
///
/// let key = SessionKey::generate(&OperatingSystem)?;
/// assert_eq!(key.as_str().len(), SessionKey::LENGTH);
/// assert_eq!(format!("{key:?}"), "SessionKey(..)");
/// # Ok::<(), tenure::system::RandomError>(())
/// ```
#[derive(Clone)]
#[doc(alias = "session_key")]
pub struct SessionKey(Repr);

#[derive(Clone)]
enum Repr {
    Inline(ArrayString<INLINE>),
    /// The engines that keep the session in the cookie have keys of up to some kilobytes.
    Long(Arc<str>),
}

impl SessionKey {
    /// Characters of a new key: 32 out of 36, about 165 bits.
    pub const LENGTH: usize = 32;

    /// A new key: [`LENGTH`](Self::LENGTH) characters of `a-z0-9`, each equally likely.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    ///
    /// # Example
    ///
    /// See [`SessionKey`].
    pub fn generate(system: &dyn System) -> Result<Self, RandomError> {
        random_text(system, ALPHABET, Self::LENGTH).map(|text| Self::new(&text))
    }

    /// A key that came from outside; `None` if it cannot be one.
    ///
    /// Django's rule is a length of at least 8 characters. White space, control characters, quotes, commas, semicolons, backslashes and
    /// anything but ASCII are refused as well: they cannot stand in a cookie (RFC 6265, section 4.1.1), so no browser was given them.
    ///
    /// ```
    /// use tenure::SessionKey;
    ///
    /// assert!(SessionKey::parse("k3x9vq0d").is_some());
    /// assert!(SessionKey::parse("k3x9vq0").is_none());
    /// assert!(SessionKey::parse("k3x9 vq0d").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte| ALLOWED.get(usize::from(byte)) == Some(&true);
        (text.len() >= MIN_LENGTH && text.bytes().all(allowed)).then(|| Self::new(text))
    }

    fn new(text: &str) -> Self {
        Self(match ArrayString::from(text) {
            Ok(text) => Repr::Inline(text),
            Err(_) => Repr::Long(text.into()),
        })
    }

    /// What stands for the key in a store that must not hold it: 40 letters and digits of its SHA-256, 200 bits, which fit Django's column
    /// and the names of its files. A key is random, so that neither salt nor slowness is needed.
    pub(crate) fn hashed(&self) -> Self {
        // Lower case, as files want it: RFC 4648, section 6, has capital letters.
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let hash = Sha256::new()
            .chain_update(b"tenure.session_key\0")
            .chain_update(self.as_str())
            .finalize();
        let mut text = ArrayString::new();
        let digits = hash.chunks_exact(5).flat_map(|five| {
            let bits = five
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |place| bits >> (5 * place) & 31)
        });
        for digit in digits.take(INLINE) {
            let digit = usize::try_from(digit)
                .ok()
                .and_then(|digit| DIGITS.get(digit));
            text.push(digit.map_or('a', |digit| char::from(*digit)));
        }
        Self(Repr::Inline(text))
    }

    /// The key itself, for a store. Never log it, and never put it into a page.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline(text) => text,
            Repr::Long(text) => text,
        }
    }
}

impl PartialEq for SessionKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for SessionKey {}

impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::system::OperatingSystem;

    #[derive(Debug)]
    struct NoEntropy;

    impl System for NoEntropy {
        fn now(&self) -> std::time::SystemTime {
            std::time::UNIX_EPOCH
        }
        fn fill_random(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError::new("no entropy"))
        }
    }

    #[test]
    fn keys_are_unbiased_and_never_repeat() {
        const KEYS: u32 = 108_000;
        let expected = f64::from(KEYS / 36);
        let mut seen = HashSet::new();
        let mut counts = vec![[0_u32; 36]; SessionKey::LENGTH];
        for _ in 0..KEYS {
            let key = SessionKey::generate(&OperatingSystem).unwrap();
            for (place, letter) in key.as_str().bytes().enumerate() {
                counts[place][ALPHABET.iter().position(|known| *known == letter).unwrap()] += 1;
            }
            assert!(seen.insert(key));
        }
        for (place, counts) in counts.iter().enumerate() {
            // 35 degrees of freedom: beyond 90 in less than one of 1,000,000 runs.
            let chi: f64 = counts
                .iter()
                .map(|count| (f64::from(*count) - expected).powi(2) / expected)
                .sum();
            assert!(
                counts.iter().all(|count| *count > 0) && chi < 100.0,
                "position {place}: chi squared is {chi}"
            );
        }
    }

    #[derive(Debug)]
    struct Counting(std::sync::atomic::AtomicU8);

    impl System for Counting {
        fn now(&self) -> std::time::SystemTime {
            std::time::UNIX_EPOCH
        }
        fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            for byte in bytes {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            Ok(())
        }
    }

    #[test]
    fn a_byte_is_a_letter_and_the_unfair_ones_are_drawn_again() {
        let from = |byte| SessionKey::generate(&Counting(byte)).unwrap();
        let from = |byte: u8| from(byte.into());
        assert_eq!(from(0).as_str(), "abcdefghijklmnopqrstuvwxyz012345");
        assert_eq!(from(36).as_str(), from(0).as_str());
        // 252 to 255 would make the first four letters likelier.
        assert_eq!(from(251).as_str(), "9abcdefghijklmnopqrstuvwxyz01234");
    }

    #[test]
    fn without_randomness_there_is_no_key() {
        assert!(SessionKey::generate(&NoEntropy).is_err());
    }

    #[test]
    fn a_hashed_key_is_base32_of_its_sha_256() {
        let key = SessionKey::parse("k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f").unwrap();
        // printf 'tenure.session_key\0k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f' | sha256sum | cut -c1-50 | xxd -r -p | base32 | tr A-Z a-z
        assert_eq!(
            key.hashed().as_str(),
            "jfuhszsbr2lhflze4r2wdlh7ka5lbie4c74ks4i3"
        );
    }

    #[test]
    fn what_is_a_key() {
        for length in [8, 39, 40, 41, 5000] {
            let text = "k".repeat(length);
            assert_eq!(SessionKey::parse(&text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "1234567",
            "12345678 ",
            "1234\x005678",
            "12345678;",
            "12345678\n",
            "1234567é",
        ] {
            assert!(SessionKey::parse(text).is_none(), "{text:?}");
        }
    }
}
