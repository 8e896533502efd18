//! Encrypted cookies: XChaCha20-Poly1305.
//!
//! A value is base64url of `version ‖ key id (4) ‖ nonce (24) ‖ ciphertext ‖ tag (16)`. What is encrypted:
//!
//! | bytes | |
//! |---|---|
//! | 8 | when it was issued, in microseconds of Unix time, big-endian as all numbers |
//! | 8 | when it ends |
//! | 16 | the generation |
//! | 1 | how many cookies it fills |
//! | 4 | the length of the session's JSON |
//! | … | the JSON |
//! | … | zeros, up to a multiple of 64 |
//!
//! Nothing is compressed: the length would tell what an attacker's text beside a secret has in common with it (CRIME).

use std::{fmt, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead as _, KeyInit as _, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;

use super::{
    format::{Format, NotOpened, Opened, Refused, Sealing, end},
    revocation::{Generation, Revocation},
    size::Size,
    store::CookieStore,
};
use crate::{
    cookie::BETWEEN_CHUNKS,
    data::Data,
    error::StoreError,
    moment::Moment,
    secret::Secret,
    settings::{Settings, SettingsError},
};

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;
const TAG: usize = 16;
/// What stands before the JSON.
const HEAD: usize = 8 + 8 + 16 + 1 + 4;
const BUCKET: usize = 64;
const LABEL: &[u8] = b"tenure.session.cookie";

/// Sessions in encrypted cookies: `SESSION_ENGINE = "tenure.encrypted_cookies"`.
///
/// The keys are made of `SECRET_KEY` and the name of the cookie. Those of `SECRET_KEY_FALLBACKS` open cookies too; a cookie names its key,
/// so that none is tried in vain. A cookie counts only under its name, on its site (`TENURE_SITE`), and as what it was made for.
///
/// No session lasts longer than `SESSION_COOKIE_AGE` after its last save, as in Django's signed cookies.
///
/// ```
/// use tenure::{Sessions, engine::cookies::{EncryptedCookies, Revocation}, testing};
///
/// let settings = testing::settings();
/// let revocation = Revocation::store(testing::MemoryStore::default(), &settings);
/// let store = EncryptedCookies::new(&settings, revocation)?;
/// let sessions = Sessions::new(store, &settings)?;
/// # Ok::<(), tenure::SettingsError>(())
/// ```
pub type EncryptedCookies = CookieStore<Encrypted>;

/// The format of [`EncryptedCookies`].
#[derive(Clone)]
pub struct Encrypted {
    current: Key,
    fallbacks: Vec<Key>,
    cookie_age: Duration,
    chunks: bool,
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted")
            .field("fallbacks", &self.fallbacks.len())
            .field("chunks", &self.chunks)
            .finish_non_exhaustive()
    }
}

/// The key of one secret.
#[derive(Clone)]
struct Key {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
    /// What a value must have been made for, without being told: it is not in the value.
    context: Vec<u8>,
}

impl Key {
    fn new(secret: &Secret, settings: &Settings) -> Self {
        let name = settings.cookie_name.as_bytes();
        let id = derive(secret, b"tenure.session.cookie.key-id", name);
        let cipher = derive(secret, LABEL, name);
        let site = settings.site.as_bytes();
        Self {
            id,
            cipher: XChaCha20Poly1305::new(&cipher.into()),
            context: lengths_first(&[LABEL, &[VERSION], &id, name, site]),
        }
    }
}

/// Bytes of a secret for one purpose and one cookie: HKDF-SHA256.
fn derive<const LENGTH: usize>(secret: &Secret, purpose: &[u8], name: &[u8]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
    // It refuses only more than 255 times the length of a hash.
    let _ = hkdf.expand(&lengths_first(&[purpose, name]), &mut bytes);
    bytes
}

