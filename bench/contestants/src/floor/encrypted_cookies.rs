//! Encrypted cookies: a random nonce, and JSON and its end under XChaCha20-Poly1305, in base64.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead as _, KeyInit as _},
};

use super::{end, now, sealed::Seal};
use crate::Error;

const NONCE: usize = 24;

#[derive(Clone)]
pub(super) struct EncryptedCookies(XChaCha20Poly1305);

impl EncryptedCookies {
    pub(super) fn new() -> Self {
        Self(XChaCha20Poly1305::new(&[7; 32].into()))
    }
}

impl Seal for EncryptedCookies {
    fn seal(&self, json: &str) -> Result<String, Error> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce)?;
        let plain = [&end()?.to_be_bytes(), json.as_bytes()].concat();
        let sealed = self.0.encrypt(&nonce.into(), &*plain);
        let sealed = sealed.map_err(|_| "too long to be encrypted")?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([&nonce, &*sealed].concat()))
    }

    fn open(&self, cookie: &str) -> Option<String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let plain = self.0.decrypt(nonce.into(), sealed).ok()?;
        let (ends, json) = plain.split_first_chunk()?;
        let lives = i64::from_be_bytes(*ends) > now().ok()?;
        lives.then(|| str::from_utf8(json).map(str::to_owned).ok())?
    }
}
