//! How a session's key travels: `TENURE_TRANSPORTS` and `TENURE_URL_PLACE`.

/// How a session's key travels between client and server. A key that was given out on one is refused on the others.
///
/// A request that carries a key in a header is answered in a header, whatever else it carries; so is one that asks for it with an empty
/// `X-Session-Token`. Then cookies count, then the URL. A new session goes as the request's dead key came, if that was a header or a
/// cookie, and else as the first of `TENURE_TRANSPORTS`.
///
/// ```
/// use tenure::settings::Transport;
///
/// assert_eq!(Transport::parse("header"), Some(Transport::Header));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// In a cookie, as Django's do. `cookie`.
    Cookie,
    /// In a header, for programs. `header`.
    ///
    /// Requests carry `Authorization: Bearer KEY` or `X-Session-Token: KEY`. Responses carry `X-Session-Token: KEY` when there is a new key,
    /// and an empty one when the session has ended. So a client sends back what it was given last, and begins with an empty one. No browser
    /// sends such a header by itself, so these requests need no protection against CSRF.
    ///
    /// On routes where `Authorization: Bearer` means something else, its tokens count as keys that no session has.
    Header,
    /// In the URL, only where nothing else works. `url`.
    ///
    /// **Everybody who sees the URL has the session**: it stands in the browser's history and bookmarks, in the logs of servers and
    /// proxies, on the screen, and in whatever link a visitor sends to a friend. Responses say `Referrer-Policy: no-referrer` and
    /// `Cache-Control: no-store`, which keeps it from other sites and from caches, and from nobody else. Anybody can send a visitor a link
    /// with a session of their own, so change the key at each login, as [`login`](crate::auth::login) does. Requests need protection
    /// against CSRF as with cookies. Where it is allowed, a session that comes back from another kind of browser ends, however its key
    /// travels: `TENURE_BIND_USER_AGENT` counts as `end`.
    ///
    /// Make links with [`Session::url`](crate::Session::url). Redirects to this site get the key by themselves.
    Url,
}

impl Transport {
    /// A transport by the word that settings have for it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "cookie" => Some(Self::Cookie),
            "header" => Some(Self::Header),
            "url" => Some(Self::Url),
            _ => None,
        }
    }
}

/// Where the key stands in a URL, if it does: `TENURE_URL_PLACE`.
///
/// ```
/// use tenure::settings::UrlPlace;
///
/// assert_eq!(UrlPlace::parse("path"), Some(UrlPlace::Path));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlPlace {
    /// In the query: `/cart?sid=KEY`. `query`.
    Query,
    /// In front of the path: `/~sid=KEY/cart`. Relative links keep it by themselves. `path`.
    ///
    /// It is taken off before the router sees it, so the [`SessionLayer`](crate::SessionLayer) has to be around the router:
    /// `sessions.layer(router)` and not `router.layer(sessions)`.
    Path,
}

impl UrlPlace {
    /// A place by the word that settings have for it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "query" => Some(Self::Query),
            "path" => Some(Self::Path),
            _ => None,
        }
    }
}
