//! What can go wrong, one type for each boundary.

use std::{error::Error, fmt, time::Duration};

use crate::system::RandomError;

/// The cause of an error, whatever its type.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error's message, followed by those of its causes.
pub(crate) fn chain(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

fn under(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| format!(" under the key {key:?}"))
}

/// A stored or signed text could not be turned back into data.
///
/// Django treats every one of these as an empty session; it logs a warning for [`BadSignature`](Self::BadSignature) alone.
///
/// # Example
///
/// ```
/// use tenure::{CodecError, Data};
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
        max_age: Duration,
    },
    /// The signature is right, the content is not what Django writes.
    #[error("the text holds no valid {what}: it was not written by Django or tenure")]
    Malformed {
        /// What it should have been: `"base64"`, `"zlib"`, `"JSON"`, `"pickle"` or `"timestamp"`.
        what: &'static str,
        /// What the decoder said, if it said anything.
        source: Option<BoxError>,
    },
    /// The pickle is whole, and holds a value of a type that Python has and JSON has not.
    #[error("the pickle holds a Python {class}{}, which JSON has not: store it as text", under(key.as_deref()))]
    PythonValue {
        /// The type: `"datetime.datetime"`, `"decimal.Decimal"`, `"set"`.
        class: &'static str,
        /// The session's key under which it stands, unless that cannot be shown.
        key: Option<String>,
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

/// Why a store could not answer. An absent or expired session is not an error: [`SessionStore::load`](crate::store::SessionStore::load) gives
/// `Ok(None)` for it.
///
/// A request that meets one of these is answered with 503 and `Retry-After`; the visitor's cookie stays as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached, is locked, is full or refuses to write.
    #[error("the session store is unavailable: {what}")]
    Unavailable {
        /// What was tried and what can be done, without secrets.
        what: String,
        /// What the driver said.
        #[source]
        source: Option<BoxError>,
    },
    /// The store did not answer in time.
    #[error("the session store did not answer within {} ms: `TENURE_STORE_TIMEOUT` sets how long to wait", after.as_millis())]
    Deadline {
        /// How long it was waited for.
        after: Duration,
    },
    /// Other requests changed the same session again and again while this one tried to save it.
    #[error("the session was changed by other requests for {} ms without a gap to save it in", after.as_millis())]
    Contended {
        /// How long it was tried after the first conflict.
        after: Duration,
    },
    /// A stored session is larger than the limit that protects this program. It is left as it is.
    #[error(
        "a stored session inflates to more than {limit} bytes: store less in it, or raise `TENURE_MAX_SIZE`"
    )]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A session that Django has stored holds a value that Python has and JSON has not, such as a date. It is left as it is.
    #[error(
        "a stored session holds a Python {class}{}, which JSON has not: store it as text in Django, such as `str(value)`, or use \
         django-redis with its JSONSerializer at both sites",
        under(key.as_deref())
    )]
    PythonValue {
        /// The type: `"datetime.datetime"`, `"decimal.Decimal"`, `"set"`.
        class: &'static str,
        /// The session's key under which it stands, unless that cannot be shown.
        key: Option<String>,
    },
    /// A session does not fit into one entry of its cache. The one from before is left as it is.
    #[error(
        "a session of {size} bytes is more than the {limit} that memcached at {address} keeps in one entry: store less in it, or start \
         memcached with a larger `-I`"
    )]
    EntryTooLarge {
        /// What would have to be kept, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
        /// The server's address, as in `LOCATION`.
        address: String,
    },
    /// A session does not fit into a cookie. The visitor keeps the one from before.
    #[error(
        "the session needs {size} bytes of cookies and browsers keep {limit}: store less in it, use an engine that keeps sessions on the \
         server, or set `TENURE_COOKIE_CHUNKS = true` with the engine `encrypted_cookies`"
    )]
    CookieTooLarge {
        /// What would have to be sent, in bytes: names, values and attributes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The store cannot do what was asked of it.
    #[error("the store `{engine}` cannot {operation}")]
    Unsupported {
        /// The store's own name.
        engine: &'static str,
        /// What was asked, as a verb.
        operation: &'static str,
    },
}

