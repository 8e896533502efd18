//! What proxies say of a request: where it comes from, and whether it came by HTTPS.
//!
//! A proxy adds to `X-Forwarded-For`, at the end, the address that it was called from. Read from the end, each address counts that a listed
//! proxy has written; what stands before the first one that is not listed is that visitor's own word, and nobody's else.
//!
//! The header `Forwarded` (RFC 7239) is not read. A proxy that writes one of the two hands on the other as the visitor has made it up, and
//! a request does not tell which of them its proxies write.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue, header::USER_AGENT};

use super::RequestHead;
use crate::{session::Client, settings::TrustedProxies};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Who has sent a request with this head. Allocates nothing.
pub(super) fn client(proxies: &TrustedProxies, head: &RequestHead<'_>) -> Client {
    let peer = head.peer.map(|address| address.to_canonical());
    let proxy = peer.filter(|peer| proxies.contains(*peer));
    let user_agent = head.headers.get(USER_AGENT).cloned();
    Client {
        address: proxy.map_or(peer, |proxy| visitor(proxies, proxy, head.headers)),
        user_agent: Some(user_agent.unwrap_or(const { HeaderValue::from_static("") })),
        plaintext: proxy.is_some() && is_plaintext(head.headers),
    }
}

/// The address that the nearest machine has which is not a listed proxy; the farthest proxy if all are. `None` if a proxy has written
/// something else than an address.
fn visitor(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    let mut address = peer;
    while proxies.contains(address) {
        let Some(hop) = hops.next() else { break };
        // Empty elements of a list mean nothing (RFC 9110, section 5.6.1).
        if !hop.trim_ascii().is_empty() {
            address = parse(hop.trim_ascii())?;
        }
    }
    Some(address)
}

