//! Django's signer: texts that anyone may read and only the holder of the secret can make.
//!
//! Mirrors [`django.core.signing`] of Django 5.2, with HMAC-SHA256.
//!
//! [`django.core.signing`]: https://github.com/django/django/blob/5.2/django/core/signing.py

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{
    base::{base62, base62_value, base64_bytes, base64_of, push_base64},
    zlib::{self, Effort},
};
use crate::{error::CodecError, json::Json, secret::Secret};

/// The most bytes that a compressed text may inflate to, unless set otherwise: 1 MiB.
pub const INFLATE_LIMIT: usize = 1 << 20;

/// What is compressed before it is signed, if that makes it shorter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    /// The fewest bytes, and the most.
    pub(super) from: usize,
    pub(super) up_to: usize,
    pub(super) effort: Effort,
}

/// HMAC-SHA256 of `value` with a key made of `salt` and the secret, as Django's [`salted_hmac`] with `algorithm="sha256"`.
///
/// # Example
///
/// ```
/// use tenure::{Secret, codec::signing::salted_hmac};
///
/// let code = salted_hmac("a salt", b"a value", &Secret::new("a secret"));
/// assert_eq!(code[..4], [156, 226, 49, 172]);
/// ```
///
/// [`salted_hmac`]: https://github.com/django/django/blob/5.2/django/utils/crypto.py
pub fn salted_hmac(salt: &str, value: &[u8], secret: &Secret) -> [u8; 32] {
    keyed(salt, secret)
        .chain_update(value)
        .finalize()
        .into_bytes()
        .into()
}

/// An HMAC that has taken in its key: SHA-256 of salt and secret.
fn keyed(salt: &str, secret: &Secret) -> Hmac<Sha256> {
    let derived = Sha256::new()
        .chain_update(salt)
        .chain_update(secret.as_bytes())
        .finalize();
    // HMAC fills a key that is shorter than a block with zeros; given a whole block, there is no length to refuse.
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(derived) {
        *to = from;
    }
    Hmac::new(&block.into())
}

/// Signs with one secret; accepts signatures of that and of older ones.
///
/// The secrets are turned into keys once, when it is made. `Debug` shows none of it.
///
/// # Example
///
/// ```
/// use tenure::{CodecError, Secret, codec::signing::Signer};
///
/// let (old, new) = (Secret::new("old secret"), Secret::new("new secret"));
/// let signed = Signer::new("salt", &old, &[]).sign("value");
/// assert_eq!(Signer::new("salt", &new, &[old]).unsign(&signed)?, "value");
/// assert!(matches!(Signer::new("salt", &new, &[]).unsign(&signed), Err(CodecError::BadSignature)));
/// # Ok::<(), CodecError>(())
/// ```
#[derive(Clone)]
pub struct Signer {
    current: Hmac<Sha256>,
    fallbacks: Vec<Hmac<Sha256>>,
}

/// A text whose signature is right.
struct Verified<'a> {
    value: &'a str,
    by_fallback: bool,
}

/// The same, with a time.
pub(super) struct Signed<'a> {
    /// What was packed.
    pub(super) body: &'a str,
    /// When it was signed, in seconds of Unix time.
    pub(super) at: i64,
    /// Whether an older secret has signed it.
    pub(super) by_fallback: bool,
}

impl Signer {
    /// Prepares the keys for a salt, which keeps signatures made for one purpose from being used for another.
    ///
    /// See [`Signer`] for an example.
    pub fn new(salt: &str, secret: &Secret, fallbacks: &[Secret]) -> Self {
        let salt = format!("{salt}signer");
        Self {
            current: keyed(&salt, secret),
            fallbacks: fallbacks
                .iter()
                .map(|secret| keyed(&salt, secret))
                .collect(),
        }
    }

    /// `value:signature`.
    ///
    /// See [`Signer`] for an example.
    pub fn sign(&self, value: &str) -> String {
        self.sign_text(value.to_owned())
    }

