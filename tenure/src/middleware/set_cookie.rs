//! Writes `Set-Cookie` as Django does, to the byte.
//!
//! The order of the attributes is that of Python's `http.cookies` (alphabetical without regard to case), which no cookie library for
//! Rust gives; hence by hand. See `set_cookie` and `delete_cookie` in `django/http/response.py` (Django 5.2).

use std::fmt::Write as _;

use crate::{moment::Moment, settings::Settings};

#[derive(Debug)]
pub(super) struct CookieWriter {
    name: String,
    /// `; Domain=…`, or nothing.
    domain: String,
    /// `; HttpOnly`, or nothing.
    http_only: &'static str,
    /// `; Path=…; SameSite=…`.
    path_and_same_site: String,
    /// `; Secure`, or nothing.
    secure: &'static str,
    /// `; Secure` where browsers would else refuse to remove the cookie.
    secure_on_removal: &'static str,
}

fn secure(on: bool) -> &'static str {
    if on { "; Secure" } else { "" }
}

impl CookieWriter {
    pub(super) fn new(settings: &Settings) -> Self {
        let name = settings.cookie_name.clone();
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
        let prefixed = name.starts_with("__Secure-") || name.starts_with("__Host-");
        let cross_site = same_site.is_some_and(|text| text.eq_ignore_ascii_case("none"));
        Self {
            domain: settings
                .cookie_domain
                .as_ref()
                .map(|domain| format!("; Domain={domain}"))
                .unwrap_or_default(),
            http_only: if settings.cookie_httponly {
                "; HttpOnly"
            } else {
                ""
            },
            path_and_same_site,
            secure: secure(settings.cookie_secure),
            secure_on_removal: secure(prefixed || cross_site),
            name,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The value of the header that gives the visitor `key`.
    pub(super) fn set(&self, key: &str, lifetime: Option<(i64, Moment)>) -> String {
        // Exactly as long as needed: of a text with room to spare, `HeaderValue` makes a second allocation.
        let lifetime_length = lifetime.map_or(0, |(max_age, _)| {
            "; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=".len() + length_of(max_age)
        });
        let mut text = String::with_capacity(
            self.name.len()
                + "=".len()
                + key.len()
                + self.domain.len()
                + lifetime_length
                + self.http_only.len()
                + self.path_and_same_site.len()
                + self.secure.len(),
        );
        text.push_str(&self.name);
        text.push('=');
        push_value(&mut text, key);
        text.push_str(&self.domain);
        if let Some((_, expires)) = lifetime {
            text.push_str("; expires=");
            text.push_str(&expires.http_date());
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

    /// The value of the header that takes the cookie away.
    pub(super) fn remove(&self) -> String {
        let Self {
            name,
            domain,
            path_and_same_site,
            secure_on_removal,
            ..
        } = self;
        format!(
            "{name}=\"\"{domain}; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0{path_and_same_site}{secure_on_removal}"
        )
    }
}

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
