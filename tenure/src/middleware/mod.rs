//! The request protocol, without a web framework: keys in, keys out.
//!
//! A framework's adapter does three things: [`Sessions::begin_request`] with the request's head, hand the [`LazySession`] to the
//! handlers, and [`Sessions::finish`] with the response's status. Mirrors `django/contrib/sessions/middleware.py` (Django 5.2).

mod chunks;
mod finished;
mod head;
mod proxies;
mod request_cookie;
mod request_header;
mod response;
mod transports;
mod user_sessions;

use std::sync::Arc;

use http::{HeaderValue, Uri, header::COOKIE};

use self::transports::Transports;

pub use self::{head::RequestHead, response::ResponseHeaders, user_sessions::UserSession};
use crate::{
    cookie::CookieWriter,
    engine::{self, OpenError},
    error::SessionError,
    events::{Events, Listener, Suspicion},
    expiry::ExpiryRules,
    key::SessionKey,
    session::{Binding, Client, LazySession, Offered, RememberCookie, Shared, UserSessions},
    settings::{Settings, SettingsError, Transport, TrustedProxies},
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
#[derive(Clone, Debug)]
struct Prepared {
    shared: Arc<Shared>,
    cookie: CookieWriter,
    /// Whether a session may fill several cookies.
    chunks: bool,
    transports: Transports,
    /// Whether responses with a cookie say `no-store`.
    no_store: bool,
    /// Whether the cookie is for HTTPS alone.
    secure: bool,
    proxies: TrustedProxies,
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
        let store = Store::new(store, settings.store_timeout).hashing(settings.hash_keys);
        Self::prepare(store, settings, system)
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
        if let Some(most) = settings.max_sessions.filter(|_| in_key) {
            let needed = "an engine that keeps sessions on the server is needed: those in cookies cannot be counted";
            return Err(SettingsError::invalid(
                "TENURE_MAX_SESSIONS",
                &most.to_string(),
                needed,
            ));
        }
        let secret = settings.secret()?;
        let user_sessions = UserSessions::new(&store, settings, &secret);
        let transports = Transports::new(settings);
        let shared = Shared {
            store,
            system,
            rules: ExpiryRules::new(settings),
            zone: settings.zone()?,
            save_every_request: settings.save_every_request,
            max_size: settings.max_size,
            max_keys: settings.max_keys,
            listener: Listener::default(),
            binding: Binding::new(settings),
            user_sessions: user_sessions.map(Arc::new),
            remember: RememberCookie::new(settings),
            url_key: transports.url_key.clone(),
            secret,
            secret_fallbacks: settings.secret_key_fallbacks.clone(),
        };
        Ok(Self(Arc::new(Prepared {
            shared: Arc::new(shared),
            cookie: CookieWriter::new(settings),
            chunks: settings.cookie_chunks && in_key,
            transports,
            no_store: settings.no_store,
            secure: settings.cookie_secure,
            proxies: settings.proxies()?,
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
            ..Prepared::clone(&self.0)
        }))
    }

    /// The store, for what is done outside of requests: sweeping, listing.
    pub fn store(&self) -> &Store {
        &self.0.shared.store
    }

    /// The session of a request with this head.
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions, request: http::Request<()>) -> Result<(), tenure::SessionError> {
    /// use tenure::RequestHead;
    ///
    /// let lazy = sessions.begin_request(&RequestHead::new(request.headers(), request.uri()));
    /// let session = lazy.load().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// For a framework whose headers are of another type, such as actix-web's, copy them:
    ///
    /// ```
    /// use http::{HeaderMap, HeaderName, HeaderValue, Uri};
    /// use tenure::{LazySession, RequestHead, ResponseHeaders, Sessions};
    ///
    /// type Pairs<'a> = Vec<(&'a [u8], &'a [u8])>;
    ///
    /// fn map(pairs: Pairs<'_>) -> Result<HeaderMap, http::Error> {
    ///     pairs
    ///         .into_iter()
    ///         .map(|(name, value)| Ok((HeaderName::from_bytes(name)?, HeaderValue::from_bytes(value)?)))
    ///         .collect()
    /// }
    ///
    /// fn begin(sessions: &Sessions, request: Pairs<'_>, uri: &Uri) -> Result<LazySession, http::Error> {
    ///     Ok(sessions.begin_request(&RequestHead::new(&map(request)?, uri)))
    /// }
    ///
    /// /// All headers of the response; they replace those that are there.
    /// fn end(headers: ResponseHeaders, response: Pairs<'_>) -> Result<HeaderMap, http::Error> {
    ///     let mut map = map(response)?;
    ///     headers.apply(&mut map);
    ///     Ok(map)
    /// }
    /// ```
    pub fn begin_request(&self, head: &RequestHead<'_>) -> LazySession {
        let mut client = proxies::client(&self.0.proxies, head);
        client.plaintext &= self.0.secure;
        let transports = &self.0.transports;
        let in_url = transports.in_url(head);
        let key_in_url = in_url.is_some();
        let mut offered = transports.in_header(head.headers).unwrap_or_else(|| {
            let cookies = head.headers.get_all(COOKIE).iter();
            let offered = self.in_cookies(cookies.map(HeaderValue::as_bytes));
            in_url.filter(|_| !offered.key_sent).unwrap_or(offered)
        });
        if client.plaintext {
            if offered.key_sent {
                let shared = &self.0.shared;
                shared.suspicious(offered.first.as_ref(), Suspicion::Plaintext);
            }
            offered = Offered::nothing(offered.came, offered.goes);
        }
        offered.key_in_url = key_in_url;
        LazySession::new(Arc::clone(&self.0.shared), offered, client)
    }

    /// The URL of a request as if it had no key in it; `None` if it has none. Handlers and logs should see this one.
    ///
    /// ```
    /// use tenure::{settings::Transport, testing};
    ///
    /// let mut settings = testing::settings();
    /// settings.transports = vec![Transport::Url];
    /// let sessions = testing::sessions(&settings)?;
    /// let uri = "/cart?page=2&sid=k3x9vqk3x9vqk3x9".parse()?;
    /// assert_eq!(sessions.url_without_key(&uri).unwrap(), "/cart?page=2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn url_without_key(&self, uri: &Uri) -> Option<Uri> {
        self.0.transports.url_key.as_ref()?.without_key(uri)
    }

    /// The session of a request of which these `Cookie` headers alone are known.
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
        let offered = self.in_cookies(cookie_headers);
        LazySession::new(Arc::clone(&self.0.shared), offered, Client::default())
    }

    fn in_cookies<'a>(&self, headers: impl IntoIterator<Item = &'a [u8]>) -> Offered {
        let Prepared {
            cookie,
            chunks,
            transports,
            ..
        } = &*self.0;
        let nothing = Offered::nothing(Some(Transport::Cookie), transports.first);
        if !transports.cookie {
            return nothing;
        }
        let mut offered = request_cookie::find(nothing, cookie.name().as_bytes(), *chunks, headers);
        if offered.key_sent {
            // A browser that has kept one cookie will keep the next, and would send a dead one beside a key in the URL.
            offered.goes = Transport::Cookie;
        }
        offered
    }

    /// The session with this key, outside of a request. What it changes has to be saved by [`Session::save`](crate::Session::save).
    pub fn session(&self, key: &str) -> LazySession {
        let mut offered = Offered::nothing(None, self.0.transports.first);
        offered.first = SessionKey::parse(key);
        LazySession::new(Arc::clone(&self.0.shared), offered, Client::default())
    }

    /// A new, empty session outside of a request. [`Session::save`](crate::Session::save) gives it a key.
    pub fn new_session(&self) -> LazySession {
        let offered = Offered::nothing(None, self.0.transports.first);
        LazySession::new(Arc::clone(&self.0.shared), offered, Client::default())
    }

    /// The values of the cookie that remembers a user.
    #[cfg(feature = "auth")]
    pub(crate) fn remember_cookies<'a>(
        &self,
        cookie_headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> Offered {
        let name = self.0.shared.remember.writer.name().as_bytes();
        let nothing = Offered::nothing(Some(Transport::Cookie), Transport::Cookie);
        request_cookie::find(nothing, name, false, cookie_headers)
    }

    /// The store and what was prepared with it.
    #[cfg(feature = "auth")]
    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// What the response with this status must carry, if that is clear without a store call. Call [`finish`](Self::finish) if it is
    /// `None`.
    pub fn finish_now(&self, session: &LazySession, status: u16) -> Option<ResponseHeaders> {
        session
            .finish_now(status)
            .map(|finished| self.headers(finished))
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
    /// let mut response = http::HeaderMap::new();
    /// headers.apply(&mut response);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn finish(
        &self,
        session: &LazySession,
        status: u16,
    ) -> Result<ResponseHeaders, SessionError> {
        let finished = session.finish(status).await?;
        Ok(self.headers(finished))
    }
}
