//! Signed cookies: JSON and its end in base64, and HMAC-SHA256 over both.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{end, now, sealed::Seal};
use crate::Error;

/// The MAC with its key taken in.
#[derive(Clone)]
pub(super) struct SignedCookies(Hmac<Sha256>);

impl SignedCookies {
    pub(super) fn new() -> Self {
        Self(Hmac::new(&[7; 64].into()))
    }
}

impl Seal for SignedCookies {
    fn seal(&self, json: &str) -> Result<String, Error> {
        let plain = [&end()?.to_be_bytes(), json.as_bytes()].concat();
        let mut cookie = BASE64_URL_SAFE_NO_PAD.encode(plain);
        let tag = self.0.clone().chain_update(&cookie).finalize();
        cookie.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(tag.into_bytes(), &mut cookie);
        Ok(cookie)
    }

    fn open(&self, cookie: &str) -> Option<String> {
        let (text, signature) = cookie.split_once('.')?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.0.clone().chain_update(text).verify_slice(&tag).ok()?;
        let plain = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (ends, json) = plain.split_first_chunk()?;
        let lives = i64::from_be_bytes(*ends) > now().ok()?;
        lives.then(|| str::from_utf8(json).map(str::to_owned).ok())?
    }
}
