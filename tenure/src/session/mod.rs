//! The session of one request: loaded once, then a plain dictionary.
//!
//! [`LazySession`] is the handle before the store has been asked, [`Session`] the one after. Both are cheap to clone, and all clones in
//! one request are the same session.
//!
//! * `dict.rs`: reading and changing values;
//! * `expiry.rs`: when the session ends;
//! * `limits.rs`: how long it may lie idle and last at all, and what does not prolong it;
//! * `lifecycle.rs`: loading, saving, flushing, new keys;
//! * `write.rs`: how a save is merged with those of other requests;
//! * `transport.rs`: how its key travels;
//! * `finish.rs`: what the end of a request does;
//! * `client.rs`: who has sent the request;
//! * `binding.rs`: what ties the session to its user's browser and network;
//! * `remember.rs`: the remember-me that ends with the session;
//! * `index.rs`: what of this a list of the user's sessions has to know.

mod binding;
mod client;
mod dict;
mod expiry;
mod finish;
mod index;
mod lifecycle;
mod limits;
mod remember;
mod test_cookie;
mod transport;
mod write;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(crate) use binding::Binding;
pub use client::Client;
pub(crate) use finish::{Finished, KeyChange};
#[cfg(feature = "auth")]
pub(crate) use index::USER_ID;
pub(crate) use index::UserSessions;
pub use limits::TimeLeft;
#[cfg(feature = "auth")]
pub(crate) use remember::FAMILY;
pub(crate) use remember::{Beside, RememberCookie};

use crate::{
    changes::Changes,
    data::Data,
    events::{Events, Listener, SessionTag, Suspicion},
    expiry::ExpiryRules,
    key::SessionKey,
    moment::{Moment, Zone},
    record::Version,
    secret::Secret,
    settings::Transport,
    store::Store,
    system::System,
    url_key::UrlKey,
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
    pub(crate) binding: Binding,
    pub(crate) user_sessions: Option<Arc<UserSessions>>,
    pub(crate) remember: RememberCookie,
    /// Puts keys into links, where they may travel in the URL.
    pub(crate) url_key: Option<Arc<UrlKey>>,
    /// Signs what is bound to this site, such as the hash of a login.
    pub(crate) secret: Secret,
    pub(crate) secret_fallbacks: Vec<Secret>,
}

impl Shared {
    pub(crate) fn now(&self) -> Moment {
        self.system.now().into()
    }

    fn tag<'a>(&'a self, key: &'a SessionKey) -> SessionTag<'a> {
        SessionTag::new(key, &self.secret, self.store.hashes_keys())
    }

    pub(crate) fn suspicious(&self, key: Option<&SessionKey>, what: Suspicion) {
        let tag = key.map(|key| self.tag(key));
        self.tell(|events| events.suspicious(tag, what));
    }

    fn tell(&self, tell: impl FnOnce(&dyn Events)) {
        self.listener.tell(tell);
    }
}

/// So many different keys are taken from one request. Each costs a store call.
const MOST_OFFERED: usize = 4;

/// The keys that a request offers.
#[derive(Debug)]
pub(crate) struct Offered {
    /// How they came; a session whose key travels otherwise is not given to them. `None` outside of a request, where all are.
    pub(crate) came: Option<Transport>,
    /// How the key of a new session goes to the client.
    pub(crate) goes: Transport,
    /// Whether there was something in the place of keys, usable or not.
    pub(crate) key_sent: bool,
    /// Whether the request's URL holds a key, which may be another one.
    pub(crate) key_in_url: bool,
    pub(crate) first: Option<SessionKey>,
    /// Further, different keys in the same place. Almost always empty.
    pub(crate) others: Vec<SessionKey>,
}

impl Offered {
    /// Nothing offered.
    pub(crate) fn nothing(came: Option<Transport>, goes: Transport) -> Self {
        Self {
            came,
            goes,
            key_sent: false,
            key_in_url: false,
            first: None,
            others: Vec::new(),
        }
    }

    /// Adds the key, unless it is known; `false` if there are too many.
    pub(crate) fn add(&mut self, key: SessionKey) -> bool {
        match &self.first {
            None => self.first = Some(key),
            Some(first) if *first == key || self.others.contains(&key) => {}
            Some(_) if self.others.len() + 1 == MOST_OFFERED => return false,
            Some(_) => self.others.push(key),
        }
        true
    }
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
    client: Client,
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
    /// The request is not one of the user's own doing: it does not prolong the session.
    passive: bool,
    /// A save was asked for although nothing changed.
    modified: bool,
    /// How the key of the session that was loaded travels.
    transport: Option<Transport>,
    /// The visitor's cookie must be sent, since something was saved or prolonged.
    cookie_due: bool,
    /// As `cookie_due`, and so urgently that even a failed response carries it: the visitor's present key is dead.
    key_changed: bool,
    /// A cookie beside the session's that the response must carry.
    beside: Option<Beside>,
    /// The request offers several live sessions, of which none counts.
    ambiguous: bool,
    /// The session came back from elsewhere: its user counts as nobody.
    must_log_in_again: bool,
    /// Another request ended the session.
    interrupted: bool,
    /// When this request logged in, if it did: its end says the same of when the session was seen.
    entered: Option<Moment>,
    /// The response's head is on its way: no cookie can be sent any more.
    closed: bool,
}

struct Stored {
    key: SessionKey,
    version: Version,
    expires_at: Moment,
    /// It has to be written for its limits to hold, even if nothing changed.
    limits_missing: bool,
    /// The record could not be decoded: saving replaces it even if nothing changed.
    damaged: bool,
    /// It is signed with an older secret: see [`Record::by_fallback`](crate::Record::by_fallback).
    by_fallback: bool,
}

impl LazySession {
    pub(crate) fn new(shared: Arc<Shared>, offered: Offered, client: Client) -> Self {
        Self(Arc::new(Inner {
            shared,
            offered,
            client,
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

    /// Waits until no other call of this session goes to the store.
    async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        // As a rule none does, and there is no need to queue.
        match self.io.try_lock() {
            Ok(alone) => alone,
            Err(_) => self.io.lock().await,
        }
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
