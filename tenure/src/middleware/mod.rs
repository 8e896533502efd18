//! The request protocol, without a web framework: cookies in, cookies out.
//!
//! A framework's adapter does three things: [`Sessions::begin`] with the request's `Cookie` headers, hand the [`LazySession`] to the
//! handlers, and [`Sessions::finish`] with the response's status. Mirrors `django/contrib/sessions/middleware.py` (Django 5.2).

mod chunks;
mod request_cookie;

use std::sync::Arc;

use crate::{
    cookie::CookieWriter,
    engine::{self, OpenError},
    error::SessionError,
    events::{Events, Listener},
    expiry::ExpiryRules,
    key::SessionKey,
    session::{CookieChange, Finished, LazySession, Offered, Shared},
    settings::{Settings, SettingsError},
    store::{SessionStore, Store},
    system::{OperatingSystem, System},
};

/// Everything that the sessions of one program share: store, settings and clock. Cheap to clone.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tenure::{Sessions, Settings};
///
/// let sessions = Sessions::open(Settings::load()?).await?;
///
/// // A session outside of a request: a background job that reads a visitor's cart.
/// let session = sessions.session("k3x9…").load().await?;
/// let cart: Option<Vec<u32>> = session.get("cart")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Sessions(Arc<Prepared>);

/// Behind one pointer: axum clones a layer's service for every request, and each pointer is a counter that all processors write to.
#[derive(Debug)]
struct Prepared {
    shared: Arc<Shared>,
    cookie: CookieWriter,
    /// Whether a session may fill several cookies.
    chunks: bool,
}

/// What a response must carry.
///
/// See [`Sessions::finish`] for an example.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseHeaders {
    /// Whether `Cookie` must stand in `Vary`.
    pub vary_cookie: bool,
    /// The value of a `Set-Cookie` header, if one must be sent.
    pub set_cookie: Option<String>,
    /// The values of further `Set-Cookie` headers, where `TENURE_COOKIE_CHUNKS` allows a session several cookies. Else empty.
    pub further_cookies: Vec<String>,
}

impl ResponseHeaders {
    /// The values of all `Set-Cookie` headers that must be sent.
    ///
    /// ```
    /// let headers = tenure::ResponseHeaders::default();
    /// assert_eq!(headers.set_cookies().count(), 0);
    /// ```
    pub fn set_cookies(self) -> impl Iterator<Item = String> {
        self.set_cookie.into_iter().chain(self.further_cookies)
    }
}

impl Sessions {
    /// Sessions kept in `store`.
    ///
    /// # Errors
    ///
    /// When a setting is wrong; the error names it.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{Sessions, Settings, testing::MemoryStore};
    ///
    /// let mut settings = Settings::django();
    /// settings.secret_key = Some(tenure::Secret::new("3#d…-a-secret-of-at-least-32-characters"));
    /// let sessions = Sessions::new(MemoryStore::default(), &settings)?;
    /// # Ok::<(), tenure::SettingsError>(())
    /// ```
    pub fn new(store: impl SessionStore, settings: &Settings) -> Result<Self, SettingsError> {
        Self::with_system(store, settings, Arc::new(OperatingSystem))
    }

    /// As [`new`](Self::new), with a clock and a random source of the caller's. For tests.
    ///
    /// # Errors
    ///
    /// When a setting is wrong; the error names it.
    pub fn with_system(
        store: impl SessionStore,
        settings: &Settings,
        system: Arc<dyn System>,
    ) -> Result<Self, SettingsError> {
        Self::prepare(Store::new(store, settings.store_timeout), settings, system)
    }

