//! Where a request comes from, by what its browser says.

use http::{HeaderMap, Method, Uri, header::HOST, header::ORIGIN};

use super::CsrfError;

/// What a request says of where it comes from: its method and three headers.
///
/// ```
/// use tenure::csrf::{Source, check_source};
///
/// let request = http::Request::post("/logout")
///     .header("Host", "shop.example")
///     .header("Sec-Fetch-Site", "cross-site")
///     .body(())?;
/// let source = Source::of(request.method(), request.uri(), request.headers());
/// assert!(check_source(&source, &[]).is_err());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Source<'a> {
    /// The method: `POST`.
    pub method: &'a str,
    /// The header `Sec-Fetch-Site`.
    pub sec_fetch_site: Option<&'a [u8]>,
    /// The header `Origin`.
    pub origin: Option<&'a [u8]>,
    /// The host that the request is for, with its port: the target's if it names one, as in HTTP/2, else the header `Host`.
    pub host: Option<&'a [u8]>,
}

impl<'a> Source<'a> {
    /// A request of this method without any of the headers.
    pub fn new(method: &'a str) -> Self {
        Self {
            method,
            sec_fetch_site: None,
            origin: None,
            host: None,
        }
    }

    /// What is in the head of a request.
    pub fn of(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        let header = |value: &'a http::HeaderValue| value.as_bytes();
        let target = uri.authority().map(|host| host.as_str().as_bytes());
        Self {
            method: method.as_str(),
            sec_fetch_site: headers.get("sec-fetch-site").map(header),
            origin: headers.get(ORIGIN).map(header),
            host: target.or_else(|| headers.get(HOST).map(header)),
        }
    }

    /// Whether requests of this method change nothing. Not TRACE, which Django counts among them and Go does not: nobody needs it.
    pub(super) fn is_safe(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS")
    }
}

/// Whether a request comes from this site, by the rules of Go 1.25's [`CrossOriginProtection`], which tower-http's `CsrfLayer` has too:
///
/// 1. GET, HEAD and OPTIONS pass.
/// 2. An `Origin` that is among `trusted_origins`, byte for byte (`https://admin.example`), passes.
/// 3. Where there is `Sec-Fetch-Site`, `same-origin` and `none` pass, and nothing else. So a neighbour domain does not.
/// 4. Without `Origin` it passes: every browser since 2020 sends one of the two, so this is none.
/// 5. The host of `Origin` must be that of the request, byte for byte.
///
/// A proxy must pass `Host` and `Origin` on as they are, or old browsers are refused.
///
/// # Errors
///
/// When it comes from elsewhere.
///
/// # Example
///
/// See [`Source`].
///
/// [`CrossOriginProtection`]: https://pkg.go.dev/net/http#CrossOriginProtection
pub fn check_source(source: &Source<'_>, trusted_origins: &[&str]) -> Result<(), CsrfError> {
    let origin = source.origin.filter(|origin| !origin.is_empty());
    let is_trusted =
        origin.is_some_and(|origin| trusted_origins.iter().any(|own| own.as_bytes() == origin));
    if source.is_safe() || is_trusted {
        return Ok(());
    }
    match source.sec_fetch_site {
        None | Some(b"") => {}
        Some(b"same-origin" | b"none") => return Ok(()),
        Some(site) => {
            return Err(CsrfError::CrossSite {
                site: String::from_utf8_lossy(site).into_owned(),
            });
        }
    }
    let Some(origin) = origin else { return Ok(()) };
    let url = Uri::try_from(origin).ok();
    let url = url.filter(|url| matches!(url.scheme_str(), Some("http" | "https")));
    let from = url.as_ref().and_then(Uri::authority);
    let host = source.host.unwrap_or_default();
    if from.is_some_and(|from| from.as_str().as_bytes() == host) {
        return Ok(());
    }
    Err(CsrfError::OtherOrigin {
        origin: String::from_utf8_lossy(origin).into_owned(),
        host: String::from_utf8_lossy(host).into_owned(),
    })
}
