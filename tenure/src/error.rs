//! What can go wrong, one type for each boundary.

/// The cause of an error, whatever its type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A stored or signed text could not be turned back into data.
///
/// Django treats every one of these as an empty session; it logs a warning for [`BadSignature`](Self::BadSignature) alone.
///
/// # Example
///
/// ```
/// use tenure::{CodecError, record::Data};
///
/// let error = Data::from_json(b"{\"a\":").unwrap_err();
/// assert!(matches!(error, CodecError::Malformed { what: "JSON", .. }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The text was altered, or signed with another secret or salt.
    #[error(
        "the signature does not match: check that SECRET_KEY (or one of SECRET_KEY_FALLBACKS) and the salt are those it was signed with"
    )]
    BadSignature,
    /// The signature is right, but older than allowed.
    #[error("the signature is older than {max_age:?}: ask for a new one, or allow a longer age")]
    Expired {
        /// The age that was allowed.
        max_age: std::time::Duration,
    },
    /// The signature is right, the content is not what Django writes.
    #[error(
        "the signed text holds no valid {what}: it was not written by Django or tenure; write it anew"
    )]
    Malformed {
        /// What it should have been: `"base64"`, `"zlib"`, `"JSON"` or `"timestamp"`.
        what: &'static str,
        /// What the decoder said, if it said anything.
        source: Option<BoxError>,
    },
    /// The compressed content is larger than the limit.
    #[error(
        "the compressed text inflates to more than {limit} bytes: store less in it, or raise the limit"
    )]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl CodecError {
    pub(crate) fn malformed(what: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Malformed {
            what,
            source: Some(source.into()),
        }
    }

    pub(crate) const fn not(what: &'static str) -> Self {
        Self::Malformed { what, source: None }
    }
}

/// A value of a session could not be read as a Rust type, or made from one.
///
/// It does not say which key the value has: whoever knows the key adds it.
///
/// # Example
///
/// ```
/// use tenure::{Json, ValueError};
///
/// let error = Json::of("seven")?.to::<u8>().unwrap_err();
/// assert!(matches!(error, ValueError::WrongType { expected: "u8", .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The stored value has another type than the one asked for.
    #[error("the stored value is not of type {expected}: ask for the type that was stored")]
    WrongType {
        /// The name of the Rust type asked for, as [`std::any::type_name`] gives it.
        expected: &'static str,
        /// Where and why reading stopped.
        source: BoxError,
    },
    /// The value has no form in JSON that could be read back.
    #[error(
        "the value cannot be written as JSON: store a type that serde can write, with text keys in its maps"
    )]
    NotSerializable {
        /// Where and why writing stopped.
        source: BoxError,
    },
}
