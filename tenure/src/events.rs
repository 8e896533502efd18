//! What happens to sessions, for logs, metrics and alarms.
//!
//! [`Events`] is told of every step in a session's life. Its own methods write to the log, through `tracing`; implement those that you want
//! to count or to raise an alarm for. A session appears as a [`SessionTag`], which opens nothing.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use tenure::{Sessions, events::{Events, SessionTag, Suspicion}, testing};
//!
//! #[derive(Debug, Default)]
//! struct Guesses(AtomicU64);
//!
//! impl Events for Guesses {
//!     fn suspicious(&self, _session: Option<SessionTag<'_>>, what: Suspicion) {
//!         if let Suspicion::UnknownKey = what {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//!
//! let sessions = testing::sessions(&testing::settings())?.with_events(Guesses::default());
//! # Ok::<(), tenure::SettingsError>(())
//! ```

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    codec::{hex, signing::salted_hmac},
    key::SessionKey,
    record::Damage,
    secret::Secret,
};

/// What stands for a session in logs and metrics: twelve hexadecimal digits that tell sessions of one site apart and open none.
///
/// A keyed hash of the session's key (HMAC-SHA256 under `SECRET_KEY`), made when it is shown. A new key is a new tag.
#[derive(Clone, Copy)]
pub struct SessionTag<'a> {
    key: &'a SessionKey,
    secret: &'a Secret,
    /// Whether the store has the hash of the key: the tag is made of that, so that whoever knows the name alone makes the same.
    hashed: bool,
}

impl<'a> SessionTag<'a> {
    pub(crate) fn new(key: &'a SessionKey, secret: &'a Secret, hashed: bool) -> Self {
        Self {
            key,
            secret,
            hashed,
        }
    }
}

impl fmt::Display for SessionTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.hashed {
            &self.key.hashed()
        } else {
            self.key
        };
        let mac = salted_hmac("tenure.log", name.as_str().as_bytes(), self.secret);
        f.write_str(&hex(mac.get(..6).unwrap_or_default()))
    }
}

impl fmt::Debug for SessionTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// [`Session::flush`](crate::Session::flush), as logout does.
    Flushed,
    /// A request met it after its end.
    Expired,
    /// It was ended from outside: by its user from another session, or by whoever runs the site.
    Revoked,
    /// Its user logged in elsewhere, and `TENURE_MAX_SESSIONS` allows no more.
    TooMany,
    /// It came back from another browser or network, and the settings say that it ends then.
    Elsewhere,
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flushed => "it was flushed",
            Self::Expired => "it had expired",
            Self::Revoked => "it was ended from outside",
            Self::TooMany => "its user has too many sessions",
            Self::Elsewhere => "it came back from elsewhere",
        })
    }
}

/// What may be an attack, or a fault that looks like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suspicion {
    /// A key that no session has. One is a session that has ended; many from one place are somebody who guesses.
    UnknownKey,
    /// What stands in the place of a key and can be none.
    MalformedKey,
    /// Several cookies of our name with live sessions: a neighbour domain has set one. None of them counts.
    SeveralSessions,
    /// What is stored cannot be read, or was altered. The session counts as empty.
    Damaged(Damage),
    /// A request wanted to change a session that another one had ended, or that had expired. It got 400.
    Interrupted,
    /// The session came back from another kind of browser than it was bound to (`TENURE_BIND_USER_AGENT`).
    OtherUserAgent,
    /// The session came back from another network than it was bound to (`TENURE_BIND_ADDRESS`).
    OtherNetwork,
    /// A key came by another way than it was given out: one from a cookie in the URL, say. It was refused.
    OtherTransport,
    /// A cookie that only HTTPS may carry came without. It was not looked at.
    Plaintext,
    /// A cookie that remembers a user was used a second time: somebody has a copy. All that came of it is ended.
    RememberedTwice,
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey => f.write_str("a key that no session has"),
            Self::MalformedKey => f.write_str("something in the place of a key that can be none"),
            Self::SeveralSessions => {
                f.write_str("two live sessions in one request: it counts as anonymous")
            }
            Self::Damaged(damage) => {
                write!(f, "session data corrupted: {damage}; it counts as empty")
            }
            Self::Interrupted => f.write_str("a change to a session that has ended meanwhile"),
            Self::OtherUserAgent => {
                f.write_str("a session that came back from another kind of browser")
            }
            Self::OtherNetwork => f.write_str("a session that came back from another network"),
            Self::OtherTransport => {
                f.write_str("a key that came by another way than it was given out")
            }
            Self::Plaintext => f.write_str("a cookie for HTTPS alone that came without"),
            Self::RememberedTwice => {
                f.write_str("a cookie that remembers a user, used a second time")
            }
        }
    }
}

/// Is told what happens to sessions. Every method has a default, which writes to the log.
///
/// It is called on the request's own task, so it must not block. If it panics, that is logged and the request goes on.
///
/// See the [module docs](self) for an example.
pub trait Events: fmt::Debug + Send + Sync + 'static {
    /// A session was stored for the first time.
    fn created(&self, session: SessionTag<'_>) {
        tracing::debug!(%session, "session created");
    }

    /// A request has loaded its session.
    fn loaded(&self, session: SessionTag<'_>) {
        tracing::trace!(%session, "session loaded");
    }

    /// A session has a new key; `before` is dead.
    fn cycled(&self, session: SessionTag<'_>, before: SessionTag<'_>) {
        tracing::debug!(%session, %before, "session key changed");
    }

    /// A session was prolonged, and nothing else of it changed.
    fn touched(&self, session: SessionTag<'_>) {
        tracing::trace!(%session, "session prolonged");
    }

    /// A session ended in a request. Those that end by themselves, and are swept later, are not reported.
    fn ended(&self, session: SessionTag<'_>, reason: EndReason) {
        tracing::debug!(%session, "session ended: {reason}");
    }

    /// Another request had written the session meanwhile; this one's changes are done again on top.
    fn conflict(&self, session: SessionTag<'_>) {
        tracing::debug!(%session, "session written by two requests at once; their changes are merged");
    }

    /// Something that may be an attack. `session` is the tag of the key that was sent, if it was one.
    fn suspicious(&self, session: Option<SessionTag<'_>>, what: Suspicion) {
        let session = session.map(tracing::field::display);
        match what {
            Suspicion::Damaged(_) | Suspicion::SeveralSessions | Suspicion::RememberedTwice => {
                tracing::warn!(session, "{what}");
            }
            _ => tracing::debug!(session, "{what}"),
        }
    }
}

/// Everything into the log, as it is by default.
#[derive(Debug)]
struct Log;

impl Events for Log {}

/// Who is told. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Listener(Arc<dyn Events>);

impl Default for Listener {
    fn default() -> Self {
        Self::new(Log)
    }
}

impl Listener {
    pub(crate) fn new(events: impl Events) -> Self {
        Self(Arc::new(events))
    }

    /// Tells. A panic there is its own affair: what happened to the session has happened.
    pub(crate) fn tell(&self, tell: impl FnOnce(&dyn Events)) {
        if catch_unwind(AssertUnwindSafe(|| tell(&*self.0))).is_err() {
            tracing::error!("a listener to session events panicked; the request goes on");
        }
    }
}
