//! Why a request is refused.

/// Why a request is taken for a forged one. The visitor gets 403.
///
/// ```
/// use tenure::csrf::CsrfError;
/// assert_eq!(CsrfError::TokenMissing.status(), 403);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrfError {
    /// The browser says that another site has sent the request.
    #[error(
        "the request comes from another site (Sec-Fetch-Site is {site:?}): name that site's origin as trusted if it is yours"
    )]
    CrossSite {
        /// What the browser says: `cross-site`, or `same-site` for a neighbour domain.
        site: String,
    },
    /// A browser without `Sec-Fetch-Site` says that the request comes from elsewhere than it goes to.
    #[error(
        "the request comes from {origin:?} and went to {host:?}: name that origin as trusted if it is yours; have the proxy pass `Host` on \
         if it rewrites it"
    )]
    OtherOrigin {
        /// The header `Origin`.
        origin: String,
        /// The host of the request.
        host: String,
    },
    /// The session has no secret that a token could be of.
    #[error(
        "the session has no CSRF secret: the cookie did not come along, the session has ended, or the form was made without \
         `csrf::token`"
    )]
    SecretMissing,
    /// The request has no token.
    #[error(
        "the request has no CSRF token: put `{{{{ csrf_input }}}}` into the form, or send the header X-CSRFToken"
    )]
    TokenMissing,
    /// What was sent can be no token: 32 or 64 letters and digits are.
    #[error("the CSRF token is none: 32 or 64 letters and digits are needed")]
    TokenMalformed,
    /// The token is of another session, or from before a login.
    #[error(
        "the CSRF token is not this session's: the form is older than the login, or another session's"
    )]
    TokenWrong,
}

impl CsrfError {
    /// The HTTP status that fits: 403.
    pub fn status(&self) -> u16 {
        403
    }
}
