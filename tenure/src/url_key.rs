//! A session's key in a URL: found, taken off, and put into links.
//!
//! Written by hand, over bytes, as for cookies: nothing is decoded, so that there is one way to write a key and none to hide one. Keys
//! that travel so are made of characters that mean nothing in a URL (RFC 3986, section 2.3); all of tenure's own are.

use http::{Uri, uri::PathAndQuery};

use crate::{
    key::SessionKey,
    settings::{Settings, UrlPlace},
};

/// Where the key stands in a URL: `/cart?sid=…` or `/~sid=…/cart`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UrlKey {
    parameter: String,
    place: UrlPlace,
}

impl UrlKey {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            parameter: settings.url_parameter.clone(),
            place: settings.url_place,
        }
    }

    /// What stands in the place of keys; `None` for what can be none.
    pub(crate) fn find<'a>(&'a self, uri: &'a Uri) -> impl Iterator<Item = Option<SessionKey>> {
        let (in_query, in_path) = match self.place {
            UrlPlace::Query => (uri.query(), None),
            UrlPlace::Path => (None, self.split_path(uri.path())),
        };
        let pairs = in_query.into_iter().flat_map(|query| query.split('&'));
        pairs
            .filter_map(|pair| self.value(pair))
            .chain(in_path.map(|(value, _)| value))
            .map(parse)
    }

    /// The URL as if there were no key in it. `None` if there is none.
    pub(crate) fn without_key(&self, uri: &Uri) -> Option<Uri> {
        let (path, query) = match self.place {
            UrlPlace::Query => (uri.path(), Some(self.other_pairs(uri.query()?)?)),
            UrlPlace::Path => {
                let (_, rest) = self.split_path(uri.path())?;
                (rest, uri.query().map(str::to_owned))
            }
        };
        let path = if path.is_empty() { "/" } else { path };
        let text = match query {
            Some(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// The link with the key in it. As it is if it leads elsewhere, or a browser might think so.
    pub(crate) fn with_key(&self, link: &str, key: &SessionKey) -> String {
        let key = key.as_str();
        if !stays(link) || !key.bytes().all(is_unreserved) {
            return link.to_owned();
        }
        let (rest, fragment) = split_at(link, "#");
        let (path, query) = split_at(rest, "?");
        let parameter = &self.parameter;
        match self.place {
            UrlPlace::Path => {
                // A relative link is relative to a page whose path has the key in front already.
                if !path.starts_with('/') {
                    return link.to_owned();
                }
                let path = self.split_path(path).map_or(path, |(_, rest)| rest);
                format!("/~{parameter}={key}{path}{query}{fragment}")
            }
            // `#top` alone stays on the page, whose URL has the key already.
            UrlPlace::Query if rest.is_empty() => link.to_owned(),
            UrlPlace::Query => {
                let query = query.strip_prefix('?').unwrap_or_default();
                let others = self.other_pairs(query).unwrap_or_else(|| query.to_owned());
                let and = if others.is_empty() { "" } else { "&" };
                format!("{path}?{others}{and}{parameter}={key}{fragment}")
            }
        }
    }

    /// The value of a pair of our name.
    fn value<'a>(&self, pair: &'a str) -> Option<&'a str> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name == self.parameter).then_some(value)
    }

    /// The query without our pairs. `None` if it has none of them.
    fn other_pairs(&self, query: &str) -> Option<String> {
        let pairs = query.split('&');
        let others: Vec<_> = pairs
            .clone()
            .filter(|pair| self.value(pair).is_none())
            .collect();
        (others.len() < pairs.count()).then(|| others.join("&"))
    }

    /// The key in `/~sid=…/cart`, and what follows it.
    fn split_path<'a>(&self, path: &'a str) -> Option<(&'a str, &'a str)> {
        let rest = path.strip_prefix("/~")?.strip_prefix(&self.parameter)?;
        Some(split_at(rest.strip_prefix('=')?, "/"))
    }
}

