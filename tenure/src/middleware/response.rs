//! What a response must carry.

use std::{fmt, sync::Arc};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE, VARY},
};

use super::request_header::SESSION_TOKEN;
use crate::{key::SessionKey, url_key::UrlKey};

/// What a response must carry.
///
/// See [`Sessions::finish`](crate::Sessions::finish) for an example.
#[derive(Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a header that is there or not"
)]
pub struct ResponseHeaders {
    /// Whether `Cookie` must stand in `Vary`.
    pub vary_cookie: bool,
    /// Whether `Authorization` and `X-Session-Token` must stand in `Vary`.
    pub vary_header: bool,
    /// The value of a `Set-Cookie` header, if one must be sent.
    pub set_cookie: Option<String>,
    /// The values of further `Set-Cookie` headers: of the cookie that remembers a user, and where `TENURE_COOKIE_CHUNKS` allows a session
    /// several cookies. Else empty.
    pub further_cookies: Vec<String>,
    /// The value of `X-Session-Token`, if it must be sent: a key that the client does not know yet, or nothing for a session that has ended.
    pub session_token: Option<String>,
    /// Whether `Cache-Control` must say `no-store`.
    pub no_store: bool,
    /// Whether `Referrer-Policy` must be `no-referrer`: the page's URL or its links hold the key.
    pub no_referrer: bool,
    pub(super) in_links: Option<InLinks>,
}

/// What links must carry.
#[derive(PartialEq, Eq)]
pub(super) struct InLinks {
    pub(super) url_key: Arc<UrlKey>,
    pub(super) key: SessionKey,
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

    /// Puts everything into the headers of a response, beside what stands there already.
    ///
    /// A redirect to a path of this site gets the key if it travels in the URL.
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions, lazy: tenure::LazySession) -> Result<(), tenure::SessionError> {
    /// let mut response = http::Response::new("Hello");
    /// let status = response.status().as_u16();
    /// sessions.finish(&lazy, status).await?.apply(response.headers_mut());
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(self, headers: &mut HeaderMap) {
        if self.vary_cookie {
            vary_on(headers, &COOKIE, "Cookie");
        }
        if self.vary_header {
            vary_on(headers, &AUTHORIZATION, "Authorization");
            vary_on(headers, &SESSION_TOKEN, "X-Session-Token");
        }
        if self.no_store && !says_no_store(headers) {
            headers.insert(CACHE_CONTROL, NO_STORE);
        }
        if self.no_referrer {
            headers.insert(REFERRER_POLICY, NO_REFERRER);
        }
        if let Some(InLinks { url_key, key }) = &self.in_links
            && let Some(location) = headers.get_mut(LOCATION)
            && let Ok(link) = location.to_str()
            && let Ok(with_key) = HeaderValue::try_from(url_key.with_key(link, key))
        {
            *location = with_key;
        }
        if let Some(token) = &self.session_token {
            append(headers, SESSION_TOKEN, token.clone());
        }
        for set_cookie in self.set_cookies() {
            append(headers, SET_COOKIE, set_cookie);
        }
    }
}

// Keys are in it.
impl fmt::Debug for ResponseHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |set: bool| if set { "set" } else { "not set" };
        f.debug_struct("ResponseHeaders")
            .field("vary_cookie", &self.vary_cookie)
            .field("vary_header", &self.vary_header)
            .field("set_cookie", &hidden(self.set_cookie.is_some()))
            .field("session_token", &hidden(self.session_token.is_some()))
            .field("no_store", &self.no_store)
            .field("no_referrer", &self.no_referrer)
            .finish_non_exhaustive()
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("private, no-store");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// Whether the handler has kept the response out of caches itself, perhaps by more words than ours.
fn says_no_store(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CACHE_CONTROL).iter();
    let mut words = values.filter_map(|value| value.to_str().ok());
    words.any(|text| {
        text.split(',')
            .any(|word| word.trim().eq_ignore_ascii_case("no-store"))
    })
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: String) {
    match HeaderValue::try_from(value) {
        Ok(value) => {
            headers.append(name, value);
        }
        // The settings were checked and keys are printable ASCII, so this is not reached; a lost key would be a silent logout.
        Err(error) => tracing::error!(%error, "the session's key cannot be sent"),
    }
}

/// Adds the header `name`, as it is usually written, to `Vary` as `patch_vary_headers` in `django/utils/cache.py` does.
fn vary_on(headers: &mut HeaderMap, name: &HeaderName, written: &'static str) {
    let mut names = Vec::new();
    for value in headers.get_all(VARY) {
        // A value that is no text is left alone; ours goes into a header of its own beside it.
        let Ok(text) = value.to_str() else {
            headers.append(VARY, HeaderValue::from_static(written));
            return;
        };
        names.extend(
            text.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty()),
        );
    }
    if names.is_empty() {
        headers.insert(VARY, HeaderValue::from_static(written));
    } else if !names
        .iter()
        .any(|known| *known == "*" || known.eq_ignore_ascii_case(name.as_str()))
    {
        names.push(written);
        if let Ok(value) = HeaderValue::try_from(names.join(", ")) {
            headers.insert(VARY, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r09_no_key_is_printed() {
        let key = "0123456789abcdefghijklmnopqrstuv";
        let headers = ResponseHeaders {
            set_cookie: Some(format!("sessionid={key}; Path=/")),
            further_cookies: vec![format!("sessionid.0={key}; Path=/")],
            session_token: Some(key.to_owned()),
            ..ResponseHeaders::default()
        };
        let text = format!("{headers:?}");
        assert!(!text.contains(key) && text.contains("set_cookie"), "{text}");
    }
}
