//! Where the servers are, and which of them has a key.

use std::fmt;

/// memcached's own port, which `LOCATION` may leave out.
const PORT: u16 = 11211;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Tcp { host: String, port: u16 },
    Unix { path: String },
}

impl Address {
    /// Reads `LOCATION` as Django and pymemcache do: addresses with `,` or `;` between them.
    pub(super) fn list(location: &str) -> Option<Vec<Self>> {
        let parts = location.split([',', ';']);
        parts.map(|text| Self::parse(text.trim())).collect()
    }

    /// One address, as pymemcache's `normalize_server_spec` (`pymemcache/client/base.py`, 4.0).
    fn parse(text: &str) -> Option<Self> {
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.starts_with('/') {
            let path = path.to_owned();
            return Some(Self::Unix { path });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => (host, port.parse().ok()?),
            _ => (text, PORT),
        };
        let bracketed = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let host = bracketed.unwrap_or(host).to_owned();
        let allowed = |character: char| character.is_ascii_graphic() && character != '/';
        (!host.is_empty() && host.chars().all(allowed)).then_some(Self::Tcp { host, port })
    }
}

/// As pymemcache's `HashClient` names its nodes: placement depends on it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path } => f.write_str(path),
        }
    }
}

/// Which of the `nodes` has `key`: the one whose name scores highest with it, as pymemcache's `RendezvousHash`
/// (`pymemcache/client/rendezvous.py`, 4.0).
pub(super) fn place<'a>(nodes: impl Iterator<Item = (&'a str, usize)>, key: &str) -> Option<usize> {
    let scored = nodes.map(|(name, index)| ((murmur3(&format!("{name}-{key}")), name), index));
    // Equal scores go to the greater name.
    scored
        .max_by_key(|(score, _)| *score)
        .map(|(_, index)| index)
}

/// `MurmurHash3_x86_32` of the characters' low bytes, which is how pymemcache reads a text.
fn murmur3(text: &str) -> u32 {
    let mix = |word: u32| {
        word.wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let (mut hash, mut word, mut length) = (0_u32, 0_u32, 0_u32);
    for character in text.chars() {
        word |= (u32::from(character) & 0xff) << (8 * (length % 4));
        length = length.wrapping_add(1);
        if length.is_multiple_of(4) {
            hash ^= mix(word);
            hash = hash
                .rotate_left(13)
                .wrapping_mul(5)
                .wrapping_add(0xe654_6b64);
            word = 0;
        }
    }
    hash ^= mix(word);
    hash ^= length;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(location: &str) -> Option<Vec<String>> {
        let list = Address::list(location)?;
        Some(list.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn location_is_read_as_django_does() {
        for (location, names) in [
            ("127.0.0.1:11212", &["127.0.0.1:11212"][..]),
            ("cache", &["cache:11211"]),
            ("[::1]:11300", &["::1:11300"]),
            ("[::1]", &["::1:11211"]),
            ("unix:/run/memcached.sock", &["/run/memcached.sock"]),
            ("/run/memcached.sock", &["/run/memcached.sock"]),
            ("a:1;b:2, c:3", &["a:1", "b:2", "c:3"]),
        ] {
            assert_eq!(addresses(location).unwrap(), names);
        }
        for wrong in [
            "",
            "a:",
            "a:1,",
            "a:port",
            "a:70000",
            ":1",
            "unix:relative",
            "memcached://a:1",
            "a b:1",
        ] {
            assert_eq!(addresses(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn keys_are_where_pymemcache_looks_for_them() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../interop/vectors/memcached_placement.json"
        );
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let location: Vec<_> = case["location"]
                .as_array()
                .unwrap()
                .iter()
                .map(|text| text.as_str().unwrap())
                .collect();
            let names = addresses(&location.join(",")).unwrap();
            let prefix = case["prefix"].as_str().unwrap();
            let places = case["places"].as_str().unwrap();
            assert_eq!(places.len(), 1000);
            for (number, expected) in places.chars().enumerate() {
                let key = format!("{prefix}{:032}", number * 7919);
                let found = place(names.iter().map(String::as_str).zip(0..), &key).unwrap();
                assert_eq!(
                    found.to_string(),
                    expected.to_string(),
                    "{key} in {}",
                    case["name"]
                );
            }
        }
    }

    #[test]
    fn murmur3_is_the_published_one() {
        assert_eq!(murmur3(""), 0);
        assert_eq!(murmur3("test"), 0xba6b_d213);
        assert_eq!(murmur3("Hello, world!"), 0xc036_3e43);
    }
}