impl StoreError {
    /// An outage, with what the driver said.
    ///
    /// ```
    /// let cause = std::io::Error::other("connection refused");
    /// let error = tenure::StoreError::unavailable("nothing listens on 127.0.0.1:6379", cause);
    /// assert_eq!(error.to_string(), "the session store is unavailable: nothing listens on 127.0.0.1:6379");
    /// ```
    pub fn unavailable(what: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Unavailable {
            what: what.into(),
            source: Some(source.into()),
        }
    }
}

/// Why a session could not do what a handler asked.
///
/// [`status`](SessionError::status) is the HTTP status that fits; with the feature `axum` the error is a response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The session was ended by another request (logout, flush, expiry) after this one had loaded it. Django's `SessionInterrupted`.
    #[error(
        "the session was ended by another request: reload the page and log in again if asked to"
    )]
    Interrupted,
    /// The session cannot be stored: its cookie is for HTTPS alone (`SESSION_COOKIE_SECURE`), and a proxy says that the request came without.
    #[error(
        "the request came without HTTPS, which SESSION_COOKIE_SECURE asks for: no session can be kept"
    )]
    Plaintext,
    /// A value could not be read as the type asked for, or not be stored.
    #[error("session key {key:?}: {source}")]
    Value {
        /// The key in the session.
        key: String,
        /// What was wrong with the value.
        #[source]
        source: ValueError,
    },
    /// The session is larger than `TENURE_MAX_SIZE` allows. Nothing was saved; what is stored is as it was.
    #[error(
        "the session has {size} bytes and may have {limit}: keep what is large elsewhere and its id in the session, or raise \
         `TENURE_MAX_SIZE`"
    )]
    TooLarge {
        /// What would have to be kept, in bytes of JSON.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The session has more keys than `TENURE_MAX_KEYS` allows. Nothing was saved; what is stored is as it was.
    #[error(
        "the session has {keys} keys and may have {limit}: keep a list or map under one key, remove those that nobody reads, or raise \
         `TENURE_MAX_KEYS`"
    )]
    TooManyKeys {
        /// How many keys it has.
        keys: usize,
        /// The limit.
        limit: usize,
    },
    /// The response is already under way, so that a new cookie could not reach the visitor any more.
    #[error(
        "the response has already been sent: change the session before, or call `save` on a session that the visitor's cookie names"
    )]
    ResponseSent,
    /// `set_expiry` with a duration of zero.
    #[error(
        "a session cannot expire after 0 seconds: use `Expiry::BrowserClose` for the browser's end, or `flush` to end it now"
    )]
    ZeroExpiry,
    /// The machine's random source failed, so that no key could be made.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No [`SessionLayer`](crate::SessionLayer) wraps the route.
    #[error("no session in this request: add `SessionLayer` to the router")]
    MissingLayer,
}

impl SessionError {
    /// The HTTP status that tells a visitor what happened: 503 for an outage, 400 for an interrupted session or a request without HTTPS, else 500; 500 too for a
    /// session that cannot be read, or is too large to be kept.
    ///
    /// ```
    /// assert_eq!(tenure::SessionError::Interrupted.status(), 400);
    /// ```
    pub fn status(&self) -> u16 {
        match self {
            Self::Interrupted | Self::Plaintext => 400,
            // Trying again would not make a session any smaller, or a date any less of a date.
            Self::Store(
                StoreError::TooLarge { .. }
                | StoreError::PythonValue { .. }
                | StoreError::EntryTooLarge { .. }
                | StoreError::CookieTooLarge { .. },
            )
            | Self::Value { .. }
            | Self::TooLarge { .. }
            | Self::TooManyKeys { .. }
            | Self::ResponseSent
            | Self::ZeroExpiry
            | Self::Random(_)
            | Self::MissingLayer => 500,
            Self::Store(_) => 503,
        }
    }
}
