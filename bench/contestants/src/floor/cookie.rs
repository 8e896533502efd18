//! Cookies by hand.

use axum::http::{HeaderMap, header::COOKIE};

use crate::Error;

/// The value of the cookie `sessionid`.
pub(super) fn key(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(COOKIE).iter().find_map(|header| {
        header
            .to_str()
            .ok()?
            .split("; ")
            .find_map(|cookie| cookie.strip_prefix("sessionid="))
    })
}

/// 32 characters that nobody can guess: 160 random bits.
pub(super) fn random_key() -> Result<String, Error> {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect())
}