/// The parts, each after its length, so that no two lists give the same bytes.
fn lengths_first(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

impl CookieStore<Encrypted> {
    /// Sessions in cookies as the settings say.
    ///
    /// # Errors
    ///
    /// When the secret of the settings cannot be used.
    pub fn new(settings: &Settings, revocation: Revocation) -> Result<Self, SettingsError> {
        let key = |secret: &Secret| Key::new(secret, settings);
        let format = Encrypted {
            current: key(&settings.secret()?),
            fallbacks: settings.secret_key_fallbacks.iter().map(key).collect(),
            cookie_age: settings.cookie_age,
            chunks: settings.cookie_chunks,
        };
        Ok(Self::of(format, settings, revocation))
    }
}

impl Encrypted {
    /// What was encrypted, and whether with an older secret.
    fn decrypt(&self, value: &str) -> Option<(Vec<u8>, bool)> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let mut keys = std::iter::once(&self.current).chain(&self.fallbacks);
        let key = keys.find(|key| *version == VERSION && key.id == *id)?;
        let payload = Payload {
            msg: sealed,
            aad: &key.context,
        };
        let plain = key.cipher.decrypt(nonce.into(), payload).ok()?;
        Some((plain, key.id != self.current.id))
    }
}

impl Format for Encrypted {
    const ENGINE: &'static str = "encrypted_cookies";

    fn is_random(&self) -> bool {
        true
    }

    fn open(&self, value: &str, now: Moment) -> Result<Opened, NotOpened> {
        let parts = value.split(BETWEEN_CHUNKS).count();
        let joined = (parts > 1).then(|| value.replace(BETWEEN_CHUNKS, ""));
        let plain = self.decrypt(joined.as_deref().unwrap_or(value));
        let (plain, by_fallback) = plain.ok_or(Refused::Forged)?;
        let plain = Plain::read(&plain).ok_or(Refused::Content)?;
        if usize::from(plain.cookies) != parts {
            return Err(Refused::Forged.into());
        }
        Ok(Opened {
            data: Data::from_json(plain.json)?,
            expires_at: end(plain.issued, Some(plain.ends), self.cookie_age, now)?,
            generation: plain.generation,
            issued: plain.issued,
            by_fallback,
        })
    }

    fn seal(&self, sealing: &Sealing<'_>, size: &Size) -> Result<String, StoreError> {
        let json = sealing.data.to_json();
        let padded = (HEAD + json.len()).next_multiple_of(BUCKET);
        let length = 1 + KEY_ID + NONCE + padded + TAG;
        let in_text = (length * 4).div_ceil(3);
        let cookies = if self.chunks {
            size.chunks(in_text)?
        } else {
            size.check(in_text)?;
            1
        };
        let mut plain = Vec::with_capacity(padded);
        plain.extend_from_slice(&sealing.issued.micros().to_be_bytes());
        plain.extend_from_slice(&sealing.expires_at.micros().to_be_bytes());
        plain.extend_from_slice(&sealing.generation.0);
        plain.push(cookies);
        // It fits into cookies, so it is short.
        let json_length = u32::try_from(json.len()).unwrap_or_default();
        plain.extend_from_slice(&json_length.to_be_bytes());
        plain.extend_from_slice(json.as_bytes());
        plain.resize(padded, 0);
        let Key {
            id,
            cipher,
            context,
        } = &self.current;
        let payload = Payload {
            msg: &plain,
            aad: context,
        };
        let sealed = cipher.encrypt(&sealing.nonce.into(), payload);
        // It refuses only messages of 256 GiB.
        let sealed = sealed.map_err(|_| StoreError::Unsupported {
            engine: Self::ENGINE,
            operation: "encrypt a session of this size",
        })?;
        let mut bytes = Vec::with_capacity(length);
        bytes.push(VERSION);
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(&sealing.nonce);
        bytes.extend_from_slice(&sealed);
        let value = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Ok(if cookies > 1 {
            size.split(&value)
        } else {
            value
        })
    }
}

/// What was encrypted, as the [module](self) tells.
struct Plain<'a> {
    issued: Moment,
    ends: Moment,
    generation: Generation,
    cookies: u8,
    json: &'a [u8],
}

impl<'a> Plain<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (issued, rest) = bytes.split_first_chunk()?;
        let (ends, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (cookies, rest) = rest.split_first()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        Some(Self {
            issued: Moment::from_micros(i64::from_be_bytes(*issued)),
            ends: Moment::from_micros(i64::from_be_bytes(*ends)),
            generation: Generation(*generation),
            cookies: *cookies,
            json: rest.get(..length)?,
        })
    }
}