/// An address as proxies write it: IPv6 with or without brackets, some with a port.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let brackets = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = brackets.unwrap_or(text).parse();
    let address = address.or_else(|_| text.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Whether the nearest proxy says that the request came without HTTPS. What stands before its word may be the visitor's.
fn is_plaintext(headers: &HeaderMap) -> bool {
    let value = headers.get_all(FORWARDED_PROTO).iter().next_back();
    let last = value.and_then(|value| value.as_bytes().rsplit(|byte| *byte == b',').next());
    last.is_some_and(|scheme| scheme.trim_ascii().eq_ignore_ascii_case(b"http"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, Uri};
    use proptest::prelude::*;

    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        let mut settings = crate::testing::settings();
        settings.trusted_proxies = networks.iter().map(|&text| text.to_owned()).collect();
        settings.proxies().unwrap()
    }

    fn client_of(peer: &str, headers: &HeaderMap) -> Client {
        let proxies = proxies(&[
            "10.0.0.0/8",
            "192.0.2.7",
            "2001:db8::/32",
            "::ffff:172.16.0.0/108",
        ]);
        let uri = Uri::from_static("/");
        let mut head = RequestHead::new(headers, &uri);
        head.peer = Some(peer.parse().unwrap());
        client(&proxies, &head)
    }

    fn headers<T: AsRef<[u8]>>(
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> HeaderMap {
        let name = HeaderName::from_static(name);
        let value = |value: T| HeaderValue::from_bytes(value.as_ref()).unwrap();
        let values = values.into_iter();
        values.map(|text| (name.clone(), value(text))).fold(
            HeaderMap::new(),
            |mut map, (name, value)| {
                map.append(name, value);
                map
            },
        )
    }

    #[test]
    fn each_address_counts_that_a_listed_proxy_has_written() {
        for (peer, forwarded, address) in [
            ("10.0.0.1", &["203.0.113.9"][..], Some("203.0.113.9")),
            (
                "10.0.0.1",
                &["198.51.100.1, 203.0.113.9"],
                Some("203.0.113.9"),
            ),
            (
                "10.0.0.1",
                &["203.0.113.9, 10.9.9.9 ,\t192.0.2.7"],
                Some("203.0.113.9"),
            ),
            (
                "10.0.0.1",
                &["198.51.100.1", "203.0.113.9, 10.2.2.2", "10.3.3.3"],
                Some("203.0.113.9"),
            ),
            ("10.0.0.1", &["203.0.113.9,, ,"], Some("203.0.113.9")),
            ("10.0.0.1", &["203.0.113.9:4711"], Some("203.0.113.9")),
            ("10.0.0.1", &["[2a00::9]:4711"], Some("2a00::9")),
            ("10.0.0.1", &["[2a00::9]"], Some("2a00::9")),
            ("2001:db8::1", &["2a00::9"], Some("2a00::9")),
            // IPv4 in the clothes of IPv6, on each side.
            (
                "::ffff:10.0.0.1",
                &["::ffff:203.0.113.9"],
                Some("203.0.113.9"),
            ),
            ("172.16.3.4", &["203.0.113.9"], Some("203.0.113.9")),
            // No visitor but proxies.
            ("10.0.0.1", &[], Some("10.0.0.1")),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], Some("10.0.0.3")),
            // What is no address says nothing, and what stands before it does not count.
            ("10.0.0.1", &["203.0.113.9, unknown"], None),
            ("10.0.0.1", &["203.0.113.9, _secret, 10.0.0.2"], None),
            ("10.0.0.1", &["\u{fc}"], None),
            // From all others it is ignored.
            ("192.0.2.8", &["203.0.113.9"], Some("192.0.2.8")),
            ("::ffff:192.0.2.8", &["10.0.0.1"], Some("192.0.2.8")),
        ] {
            let found = client_of(peer, &headers(FORWARDED_FOR, forwarded)).address;
            let address: Option<IpAddr> = address.map(|text| text.parse().unwrap());
            assert_eq!(found, address, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn the_scheme_is_what_the_nearest_proxy_says() {
        for (peer, proto, plaintext) in [
            ("10.0.0.1", &["http"][..], true),
            ("10.0.0.1", &["HTTP "], true),
            ("10.0.0.1", &["https, http"], true),
            ("10.0.0.1", &["https", "http"], true),
            ("10.0.0.1", &["https"], false),
            ("10.0.0.1", &["http, https"], false),
            ("10.0.0.1", &["\u{fc}"], false),
            ("10.0.0.1", &[], false),
            ("203.0.113.9", &["http"], false),
        ] {
            let found = client_of(peer, &headers(FORWARDED_PROTO, proto)).plaintext;
            assert_eq!(found, plaintext, "{peer} {proto:?}");
        }
    }

    /// What an attacker may send: bytes, and what looks like the addresses of proxies and others.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            "(10\\.[0-9]{1,3}\\.0\\.1|192\\.0\\.2\\.7|::1|\\[|\\]|,|:80| |unknown|198\\.51\\.100\\.1|127\\.0\\.0\\.1)".prop_map(String::into_bytes),
            proptest::collection::vec(prop_oneof![32..=126_u8, 128..=255_u8], 0..8),
        ];
        proptest::collection::vec(word, 0..20).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn hostile_text_never_moves_the_address_that_a_proxy_has_seen(
            made_up in proptest::collection::vec(hostile(), 0..4),
            inner in proptest::collection::vec(0..=255_u8, 0..3),
            in_one_line: bool,
        ) {
            // Proxies write behind what the visitor has sent, in the same line or in lines of their own.
            let mut lines = made_up;
            let written = std::iter::once("203.0.113.9".to_owned()).chain(inner.iter().map(|last| format!("10.0.0.{last}")));
            for hop in written {
                match lines.last_mut() {
                    Some(line) if in_one_line => line.extend(format!(", {hop}").bytes()),
                    _ => lines.push(hop.into_bytes()),
                }
            }
            let map = headers(FORWARDED_FOR, &lines);
            prop_assert_eq!(client_of("10.0.0.1", &map).address, "203.0.113.9".parse().ok());
            prop_assert_eq!(client_of("203.0.113.77", &map).address, "203.0.113.77".parse().ok());
        }
    }
}
