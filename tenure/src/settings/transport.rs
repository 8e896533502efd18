//! `TENURE_TRANSPORTS`.

/// How a session's key travels between client and server. A key that was given out on one is refused on the others.
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
    /// In the header `Authorization: Bearer` or `X-Session-Token`, for programs. `header`.
    Header,
    /// In the URL, which ends up in logs, histories and other people's hands: only where nothing else works. `url`.
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
