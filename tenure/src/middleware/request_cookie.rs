//! Finds our cookie in the `Cookie` headers of a request.
//!
//! Written by hand, over bytes. Common parsers decode names (so that `%5F_Host-id` counts as `__Host-id`) or trim Unicode space, which
//! lets a neighbour domain forge a prefixed cookie, and drop a whole header for one byte that is not ASCII, which lets it log visitors
//! out. Values are read as `django/http/cookie.py` (Django 5.2) reads them.

use super::chunks::Chunks;
use crate::{key::SessionKey, session::Offered};

/// No browser sends more than 180 cookies for a domain, or fills 16 KiB that servers accept (RFC 6265, section 6.1 asks for 50 and 4 KiB).
const MAX_BYTES: usize = 16 * 1024;
const MAX_COOKIES: usize = 180;

/// The keys that our cookies offer; with `chunked` also what their chunks make together.
pub(super) fn find<'a>(
    mut offered: Offered,
    name: &[u8],
    chunked: bool,
    headers: impl IntoIterator<Item = &'a [u8]>,
) -> Offered {
    let mut chunks = Chunks::default();
    let (mut bytes, mut cookies) = (0, 0);
    for header in headers {
        bytes += header.len();
        if bytes > MAX_BYTES {
            return ignored(&offered, "it is longer than 16 KiB");
        }
        for pair in pairs(header) {
            cookies += 1;
            if cookies > MAX_COOKIES {
                return ignored(&offered, "it holds more than 180 cookies");
            }
            let Some(value) = value_of(name, pair) else {
                if chunked && let Some((found, value)) = name_and_value(pair) {
                    offered.key_sent |= chunks.take(name, found, value);
                }
                continue;
            };
            offered.key_sent = true;
            let Some(key) = parse(value) else { continue };
            if !offered.add(key) {
                return ignored(&offered, "it holds too many different session cookies");
            }
        }
    }
    if chunked
        && let Some(key) = chunks.key()
        && !offered.add(key)
    {
        return ignored(&offered, "it holds too many different session cookies");
    }
    offered
}

fn ignored(offered: &Offered, why: &str) -> Offered {
    tracing::warn!("the Cookie header is not looked into: {why}");
    Offered::nothing(offered.came, offered.goes)
}

/// What stands between semicolons.
fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((pair, after)) =
            memchr::memchr(b';', text).and_then(|end| text.split_at_checked(end))
        else {
            return Some(text);
        };
        rest = after.get(1..);
        Some(pair)
    })
}

/// The value of a pair with this name. Most pairs are another's, and their first bytes tell.
fn value_of<'a>(name: &[u8], pair: &'a [u8]) -> Option<&'a [u8]> {
    let after = trim_start(trim_start(pair).strip_prefix(name)?);
    Some(trim(after.strip_prefix(b"=")?))
}

fn name_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (name, value) = pair.split_at_checked(equals)?;
    Some((trim(name), trim(value.get(1..).unwrap_or_default())))
}

/// Without the white space that RFC 6265 knows. `trim_ascii` would take line and form feeds too.
fn trim(text: &[u8]) -> &[u8] {
    let mut text = trim_start(text);
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn parse(value: &[u8]) -> Option<SessionKey> {
    match value {
        [b'"', quoted @ .., b'"'] => SessionKey::parse(&unquote(quoted)?),
        _ => SessionKey::parse(str::from_utf8(value).ok()?),
    }
}

/// Undoes the quoting of Python's `http.cookies`: `\"` and octal `\141`.
fn unquote(mut quoted: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(quoted.len());
    while let Some((&byte, rest)) = quoted.split_first() {
        quoted = match (byte, rest) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..]) => {
                bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest
            }
            (b'\\', [escaped, rest @ ..]) => {
                bytes.push(*escaped);
                rest
            }
            _ => {
                bytes.push(byte);
                rest
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Transport;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
    const OTHER: &str = "z9y8x7w6v5u4t3s2r1q0ponmlkjihgfe";

    fn keys(headers: &[&[u8]]) -> (bool, Vec<String>) {
        let nothing = Offered::nothing(Some(Transport::Cookie), Transport::Cookie);
        let offered = find(nothing, b"sessionid", false, headers.iter().copied());
        let keys = offered
            .first
            .iter()
            .chain(&offered.others)
            .map(|key| key.as_str().to_owned())
            .collect();
        (offered.key_sent, keys)
    }

    #[test]
    fn request_cookies_of_the_vectors() {
        let file: serde_json::Value = serde_json::from_str(include_str!(
            "../../../interop/vectors/request_cookies.json"
        ))
        .unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let (sent, keys) = keys(&[case["cookie_header"].as_str().unwrap().as_bytes()]);
            let expected = case["sessionid"].as_str();
            assert_eq!(sent, expected.is_some(), "{name}");
            let key = expected.and_then(SessionKey::parse);
            // Django takes the last of two; here both are offered to the store, and the live one counts.
            if name == "twice_last_wins" {
                assert_eq!(keys, [KEY, OTHER], "{name}");
            } else {
                assert_eq!(
                    keys.first().map(String::as_str),
                    key.as_ref().map(SessionKey::as_str),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_neighbour_that_is_not_utf_8_hides_nothing() {
        let header = [
            b"a=\xff\xfe; sessionid=".as_slice(),
            KEY.as_bytes(),
            b"; b=\xe2\x28\xa1",
        ]
        .concat();
        assert_eq!(keys(&[&header]), (true, vec![KEY.to_owned()]));
    }

    #[test]
    fn a_value_that_is_not_ascii_is_no_key() {
        assert_eq!(keys(&[b"sessionid=0123456789\xff"]), (true, vec![]));
    }

    #[test]
    fn look_alike_names_are_other_names() {
        for name in [
            "%73essionid",
            "\u{2000}sessionid",
            "\u{a0}sessionid",
            "\u{b}sessionid",
            "SESSIONID",
            "sessionid\u{c}",
        ] {
            let header = format!("{name}={KEY}");
            assert_eq!(keys(&[header.as_bytes()]), (false, vec![]), "{name:?}");
        }
    }

    #[test]
    fn several_headers_count_as_one() {
        let ours = format!("sessionid={KEY}");
        assert_eq!(
            keys(&[b"a=b", ours.as_bytes(), b"c=d"]),
            (true, vec![KEY.to_owned()])
        );
    }

    #[test]
    fn the_same_value_twice_is_one_value() {
        let header = format!("sessionid={KEY}; sessionid={KEY}");
        assert_eq!(keys(&[header.as_bytes()]), (true, vec![KEY.to_owned()]));
    }

    #[test]
    fn what_no_browser_sends_is_ignored() {
        let ours = format!("sessionid={KEY}; ");
        let long = ours.clone() + "a=" + &"x".repeat(1 << 20);
        assert_eq!(keys(&[long.as_bytes()]), (false, vec![]));
        let many = ours + &"a=b; ".repeat(200);
        assert_eq!(keys(&[many.as_bytes()]), (false, vec![]));
        let tossed: Vec<_> = (0..50).map(|n| format!("sessionid=tossed{n:04}")).collect();
        let tossed = tossed.join("; ");
        assert_eq!(keys(&[tossed.as_bytes()]), (false, vec![]));
    }
}