    /// Sessions in the engine that the settings name. See [`engine::open`](crate::engine::open).
    ///
    /// # Errors
    ///
    /// When a setting is wrong, or the engine cannot be opened.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let store = engine::open(&settings).await?;
        Ok(Self::prepare(store, &settings, Arc::new(OperatingSystem))?)
    }

    fn prepare(
        store: Store,
        settings: &Settings,
        system: Arc<dyn System>,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let in_key = store.powers().in_key;
        let shared = Shared {
            store,
            system,
            rules: ExpiryRules::new(settings),
            zone: settings.zone()?,
            save_every_request: settings.save_every_request,
            max_size: settings.max_size,
            max_keys: settings.max_keys,
            listener: Listener::default(),
            secret: settings.secret()?,
            secret_fallbacks: settings.secret_key_fallbacks.clone(),
        };
        Ok(Self(Arc::new(Prepared {
            shared: Arc::new(shared),
            cookie: CookieWriter::new(settings),
            chunks: settings.cookie_chunks && in_key,
        })))
    }

    /// The same sessions; `events` is told what happens to them. To be called before they are shared, at start.
    ///
    /// See [`events`](crate::events) for an example.
    #[must_use]
    pub fn with_events(self, events: impl Events) -> Self {
        let mut shared = Shared::clone(&self.0.shared);
        shared.listener = Listener::new(events);
        Self(Arc::new(Prepared {
            shared: Arc::new(shared),
            cookie: self.0.cookie.clone(),
            chunks: self.0.chunks,
        }))
    }

    /// The store, for what is done outside of requests: sweeping, listing.
    pub fn store(&self) -> &Store {
        &self.0.shared.store
    }

    /// The session of a request with these `Cookie` headers.
    ///
    /// A header of more than 16 KiB or 180 cookies, which no browser sends, is not looked into.
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions) -> Result<(), tenure::SessionError> {
    /// let lazy = sessions.begin([&b"theme=dark; sessionid=k3x9vqk3x9vqk3x9vqk3x9vqk3x9vqk3"[..]]);
    /// let session = lazy.load().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin<'a>(&self, cookie_headers: impl IntoIterator<Item = &'a [u8]>) -> LazySession {
        let name = self.0.cookie.name().as_bytes();
        let offered = request_cookie::find(name, self.0.chunks, cookie_headers);
        LazySession::new(Arc::clone(&self.0.shared), offered)
    }

    /// The session with this key, outside of a request. What it changes has to be saved by [`Session::save`](crate::Session::save).
    pub fn session(&self, key: &str) -> LazySession {
        let offered = Offered {
            cookie_sent: false,
            first: SessionKey::parse(key),
            others: Vec::new(),
        };
        LazySession::new(Arc::clone(&self.0.shared), offered)
    }

    /// A new, empty session outside of a request. [`Session::save`](crate::Session::save) gives it a key.
    pub fn new_session(&self) -> LazySession {
        LazySession::new(Arc::clone(&self.0.shared), Offered::default())
    }

    /// What the response with this status must carry, if that is clear without a store call. Call [`finish`](Self::finish) if it is
    /// `None`.
    pub fn finish_now(&self, session: &LazySession, status: u16) -> Option<ResponseHeaders> {
        session
            .finish_now(status)
            .map(|finished| self.headers(&finished))
    }

    /// Saves what the handlers changed, and tells what the response with this status must carry.
    ///
    /// Nothing is saved on a status of 500 or above.
    ///
    /// # Errors
    ///
    /// The response must be replaced by one with the error's [`status`](SessionError::status): the session was not saved. It carries
    /// what [`finish_now`](Self::finish_now) gives for that status, if anything: a key that was changed before the store went away.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions, cookie_header: &[u8]) -> Result<(), tenure::SessionError> {
    /// let lazy = sessions.begin([cookie_header]);
    /// // … the handlers …
    /// let status = 200;
    /// let headers = match sessions.finish_now(&lazy, status) {
    ///     Some(headers) => headers,
    ///     None => match sessions.finish(&lazy, status).await {
    ///         Ok(headers) => headers,
    ///         Err(error) => sessions.finish_now(&lazy, error.status()).unwrap_or_default(), // and a response that says so
    ///     },
    /// };
    /// for set_cookie in headers.set_cookies() {
    ///     println!("Set-Cookie: {set_cookie}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn finish(
        &self,
        session: &LazySession,
        status: u16,
    ) -> Result<ResponseHeaders, SessionError> {
        let finished = session.finish(status).await?;
        Ok(self.headers(&finished))
    }

    fn headers(&self, finished: &Finished) -> ResponseHeaders {
        let Prepared { cookie, chunks, .. } = &*self.0;
        let (set_cookie, further_cookies) = match &finished.cookie {
            CookieChange::None => (None, Vec::new()),
            change if *chunks => chunks::headers(cookie, change),
            CookieChange::Set { key, lifetime } => {
                (Some(cookie.set("", key.as_str(), *lifetime)), Vec::new())
            }
            CookieChange::Remove => (Some(cookie.remove("")), Vec::new()),
        };
        ResponseHeaders {
            vary_cookie: finished.vary,
            set_cookie,
            further_cookies,
        }
    }
}
