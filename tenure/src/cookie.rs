//! Writes `Set-Cookie` as Django does, to the byte.
//!
//! The order of the attributes is that of Python's `http.cookies` (alphabetical without regard to case), which no cookie library for
//! Rust gives; hence by hand. See `set_cookie` and `delete_cookie` in `django/http/response.py` (Django 5.2).

use std::fmt::Write as _;

use crate::{moment::Moment, settings::Settings};

/// Keys of engines that keep the session in several cookies: the parts stand in the key with this between them.
pub(crate) const BETWEEN_CHUNKS: char = '~';
/// What follows the cookie's name in the names of such parts.
pub(crate) const CHUNKS: [&str; 3] = [".0", ".1", ".2"];

#[derive(Clone, Debug)]
pub(crate) struct CookieWriter {
    name: String,
    /// `; Domain=…`, or nothing.
    domain: String,
    /// `; HttpOnly`, or nothing.
    http_only: &'static str,
    /// `; Path=…; SameSite=…`.
    path_and_same_site: String,
    /// `; Secure`, or nothing.
    secure: &'static str,
    /// `; HttpOnly` and `; Secure` where browsers would else refuse to remove the cookie.
    http_only_on_removal: &'static str,
    secure_on_removal: &'static str,
}

fn secure(on: bool) -> &'static str {
    if on { "; Secure" } else { "" }
}

fn http_only(on: bool) -> &'static str {
    if on { "; HttpOnly" } else { "" }
}

impl CookieWriter {
    /// Of the session's cookie.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::named(settings, &settings.cookie_name)
    }

    /// Of a cookie of this name with the attributes of the session's.
    pub(crate) fn named(settings: &Settings, name: &str) -> Self {
        let name = name.to_owned();
        let mut path_and_same_site = String::new();
        if let Some(path) = &settings.cookie_path {
            path_and_same_site += "; Path=";
            path_and_same_site += path;
        }
        let same_site = settings.cookie_samesite.as_str();
        if let Some(same_site) = same_site {
            path_and_same_site += "; SameSite=";
            path_and_same_site += same_site;
        }
        let has_prefix = |prefixes: &[&str]| {
            let mut prefixes = prefixes.iter();
            prefixes.any(|prefix| name.starts_with(prefix))
        };
        let prefixed = has_prefix(&["__Secure-", "__Host-", "__Http-"]);
        let cross_site = same_site.is_some_and(|text| text.eq_ignore_ascii_case("none"));
        Self {
            domain: settings
                .cookie_domain
                .as_ref()
                .map(|domain| format!("; Domain={domain}"))
                .unwrap_or_default(),
            http_only: http_only(settings.cookie_httponly),
            http_only_on_removal: http_only(has_prefix(&["__Http-", "__Host-Http-"])),
            path_and_same_site,
            secure: secure(settings.cookie_secure),
            secure_on_removal: secure(prefixed || cross_site),
            name,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the header beside the value and what follows the name.
    fn frame(&self, max_age: Option<i64>) -> usize {
        let lifetime = max_age.map_or(0, |max_age| {
            "; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=".len() + length_of(max_age)
        });
        self.name.len()
            + "=".len()
            + self.domain.len()
            + lifetime
            + self.http_only.len()
            + self.path_and_same_site.len()
            + self.secure.len()
    }

    /// The most bytes that the header can have beside the value and what follows the name.
    #[cfg_attr(
        not(any(feature = "encrypted-cookies", feature = "signed-cookies")),
        expect(dead_code, reason = "only sessions in cookies can be too long for one")
    )]
    pub(crate) fn longest_frame(&self) -> usize {
        self.frame(Some(LONGEST_MAX_AGE))
    }

    /// The value of the header that gives the visitor `key`, in the cookie whose name ends in `suffix`.
    pub(crate) fn set(&self, suffix: &str, key: &str, lifetime: Option<(i64, Moment)>) -> String {
        let max_age = lifetime.map(|(max_age, _)| max_age);
        // Exactly as long as needed: of a text with room to spare, `HeaderValue` makes a second allocation.
        let length = self.frame(max_age) + suffix.len() + key.len();
        let mut text = String::with_capacity(length);
        text.push_str(&self.name);
        text.push_str(suffix);
        text.push('=');
        push_value(&mut text, key);
        text.push_str(&self.domain);
        if let Some((_, expires)) = lifetime {
            text.push_str("; expires=");
            expires.push_http_date(&mut text);
        }
        text.push_str(self.http_only);
        if let Some((max_age, _)) = lifetime {
            // Writing to a String cannot fail.
            let _ = write!(text, "; Max-Age={max_age}");
        }
        text.push_str(&self.path_and_same_site);
        text.push_str(self.secure);
        text
    }

    /// The value of the header that takes the cookie whose name ends in `suffix` away.
    pub(crate) fn remove(&self, suffix: &str) -> String {
        let Self {
            name,
            domain,
            path_and_same_site,
            http_only_on_removal,
            secure_on_removal,
            ..
        } = self;
        format!(
            "{name}{suffix}=\"\"{domain}; expires=Thu, 01 Jan 1970 00:00:00 GMT{http_only_on_removal}; Max-Age=0{path_and_same_site}{secure_on_removal}"
        )
    }
}

/// As long as any that is sent: dates end with the year 9999.
const LONGEST_MAX_AGE: i64 = -253_402_300_799;

/// Characters of `number` in decimal.
fn length_of(number: i64) -> usize {
    let digits = number
        .unsigned_abs()
        .checked_ilog10()
        .map_or(1, |log| log as usize + 1);
    digits + usize::from(number < 0)
}

/// Our own keys need no quotes. One that somebody else has put into the store is quoted as Python's `http.cookies` does.
fn push_value(text: &mut String, value: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&byte);
    if value.bytes().all(plain) {
        text.push_str(value);
        return;
    }
    text.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_is_longer_than_its_longest_frame_and_its_value() {
        let mut settings = Settings::strict();
        settings.cookie_domain = Some("example.org".into());
        let writer = CookieWriter::new(&settings);
        for max_age in [None, Some(0), Some(1_209_600), Some(-253_402_300_799)] {
            let lifetime = max_age.map(|max_age| (max_age, Moment::LAST));
            let line = writer.set(".0", "abc", lifetime);
            assert_eq!(line.len(), writer.frame(max_age) + 5, "{line}");
            assert!(line.len() <= writer.longest_frame() + 5, "{line}");
        }
    }
}
