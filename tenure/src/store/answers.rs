//! What a store answers.

use std::time::SystemTime;

#[cfg(doc)]
use super::{Powers, SessionStore};
use crate::{
    key::SessionKey,
    record::{Record, Version},
};

/// The answer of [`SessionStore::create`].
#[derive(Debug)]
pub enum Created {
    /// The session is kept, in this version.
    Created(Version),
    /// The session is kept under this key and not the one that was given: the key is the session. See [`Powers::in_key`].
    Rekeyed(SessionKey),
    /// There is a session under this key already; it was left alone.
    Taken,
}

/// The answer of [`SessionStore::save`].
#[derive(Debug)]
pub enum Saved {
    /// The session is kept, in this version.
    Saved(Version),
    /// The session is kept under this new key: the key is the session. See [`Powers::in_key`].
    Rekeyed(SessionKey),
    /// Somebody else has written since; this is what is there now.
    Conflict(Record),
    /// There is no session under this key any more.
    Gone,
}

/// The answer of [`SessionStore::rename`].
#[derive(Debug)]
pub enum Renamed {
    /// The session is kept under the new key, in this version, and the old key is dead.
    Renamed(Version),
    /// The session is kept under this key and not the one that was given: the key is the session. See [`Powers::in_key`].
    Rekeyed(SessionKey),
    /// Somebody else has written since; this is what is there now, under the old key.
    Conflict(Record),
    /// There is no session under the old key any more.
    Gone,
    /// There is a session under the new key already.
    Taken,
}

/// One line of [`SessionStore::scan`].
///
/// ```
/// use tenure::store::Listed;
///
/// let listed = Listed::new("k3x9…", std::time::SystemTime::now(), 262);
/// assert_eq!(listed.size, 262);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// What the store keeps the session under: its key, unless keys are hashed.
    pub name: String,
    /// The moment from which on the session counts as absent.
    pub expires_at: SystemTime,
    /// Bytes as stored.
    pub size: usize,
}

impl Listed {
    /// A line from its parts.
    pub fn new(name: impl Into<String>, expires_at: SystemTime, size: usize) -> Self {
        Self {
            name: name.into(),
            expires_at,
            size,
        }
    }
}
