//! The session of one request: loaded once, then a plain dictionary.
//!
//! [`LazySession`] is the handle before the store has been asked, [`Session`] the one after. Both are cheap to clone, and all clones in
//! one request are the same session.
//!
//! * `dict.rs`: reading and changing values;
//! * `expiry.rs`: when the session ends;
//! * `lifecycle.rs`: loading, saving, flushing, new keys;
//! * `write.rs`: how a save is merged with those of other requests;
//! * `finish.rs`: what the end of a request does.

mod dict;
mod expiry;
mod finish;
mod lifecycle;
mod test_cookie;
mod write;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(crate) use finish::{CookieChange, Finished};

use crate::{
    changes::Changes,
    data::Data,
    events::{Events, Listener, SessionTag, Suspicion},
    expiry::ExpiryRules,
    key::SessionKey,
    moment::{Moment, Zone},
    record::Version,
    secret::Secret,
    store::Store,
    system::System,
};

/// What all sessions of one program share, prepared once.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) system: Arc<dyn System>,
    pub(crate) rules: ExpiryRules,
    /// The clock of texts without an offset in `_session_expiry`.
    pub(crate) zone: Zone,
    pub(crate) save_every_request: bool,
    /// The most bytes of JSON, and the most keys, that a session may be saved with.
    pub(crate) max_size: usize,
    pub(crate) max_keys: Option<usize>,
    pub(crate) listener: Listener,
    /// Signs what is bound to this site, such as the hash of a login.
    pub(crate) secret: Secret,
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone sign with it")
    )]
    pub(crate) secret_fallbacks: Vec<Secret>,
}

impl Shared {
    fn now(&self) -> Moment {
        self.system.now().into()
    }

    fn tag<'a>(&'a self, key: &'a SessionKey) -> SessionTag<'a> {
        SessionTag::new(key, &self.secret)
    }

    fn suspicious(&self, key: Option<&SessionKey>, what: Suspicion) {
        let tag = key.map(|key| self.tag(key));
        self.tell(|events| events.suspicious(tag, what));
    }

    fn tell(&self, tell: impl FnOnce(&dyn Events)) {
        self.listener.tell(tell);
    }
}

/// The keys that the request's cookies offer.
#[derive(Debug, Default)]
pub(crate) struct Offered {
    /// Whether the request carried our cookie at all, usable or not.
    pub(crate) cookie_sent: bool,
    pub(crate) first: Option<SessionKey>,
    /// Further, different values under the same name. Almost always empty.
    pub(crate) others: Vec<SessionKey>,
}

/// The session of a request whose store has not been asked yet.
///
/// It costs nothing until [`load`](LazySession::load) is called: what middleware wants that looks at the session only sometimes.
///
/// ```
/// # async fn example(request: http::Request<()>) -> Result<(), tenure::SessionError> {
/// use tenure::LazySession;
///
/// if let Some(lazy) = request.extensions().get::<LazySession>() {
///     let session = lazy.load().await?;
///     let theme: Option<String> = session.get("theme")?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LazySession(Arc<Inner>);

/// The session of a request, loaded: a dictionary of JSON values under text keys, kept between a visitor's requests.
///
/// Reading and changing are plain calls on memory. What changed is written once, when the response is ready; only
/// [`save`](Session::save), [`flush`](Session::flush) and [`cycle_key`](Session::cycle_key) reach the store at once.
///
/// Clones share one state. Two requests of one visitor have two `Session`s; when both save, the changes of both stand, key by key (see
/// [`update`](Session::update) for changes to the same key).
///
/// ```
/// # tenure::testing::run(async |session| {
/// session.insert("username", "john_doe")?;
/// let username: Option<String> = session.get("username")?;
/// assert_eq!(username.as_deref(), Some("john_doe"));
/// # Ok(())
/// # });
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    offered: Offered,
    /// Held across store calls, so that clones that load or save at the same time do it one after the other.
    io: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says one thing, and nearly all combinations occur"
)]
struct State {
    /// Somebody wanted to see the session, whether or not the store could answer.
    accessed: bool,
    /// Whether the store has answered; nothing below means anything before.
    loaded: bool,
    data: Data,
    changes: Changes,
    /// What the store holds, as far as this request knows. `None`: nothing, a first save creates.
    stored: Option<Stored>,
    /// A save was asked for although nothing changed.
    modified: bool,
    /// The visitor's cookie must be sent, since something was saved or prolonged.
    cookie_due: bool,
    /// As `cookie_due`, and so urgently that even a failed response carries it: the visitor's present key is dead.
    key_changed: bool,
    /// The request offers several live sessions, of which none counts.
    ambiguous: bool,
    /// Another request ended the session.
    interrupted: bool,
    /// The response's head is on its way: no cookie can be sent any more.
    closed: bool,
}

struct Stored {
    key: SessionKey,
    version: Version,
    expires_at: Moment,
    /// The record could not be decoded: saving replaces it even if nothing changed.
    damaged: bool,
    /// It is signed with an older secret: see [`Record::by_fallback`](crate::Record::by_fallback).
    by_fallback: bool,
}

impl LazySession {
    pub(crate) fn new(shared: Arc<Shared>, offered: Offered) -> Self {
        Self(Arc::new(Inner {
            shared,
            offered,
            io: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }))
    }
}

impl Session {
    /// The key that the visitor's cookie carries, if the session has been stored. Django's `session_key`.
    ///
    /// It is a credential: whoever has it has the session. Do not log it, and do not put it into a page.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert!(session.key().is_none());
    /// session.insert("cart", [1, 2])?;
    /// session.save().await?;
    /// assert!(session.key().is_some());
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "session_key")]
    pub fn key(&self) -> Option<SessionKey> {
        self.0
            .state()
            .stored
            .as_ref()
            .map(|stored| stored.key.clone())
    }

    /// The short name of the engine that keeps the session: `db`.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert_eq!(session.engine(), "memory");
    /// # Ok(())
    /// # });
    /// ```
    pub fn engine(&self) -> &'static str {
        self.0.shared.store.engine()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }
}

impl Inner {
    /// A panic elsewhere while the state was locked leaves it whole, since no step below can panic half-way.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.closed && !state.interrupted && !state.changes.is_empty() {
            tracing::error!(
                "session changes made after the response was sent are lost: call `save` before the session is dropped"
            );
        }
    }
}

// Values are the visitor's own and the key is a credential.
impl fmt::Debug for LazySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazySession")
            .field("loaded", &self.0.state().loaded)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("data", &self.0.state().data)
            .finish_non_exhaustive()
    }
}
