//! What a request says about its session.

use std::{fmt, net::IpAddr};

use http::{HeaderMap, Uri};

/// The head of a request, for [`Sessions::begin_request`](crate::Sessions::begin_request).
///
/// ```
/// use http::{HeaderMap, Uri};
/// use tenure::RequestHead;
///
/// let (headers, uri) = (HeaderMap::new(), Uri::from_static("/cart?page=2"));
/// let head = RequestHead::new(&headers, &uri);
/// assert_eq!(head.uri.path(), "/cart");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// What was asked for.
    pub uri: &'a Uri,
    /// The address at the other end of the connection, the visitor's or a proxy's. `None` if it is not known.
    pub peer: Option<IpAddr>,
}

impl<'a> RequestHead<'a> {
    /// A head of these. What else is known of the request is set afterwards, field by field.
    pub fn new(headers: &'a HeaderMap, uri: &'a Uri) -> Self {
        Self {
            headers,
            uri,
            peer: None,
        }
    }
}

// Keys are in both.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead").finish_non_exhaustive()
    }
}
