//! Signed JSON: what Django's engines for tables, files and cookies store.

use std::time::{Duration, SystemTime};

use super::{
    signing::{INFLATE_LIMIT, Packing, Signer, check_age, unpack},
    zlib::Effort,
};
use crate::{data::Data, error::CodecError, moment::Moment, secret::Secret};

/// The salt of `SessionBase.encode` in every engine that Django brings: the name of its class.
const SESSION_STORE: &str = "django.contrib.sessions.SessionStore";

/// From so many bytes of JSON on, what a server keeps is compressed. Below, its text is at most 2 kB, which no database keeps outside of the
/// row, and compressing would cost more than all the rest: 6 to 8 µs of a save that signs in 1, and 2 µs more at each read.
const COMPRESSED_FROM: usize = 1400;

/// From so many bytes of JSON on, a cookie is compressed. It travels with each request, so that it pays sooner than what a server keeps;
/// below, some hundred bytes are saved for 15 µs at each save, nearly as much as all the rest of the request takes.
#[cfg(feature = "signed-cookies")]
const COOKIE_COMPRESSED_FROM: usize = 512;

/// Turns data into Django's `session_data` and back: JSON, compressed if it pays, with time and signature.
///
/// Django compresses whatever gets shorter by it. Here that begins at 1400 bytes, and in the engine for cookies at 512, since below it costs
/// more than it saves; Django reads both.
///
/// The time is written but not checked: when a session ends is for its `expire_date` to say. Only the engine for cookies has
/// nothing else to go by; see [`decode_fresh`](Self::decode_fresh).
///
/// # Example
///
/// ```
/// use std::time::SystemTime;
/// use tenure::{Json, Secret, codec::SignedJson, Data};
///
/// let codec = SignedJson::new(&Secret::new("a secret"), &[]);
/// let mut data = Data::new();
/// data.insert("user", Json::of("ada")?);
///
/// let stored = codec.encode(&data, SystemTime::now());
/// assert!(stored.starts_with("eyJ1c2VyIjoiYWRhIn0:"));
/// assert_eq!(codec.decode(&stored)?, data);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SignedJson {
    signer: Signer,
    /// The most bytes that compressed data may have once inflated.
    limit: usize,
    compressed_from: usize,
    effort: Effort,
}

impl SignedJson {
    /// With the salt that Django's own engines for tables and files use. Signs with `secret`, accepts the fallbacks too.
    ///
    /// See [`SignedJson`] for an example.
    #[doc(alias("SECRET_KEY", "SECRET_KEY_FALLBACKS"))]
    pub fn new(secret: &Secret, fallbacks: &[Secret]) -> Self {
        Self::with_salt(SESSION_STORE, secret, fallbacks)
    }

    /// With another salt: `django.contrib.sessions.` and the class name of a project's own `SessionStore`, or
    /// `django.contrib.sessions.backends.signed_cookies` for cookies.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tenure::{Secret, codec::SignedJson, Data};
    ///
    /// let secret = Secret::new("a secret");
    /// let tenants = SignedJson::with_salt("django.contrib.sessions.TenantSessionStore", &secret, &[]);
    /// let stored = tenants.encode(&Data::new(), SystemTime::now());
    /// assert!(SignedJson::new(&secret, &[]).decode(&stored).is_err());
    /// ```
    #[doc(alias = "key_salt")]
    pub fn with_salt(salt: &str, secret: &Secret, fallbacks: &[Secret]) -> Self {
        Self {
            signer: Signer::new(salt, secret, fallbacks),
            limit: INFLATE_LIMIT,
            compressed_from: COMPRESSED_FROM,
            effort: Effort::Quick,
        }
    }

    /// For cookies: compressed sooner and harder.
    #[cfg(feature = "signed-cookies")]
    pub(crate) fn for_cookies(mut self) -> Self {
        self.compressed_from = COOKIE_COMPRESSED_FROM;
        self.effort = Effort::Thorough;
        self
    }

    /// Sets the most bytes that compressed data may have once inflated; [`INFLATE_LIMIT`] if not set.
    ///
    /// Larger data is written without compression and read without limit, so that nothing is written that could not be read.
    /// What Django has compressed beyond the limit is refused.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{Secret, codec::SignedJson};
    ///
    /// let codec = SignedJson::new(&Secret::new("a secret"), &[]).inflate_limit(16 << 20);
    /// ```
    #[must_use]
    pub fn inflate_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The text to store for data at this time.
    ///
    /// See [`SignedJson`] for an example.
    #[doc(alias = "dumps")]
    pub fn encode(&self, data: &Data, now: SystemTime) -> String {
        let packing = Packing {
            from: self.compressed_from,
            up_to: self.limit,
            effort: self.effort,
        };
        self.signer.seal(data.json().as_bytes(), packing, now)
    }

