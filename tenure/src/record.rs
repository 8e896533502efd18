//! A session as a store keeps it.

use std::time::SystemTime;

use crate::{data::Data, error::CodecError};

/// A session as a store keeps it: its data, when it ends, and which version of it this is.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tenure::{Data, Record};
///
/// let record = Record::new(Data::new(), SystemTime::now() + Duration::from_secs(60));
/// assert!(record.data.is_empty());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// What the session holds.
    pub data: Data,
    /// The moment from which on the session counts as absent.
    pub expires_at: SystemTime,
    /// What the store read, so that it can tell whether somebody else has written since.
    pub version: Version,
    /// Why the stored text could not be decoded, if so: the data is empty then, and the key stays in use, as in Django.
    pub damage: Option<Damage>,
    /// Whether it is signed or encrypted with one of `SECRET_KEY_FALLBACKS`: the request that reads it writes it anew at its end, so that
    /// the fallback can go one day.
    ///
    /// A store that is given such a record to save is asked for nothing but a new signature: the session ends when it did before.
    pub by_fallback: bool,
}

impl Record {
    /// A sound record without a version, as it is given to a store.
    pub fn new(data: Data, expires_at: SystemTime) -> Self {
        Self {
            data,
            expires_at,
            version: Version::default(),
            damage: None,
            by_fallback: false,
        }
    }

    /// The same record as read in this version.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tenure::{Data, Record, Version};
    ///
    /// let record = Record::new(Data::new(), SystemTime::now()).with_version(Version::from_text("e30:…"));
    /// assert_eq!(record.version.as_text(), Some("e30:…"));
    /// ```
    #[must_use]
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }
}

/// What is wrong with a stored text.
///
/// ```
/// use tenure::Damage;
/// assert_eq!(Damage::Signature.to_string(), "the signature does not match");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It was not signed with one of our secrets, or was altered since.
    #[error("the signature does not match")]
    Signature,
    /// It is rightly signed, but is no session.
    #[error("the content cannot be read although the signature matches")]
    Content,
}

impl From<&CodecError> for Damage {
    fn from(error: &CodecError) -> Self {
        match error {
            CodecError::BadSignature => Self::Signature,
            _ => Self::Content,
        }
    }
}

/// What a store read, kept to notice writes by others in between: a column's text, a cache's bytes or counter.
///
/// A store that cannot compare leaves it at the default, and the last writer wins there.
///
/// ```
/// use tenure::Version;
/// assert!(Version::default().is_unknown());
/// assert_ne!(Version::from_text("a"), Version::from_text("b"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Version(Option<Box<[u8]>>);

impl Version {
    /// A version that is told apart by its text.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self::from_bytes(text.into().into_bytes())
    }

    /// A version that is told apart by its bytes.
    ///
    /// ```
    /// assert_eq!(tenure::Version::from_bytes(*b"a"), tenure::Version::from_text("a"));
    /// ```
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Some(bytes.into().into_boxed_slice()))
    }

    /// The text it was made from; `None` if it is unknown, or no text.
    pub fn as_text(&self) -> Option<&str> {
        self.as_bytes().and_then(|bytes| str::from_utf8(bytes).ok())
    }

    /// The bytes it was made from; `None` if it is unknown.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    /// Whether the store could not tell a version.
    pub fn is_unknown(&self) -> bool {
        self.0.is_none()
    }
}

// The text is the whole session in most stores, so it is not printed.
impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_unknown() {
            "Version(unknown)"
        } else {
            "Version(..)"
        })
    }
}
