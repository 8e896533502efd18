//! The primary key of a user.

use std::{convert::Infallible, fmt, str::FromStr};

use crate::engine::db::is_uuid;

/// The primary key of a user as Python's `str` writes it, which is what Django's sessions hold: the digits of a number, or a UUID with its
/// dashes.
///
/// ```
/// use tenure::auth::UserId;
///
/// assert_eq!(UserId::from(41).to_string(), "41");
/// let uuid: UserId = "7A1D5E7C-3B0F-4A5E-9C39-5D5B0E1F2A3B".parse()?;
/// assert_eq!(uuid.to_string(), "7a1d5e7c-3b0f-4a5e-9c39-5d5b0e1f2a3b");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(String);

impl UserId {
    /// The key as text.
    ///
    /// ```
    /// assert_eq!(tenure::auth::UserId::from(41).as_str(), "41");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a row. SQLite and MySQL keep a UUID as its 32 digits, `django/db/models/fields/__init__.py` (Django 5.2), `UUIDField`.
    pub(super) fn from_column(text: String) -> Self {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(digit) {
            return Self(text);
        }
        let mut dashed = String::with_capacity(36);
        for (at, digit) in text.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                dashed.push('-');
            }
            dashed.push(digit);
        }
        Self(dashed)
    }
}

impl AsRef<str> for UserId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<i64> for UserId {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<&UserId> for UserId {
    fn from(id: &UserId) -> Self {
        id.clone()
    }
}

impl FromStr for UserId {
    type Err = Infallible;

    /// Any text may be one: whether a user has it, the table tells.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let lower = text.to_ascii_lowercase();
        Ok(Self(if is_uuid(&lower) {
            lower
        } else {
            text.to_owned()
        }))
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