    /// The data of a stored text, whatever its age.
    ///
    /// See [`SignedJson`] for an example.
    ///
    /// # Errors
    ///
    /// [`CodecError::BadSignature`] if none of the secrets has signed it; Django logs that as "Session data corrupted". If one has:
    /// [`CodecError::Malformed`] if it is not what Django writes, [`CodecError::TooLarge`] if it inflates beyond the limit.
    #[doc(alias = "loads")]
    pub fn decode(&self, text: &str) -> Result<Data, CodecError> {
        self.open(text).map(|opened| opened.data)
    }

    /// As [`decode`](Self::decode), with what else the text says.
    pub(crate) fn open(&self, text: &str) -> Result<Opened, CodecError> {
        let signed = self.signer.unsign_timed(text)?;
        Ok(Opened {
            data: Data::from_json(&unpack(signed.body, self.limit)?)?,
            signed_at: Moment::from_micros(signed.at.saturating_mul(1_000_000)),
            by_fallback: signed.by_fallback,
        })
    }

    /// The data of a text that was signed at most `max_age` ago, as the engine for cookies asks.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode), and [`CodecError::Expired`] if the text is older.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tenure::{CodecError, Secret, codec::SignedJson, Data};
    ///
    /// let codec = SignedJson::new(&Secret::new("a secret"), &[]);
    /// let now = SystemTime::now();
    /// let cookie = codec.encode(&Data::new(), now);
    /// let hour = Duration::from_secs(3600);
    /// assert!(codec.decode_fresh(&cookie, hour, now).is_ok());
    /// assert!(matches!(codec.decode_fresh(&cookie, hour, now + 2 * hour), Err(CodecError::Expired { .. })));
    /// ```
    pub fn decode_fresh(
        &self,
        text: &str,
        max_age: Duration,
        now: SystemTime,
    ) -> Result<Data, CodecError> {
        let signed = self.signer.unsign_timed(text)?;
        check_age(signed.at, max_age, now)?;
        Data::from_json(&unpack(signed.body, self.limit)?)
    }
}

/// What a stored text says.
pub(crate) struct Opened {
    pub(crate) data: Data,
    #[cfg_attr(
        not(feature = "signed-cookies"),
        expect(dead_code, reason = "cookies alone end by it")
    )]
    pub(crate) signed_at: Moment,
    /// Whether an older secret has signed it.
    pub(crate) by_fallback: bool,
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::json::Json;

    fn codec() -> SignedJson {
        SignedJson::new(&Secret::new("secret"), &[])
    }

    #[cfg(feature = "signed-cookies")]
    #[test]
    fn a_cookie_is_compressed_from_512_bytes_on() {
        for (bytes, compressed) in [(511, false), (512, true)] {
            let mut data = Data::new();
            // The rest is `{"a":""}`.
            data.insert("a", Json::of(&"a".repeat(bytes - 8)).unwrap());
            assert_eq!(data.to_json().len(), bytes);
            let cookie = codec().for_cookies().encode(&data, UNIX_EPOCH);
            assert_eq!(cookie.starts_with('.'), compressed, "{bytes}");
            assert_eq!(codec().decode(&cookie).unwrap(), data);
        }
    }

    #[test]
    fn compressed_data_beyond_the_limit_is_refused() {
        let mut data = Data::new();
        data.insert("a", Json::of(&"a".repeat(5000)).unwrap());
        let stored = codec().encode(&data, UNIX_EPOCH);
        assert!(stored.starts_with('.'));
        assert!(matches!(
            codec().inflate_limit(5000).decode(&stored),
            Err(CodecError::TooLarge { limit: 5000 })
        ));
        assert_eq!(codec().inflate_limit(5008).decode(&stored).unwrap(), data);
    }

    #[test]
    fn data_beyond_the_limit_is_written_so_that_it_can_be_read() {
        let mut data = Data::new();
        data.insert("a", Json::of(&"a".repeat(INFLATE_LIMIT)).unwrap());
        assert_eq!(
            codec().decode(&codec().encode(&data, UNIX_EPOCH)).unwrap(),
            data
        );
    }
}
