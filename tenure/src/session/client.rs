//! Who has sent the request.

use std::net::IpAddr;

use http::HeaderValue;

use super::{LazySession, Session};

/// Who has sent a request, as far as that is known. See [`Session::client`].
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub(crate) address: Option<IpAddr>,
    /// Empty if a request has none; `None` where there is no request.
    pub(crate) user_agent: Option<HeaderValue>,
    /// It came without HTTPS, which the session's cookie needs: it has no session.
    pub(crate) plaintext: bool,
}

impl Client {
    /// The visitor's address; IPv4 also where it came as IPv6.
    ///
    /// It is known if the layer is told ([`SessionLayer::with_peer_address`]). What the header `X-Forwarded-For` says counts only as far as
    /// the proxies of `TENURE_TRUSTED_PROXIES` have written it.
    ///
    /// [`SessionLayer::with_peer_address`]: crate::SessionLayer::with_peer_address
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// What the visitor says that they use, if anything: the header `User-Agent`. Escape it in pages.
    pub fn user_agent(&self) -> Option<&str> {
        let text = std::str::from_utf8(self.user_agent.as_ref()?.as_bytes());
        text.ok().filter(|text| !text.is_empty())
    }
}

impl LazySession {
    /// Who has sent the request. Nothing is known of a session that was opened outside of one.
    ///
    /// See [`Session::client`] for an example.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

impl Session {
    /// Who has sent the request. Nothing is known of a session that was opened outside of one.
    ///
    /// ```
    /// # async fn example(session: tenure::Session) {
    /// let client = session.client();
    /// let address = client.address().map_or("unknown".into(), |address| address.to_string());
    /// println!("{address} with {}", client.user_agent().unwrap_or("something"));
    /// # }
    /// ```
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}