fn parse(value: &str) -> Option<SessionKey> {
    let plain = value.bytes().all(is_unreserved);
    plain.then(|| SessionKey::parse(value)).flatten()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What is in front of `end`, and what begins with it.
fn split_at<'a>(text: &'a str, end: &str) -> (&'a str, &'a str) {
    text.split_at_checked(text.find(end).unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// Whether the link has neither a scheme nor a host, however a browser reads it: browsers drop spaces and control characters, and take a
/// backslash for a slash (WHATWG URL, section 4.4).
fn stays(link: &str) -> bool {
    let odd = |byte: u8| byte <= b' ' || matches!(byte, b'\\' | 0x7f);
    let end = link.find(['/', '?', '#']).unwrap_or(link.len());
    let has_scheme = link.find(':').is_some_and(|colon| colon < end);
    !link.bytes().any(odd) && !has_scheme && !link.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
    const OTHER: &str = "z9y8x7w6v5u4t3s2r1q0ponmlkjihgfe";

    fn url_key(place: UrlPlace) -> UrlKey {
        let parameter = "sid".into();
        UrlKey { parameter, place }
    }

    fn link(place: UrlPlace, link: &str) -> String {
        url_key(place).with_key(link, &SessionKey::parse(KEY).unwrap())
    }

    #[test]
    fn links_get_the_key_and_keep_the_rest() {
        for (before, after) in [
            ("/cart", "/cart?sid=KEY"),
            ("/cart?page=2#top", "/cart?page=2&sid=KEY#top"),
            ("/cart?", "/cart?sid=KEY"),
            ("/cart?a=%2f&&b#", "/cart?a=%2f&&b&sid=KEY#"),
            ("cart", "cart?sid=KEY"),
            ("../cart?x", "../cart?x&sid=KEY"),
            ("?page=2", "?page=2&sid=KEY"),
            ("/at/12:30", "/at/12:30?sid=KEY"),
            ("/cart?sid=old&page=2&sid=older", "/cart?page=2&sid=KEY"),
            ("/cart?next=//a.example", "/cart?next=//a.example&sid=KEY"),
            ("/cart?outsid=1", "/cart?outsid=1&sid=KEY"),
            ("#top", "#top"),
            ("", ""),
        ] {
            let seen = link(UrlPlace::Query, before);
            assert_eq!(seen, after.replace("KEY", KEY), "{before}");
        }
        for (before, after) in [
            ("/", "/~sid=KEY/"),
            ("/cart?page=2#top", "/~sid=KEY/cart?page=2#top"),
            ("/~sid=old/cart", "/~sid=KEY/cart"),
            ("cart", "cart"),
            ("?page=2", "?page=2"),
        ] {
            let seen = link(UrlPlace::Path, before);
            assert_eq!(seen, after.replace("KEY", KEY), "{before}");
        }
    }

    #[test]
    fn links_that_lead_elsewhere_never_get_the_key() {
        for elsewhere in [
            "https://evil.example/cart",
            "https:evil.example",
            "//evil.example/cart",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            " //evil.example",
            "\u{0}//evil.example",
            "java\nscript:alert(1)",
            "javascript:alert(1)",
            "mailto:a@evil.example",
            "HTTPS://evil.example?a",
        ] {
            for place in [UrlPlace::Query, UrlPlace::Path] {
                assert_eq!(link(place, elsewhere), elsewhere);
            }
        }
    }

    #[test]
    fn a_key_is_found_and_taken_off() {
        for (place, uri, keys, without) in [
            (UrlPlace::Query, "/cart?sid=KEY", &[KEY][..], Some("/cart")),
            (UrlPlace::Query, "/?a=1&sid=KEY&b", &[KEY], Some("/?a=1&b")),
            (
                UrlPlace::Query,
                "https://shop.example/cart?sid=KEY",
                &[KEY],
                Some("https://shop.example/cart"),
            ),
            (
                UrlPlace::Query,
                "/?sid=KEY&sid=OTHER",
                &[KEY, OTHER],
                Some("/"),
            ),
            (UrlPlace::Query, "/?sid=", &["none"], Some("/")),
            (UrlPlace::Query, "/?sid", &["none"], Some("/")),
            (UrlPlace::Query, "/?sid=short", &["none"], Some("/")),
            (UrlPlace::Query, "/?sid=%30KEY", &["none"], Some("/")),
            (UrlPlace::Query, "/?%73id=KEY", &[], None),
            (UrlPlace::Query, "/?SID=KEY", &[], None),
            (UrlPlace::Query, "/~sid=KEY/cart", &[], None),
            (UrlPlace::Query, "/cart", &[], None),
            (
                UrlPlace::Path,
                "/~sid=KEY/cart?a=1",
                &[KEY],
                Some("/cart?a=1"),
            ),
            (UrlPlace::Path, "/~sid=KEY", &[KEY], Some("/")),
            (UrlPlace::Path, "/~sid=/cart", &["none"], Some("/cart")),
            (UrlPlace::Path, "/cart/~sid=KEY", &[], None),
            (UrlPlace::Path, "/~side=KEY/cart", &[], None),
            (UrlPlace::Path, "/?sid=KEY", &[], None),
        ] {
            let uri: Uri = uri
                .replace("KEY", KEY)
                .replace("OTHER", OTHER)
                .parse()
                .unwrap();
            let url_key = url_key(place);
            let found: Vec<_> = url_key
                .find(&uri)
                .map(|key| key.map_or("none".to_owned(), |key| key.as_str().to_owned()))
                .collect();
            assert_eq!(found, keys, "{uri}");
            let seen = url_key.without_key(&uri).map(|uri| uri.to_string());
            assert_eq!(seen.as_deref(), without, "{uri}");
        }
    }
}
