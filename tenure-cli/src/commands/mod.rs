//! The commands, one file each: its arguments with their help, and `run`.

pub(crate) mod clearsessions;
pub(crate) mod create;
pub(crate) mod createuser;
pub(crate) mod decode;
pub(crate) mod delete;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod policy;
pub(crate) mod revoke;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod show;
mod users;

use tenure::{SessionKey, Sessions, store::Store};

use crate::output::Failure;

/// The sessions by their keys, or by the names that the store has for them.
fn store(sessions: &Sessions, by_name: bool) -> Store {
    if by_name {
        sessions.store().by_name()
    } else {
        sessions.store().clone()
    }
}

/// The key that somebody typed.
fn key(text: &str) -> Result<SessionKey, Failure> {
    SessionKey::parse(text).ok_or_else(|| {
        Failure::refused(format!("there is no session {}: a key has at least 8 characters, none of them a space, quote, comma or semicolon", short(text)))
    })
}

/// Enough of a key to know it again, and too little to use it: messages end up in logs.
fn short(key: &str) -> String {
    let start: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(4)
        .collect();
    format!("{start}…")
}