    /// The value of a signed text, which is what stands before its last colon.
    ///
    /// The texts of signatures are compared, not their bytes, in constant time: base64 has several texts for the same bytes.
    ///
    /// See [`Signer`] for an example.
    ///
    /// # Errors
    ///
    /// [`CodecError::BadSignature`] if none of the secrets has signed the text.
    pub fn unsign<'a>(&self, signed: &'a str) -> Result<&'a str, CodecError> {
        self.verify(signed).map(|verified| verified.value)
    }

    fn verify<'a>(&self, signed: &'a str) -> Result<Verified<'a>, CodecError> {
        let (value, signature) = signed.rsplit_once(':').ok_or(CodecError::BadSignature)?;
        for (index, key) in std::iter::once(&self.current)
            .chain(&self.fallbacks)
            .enumerate()
        {
            let expected = base64_of(&self::signature(key, value));
            if expected.ct_eq(signature.as_bytes()).into() {
                return Ok(Verified {
                    value,
                    by_fallback: index > 0,
                });
            }
        }
        Err(CodecError::BadSignature)
    }

    /// Signs JSON text with the time, as [`django.core.signing.dumps`]: `data:timestamp:signature`.
    ///
    /// With `compress`, data for which it pays is compressed and begins with a dot. Data larger than [`INFLATE_LIMIT`] is not, as
    /// it could not be read back.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tenure::{CodecError, Json, Secret, codec::signing::Signer};
    ///
    /// let signer = Signer::new("newsletter", &Secret::new("a secret"), &[]);
    /// let now = SystemTime::now();
    /// let token = signer.dumps(&Json::of("ada@example.org")?, false, now);
    ///
    /// let day = Duration::from_secs(86_400);
    /// assert_eq!(signer.loads(&token, Some(day), now)?.to::<String>()?, "ada@example.org");
    /// let late = now + 2 * day;
    /// assert!(matches!(signer.loads(&token, Some(day), late), Err(CodecError::Expired { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`django.core.signing.dumps`]: https://docs.djangoproject.com/en/5.2/topics/signing/#django.core.signing.dumps
    pub fn dumps(&self, value: &Json, compress: bool, now: SystemTime) -> String {
        let packing = Packing {
            from: 0,
            up_to: if compress { INFLATE_LIMIT } else { 0 },
            effort: Effort::Thorough,
        };
        self.seal(value.as_str().as_bytes(), packing, now)
    }

    /// Reads what [`dumps`](Self::dumps) or Django's has made, of any age or not older than `max_age`.
    ///
    /// The age is counted from a whole second, so that it can be up to a second too high. A time ahead of `now` is accepted.
    ///
    /// See [`dumps`](Self::dumps) for an example.
    ///
    /// # Errors
    ///
    /// [`CodecError::BadSignature`] if none of the secrets has signed it. If one has: [`CodecError::Expired`] if it is too old,
    /// [`CodecError::Malformed`] if it is no time and JSON, [`CodecError::TooLarge`] if it inflates to over [`INFLATE_LIMIT`].
    pub fn loads(
        &self,
        token: &str,
        max_age: Option<Duration>,
        now: SystemTime,
    ) -> Result<Json, CodecError> {
        let signed = self.unsign_timed(token)?;
        if let Some(max_age) = max_age {
            check_age(signed.at, max_age, now)?;
        }
        Json::from_latin1(&unpack(signed.body, INFLATE_LIMIT)?)
    }

    /// Packs and signs bytes with the time, in one buffer.
    pub(super) fn seal(&self, bytes: &[u8], packing: Packing, now: SystemTime) -> String {
        let short = if (packing.from..=packing.up_to).contains(&bytes.len()) {
            zlib::deflate_if_shorter(bytes, packing.effort)
        } else {
            None
        };
        let body = short.as_deref().unwrap_or(bytes);
        // A dot, two colons, and the digits of the time.
        let length = body.len().div_ceil(3) * 4 + 3 + 11 + SIGNATURE;
        let mut text = String::with_capacity(length);
        if short.is_some() {
            text.push('.');
        }
        push_base64(&mut text, body);
        text.push(':');
        text.push_str(&base62(unix_seconds(now)));
        self.sign_text(text)
    }

    pub(super) fn unsign_timed<'a>(&self, token: &'a str) -> Result<Signed<'a>, CodecError> {
        let Verified { value, by_fallback } = self.verify(token)?;
        let no_time = || CodecError::not("timestamp");
        let (body, time) = value.rsplit_once(':').ok_or_else(no_time)?;
        Ok(Signed {
            body,
            at: base62_value(time).ok_or_else(no_time)?,
            by_fallback,
        })
    }

    fn sign_text(&self, mut text: String) -> String {
        let signature = signature(&self.current, &text);
        text.reserve_exact(1 + SIGNATURE);
        text.push(':');
        text.push_str(str::from_utf8(&base64_of(&signature)).unwrap_or_default());
        text
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("fallbacks", &self.fallbacks.len())
            .finish_non_exhaustive()
    }
}

/// Characters of a signature: 32 bytes as base64.
const SIGNATURE: usize = 43;

fn signature(key: &Hmac<Sha256>, value: &str) -> [u8; 32] {
    key.clone()
        .chain_update(value)
        .finalize()
        .into_bytes()
        .into()
}

/// Refuses what is older than `max_age`, by Python's reckoning: a float against whole seconds.
pub(super) fn check_age(
    signed_at: i64,
    max_age: Duration,
    now: SystemTime,
) -> Result<(), CodecError> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "Python compares floats too, and years up to 285 million are exact"
    )]
    let signed_at = signed_at as f64;
    let now = match now.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    };
    if now - signed_at > max_age.as_secs_f64() {
        Err(CodecError::Expired { max_age })
    } else {
        Ok(())
    }
}

/// The bytes of a body, inflated if it begins with a dot.
pub(super) fn unpack(body: &str, limit: usize) -> Result<Vec<u8>, CodecError> {
    match body.strip_prefix('.') {
        Some(short) => zlib::inflate(&base64_bytes(short)?, limit),
        None => base64_bytes(body),
    }
}

fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds)
        }
    }
}

#[cfg(test)]
mod tests;
