//! Which sessions a user has, kept beside the sessions: `TENURE_USER_SESSIONS`.
//!
//! The index never decides whether a session lives: that the store alone does. An entry whose session is gone is not shown, and removed when
//! it is met. So nothing that goes wrong here logs anybody out, or leaves anybody logged in.
//!
//! A browser whose user is remembered (`auth/remember`) has an entry beside those of its sessions, since it outlives them: whoever ends all
//! sessions has to end it too.
//!
//! A store has an index of its own, as databases do (the table `tenure_session`), or it keeps one record for each user (`document.rs`).

mod document;

use std::{fmt, future::Future, net::IpAddr, pin::Pin, sync::Arc};

pub(crate) use self::document::Documents;
use crate::{
    error::StoreError,
    key::SessionKey,
    moment::Moment,
    record::Version,
    system::{RandomError, System, random_text},
};

/// What a call to an index gives.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Characters of a handle: 25 of 36 are more than 128 bits.
const HANDLE_LENGTH: usize = 25;
const HANDLE_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// One session of a user.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Names the session to its user, and opens nothing. It stays when the key changes.
    pub(crate) handle: String,
    /// What the store keeps the session under.
    pub(crate) name: SessionKey,
    pub(crate) created: Moment,
    pub(crate) seen: Moment,
    /// When the session ends, as far as was known when it was seen.
    pub(crate) expires: Moment,
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<String>,
    /// What the store keeps the browser's remember-me under, if it has one. The entry of that itself has it for its name.
    pub(crate) family: Option<SessionKey>,
}

impl Entry {
    /// Whether it is a browser that is remembered, and not one of its sessions.
    pub(crate) fn is_family(&self) -> bool {
        self.family.as_ref() == Some(&self.name)
    }
}

// The name may be the key.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

/// The entries of a user, as they were read.
pub(crate) struct Known {
    pub(crate) entries: Vec<Entry>,
    /// The record that they stood in.
    origin: Option<Origin>,
}

/// A record, so that it can be replaced without being read again.
struct Origin {
    key: SessionKey,
    ends: Moment,
    version: Version,
}

impl From<Vec<Entry>> for Known {
    fn from(entries: Vec<Entry>) -> Self {
        Self {
            entries,
            origin: None,
        }
    }
}

/// A handle that nobody has.
pub(crate) fn new_handle(system: &dyn System) -> Result<String, RandomError> {
    random_text(system, HANDLE_ALPHABET, HANDLE_LENGTH)
}

/// What an index does. Users are named by the text that Django's sessions have for them.
pub(crate) trait Keeps: fmt::Debug + Send + Sync {
    /// Makes what the index needs, unless it is there. The default needs nothing.
    fn prepare(&self) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Adds an entry. If there is one under its name already, that one is seen again: it keeps its handle and its beginning.
    fn put<'a>(&'a self, user: &'a str, entry: &'a Entry) -> Answer<'a, ()>;

    /// The session has another name from now on. Nothing happens if there is no entry.
    fn rename<'a>(
        &'a self,
        user: &'a str,
        old: &'a SessionKey,
        new: &'a SessionKey,
    ) -> Answer<'a, ()>;

    /// Removes the entries under these names.
    fn remove<'a>(&'a self, user: &'a str, names: &'a [SessionKey]) -> Answer<'a, ()>;

    /// The user's sessions that live at `now`, in the order in which they were added. Entries of others are removed.
    fn list<'a>(&'a self, user: &'a str, now: Moment) -> Answer<'a, Vec<Entry>>;

    /// As [`list`](Self::list), in one round trip: sessions that have ended may be among them.
    fn known<'a>(&'a self, user: &'a str, now: Moment) -> Answer<'a, Known> {
        Box::pin(async move { Ok(self.list(user, now).await?.into()) })
    }

    /// As [`remove`](Self::remove), of entries that were read before.
    fn remove_known<'a>(
        &'a self,
        user: &'a str,
        known: Known,
        names: &'a [SessionKey],
    ) -> Answer<'a, ()> {
        drop(known);
        self.remove(user, names)
    }

    /// Removes entries whose sessions have ended by `now`. The default has nothing to do: records end by themselves.
    fn sweep(&self, now: Moment) -> Answer<'_, ()> {
        let _ = now;
        Box::pin(async { Ok(()) })
    }
}

/// The index of its users' sessions that a store keeps in its own way, as tenure's databases do.
///
/// A store of your own needs none: it is given one that consists of records in it. A store that wraps another one hands on
/// [what that one has](super::SessionStore::index).
#[derive(Clone)]
pub struct Index(pub(crate) Arc<dyn Keeps>);

impl Index {
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres", feature = "sqlite")),
        expect(dead_code, reason = "there is no database to open")
    )]
    pub(crate) fn new(index: impl Keeps + 'static) -> Self {
        Self(Arc::new(index))
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
