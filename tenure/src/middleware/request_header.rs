//! Finds keys in the headers `X-Session-Token` and `Authorization: Bearer` of a request.

use http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use crate::{key::SessionKey, session::Offered};

/// Where the key stands in responses, and may stand in requests.
pub(super) const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-session-token");

/// No key is longer, and stores are not made for more.
const MAX_BYTES: usize = 16 * 1024;

/// The keys in the headers, which may come as both and several times; `None` if there is neither header. An empty one offers nothing and
/// asks for a session in the header all the same.
pub(super) fn find(mut offered: Offered, headers: &HeaderMap) -> Option<Offered> {
    let tokens = headers.get_all(SESSION_TOKEN).iter();
    let tokens = tokens.map(|value| value.as_bytes().trim_ascii());
    let bearers = headers.get_all(AUTHORIZATION).iter();
    let bearers = bearers.filter_map(|value| bearer(value.as_bytes()));
    let mut any = false;
    for value in tokens.chain(bearers) {
        any = true;
        offered.key_sent |= !value.is_empty();
        let Some(key) = parse(value) else { continue };
        if !offered.add(key) {
            tracing::warn!("a request holds too many different session keys: none counts");
            return Some(Offered::nothing(offered.came, offered.goes));
        }
    }
    any.then_some(offered)
}

/// What stands behind the word `Bearer` (RFC 6750, section 2.1), which is read without regard to case (RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.trim_ascii().split_at_checked("Bearer".len())?;
    let ends = rest.first().is_none_or(|byte| *byte == b' ');
    (scheme.eq_ignore_ascii_case(b"Bearer") && ends).then(|| rest.trim_ascii())
}

fn parse(value: &[u8]) -> Option<SessionKey> {
    let text = str::from_utf8(value).ok()?;
    (text.len() <= MAX_BYTES)
        .then(|| SessionKey::parse(text))
        .flatten()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::settings::Transport;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

    fn offered(headers: &[(&'static str, String)]) -> Option<(bool, Vec<String>)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let nothing = Offered::nothing(Some(Transport::Header), Transport::Header);
        let offered = find(nothing, &map)?;
        let keys = offered.first.iter().chain(&offered.others);
        let keys = keys.map(|key| key.as_str().to_owned()).collect();
        Some((offered.key_sent, keys))
    }

    #[test]
    fn what_counts_as_a_key_in_a_header() {
        let (token, bearer) = ("x-session-token", "authorization");
        let key = || vec![KEY.to_owned()];
        for (name, value, expected) in [
            (token, KEY.to_owned(), Some((true, key()))),
            (token, String::new(), Some((false, vec![]))),
            (token, "short".into(), Some((true, vec![]))),
            (token, format!("{KEY}, {KEY}"), Some((true, vec![]))),
            (token, "ä".repeat(20), Some((true, vec![]))),
            (token, "x".repeat(MAX_BYTES + 1), Some((true, vec![]))),
            (bearer, format!("Bearer {KEY}"), Some((true, key()))),
            (bearer, format!("bEARER   {KEY}"), Some((true, key()))),
            (bearer, "Bearer".into(), Some((false, vec![]))),
            (bearer, format!("Bearer{KEY}"), None),
            (bearer, format!("Basic {KEY}"), None),
            (bearer, KEY.into(), None),
            (bearer, String::new(), None),
            ("cookie", format!("sessionid={KEY}"), None),
        ] {
            assert_eq!(
                offered(&[(name, value.clone())]),
                expected,
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn both_headers_are_looked_at_and_too_many_keys_are_none() {
        let both = [
            ("x-session-token", KEY.to_owned()),
            ("authorization", format!("Bearer {KEY}")),
        ];
        assert_eq!(offered(&both), Some((true, vec![KEY.to_owned()])));
        let tossed = (0..5).map(|number| ("x-session-token", format!("tossed-{number}")));
        assert_eq!(
            offered(&tossed.collect::<Vec<_>>()),
            Some((false, Vec::new()))
        );
    }
}
