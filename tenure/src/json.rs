//! JSON as Python's `json` module writes and reads it.
//!
//! It is a superset of RFC 8259: integers of any size, `NaN` and the infinities, surrogates without a partner. Django's
//! [`JSONSerializer`] writes it without spaces and with everything but printable ASCII escaped.
//!
//! [`JSONSerializer`]: https://github.com/django/django/blob/5.2/django/core/signing.py

mod canonical;
mod float;
mod merge;
mod read;
mod scan;
mod text;
mod write;

use std::{borrow::Cow, cell::Cell, fmt, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::{
    canonical::members,
    float::push_float,
    merge::{FEW, Names, merge_repeated, repeats},
    read::{float, read},
    scan::{MAX_DEPTH, Scanner},
    text::{
        escape, plain_run, push_escaped_units, push_escaped_utf8, push_unescaped, quotes,
        string_end, unescape,
    },
};
use crate::error::{CodecError, ValueError};

/// How deep `serde_json` reads. What is written may not be deeper, or it could not be read back.
const MAX_READ_DEPTH: usize = 127;

/// One JSON value, as the text that Django would store. Cheap to clone.
///
/// Two values are equal if their texts are: `1` is not `1.0`, and the order of names counts, as it does in what is stored.
/// `Debug` shows the length only, as values of sessions may be private.
///
/// # Example
///
/// ```
/// use tenure::Json;
///
/// let value = Json::of(&("Zoë", 1e16, [1, 2]))?;
/// assert_eq!(value.as_str(), r#"["Zo\u00eb",1e+16,[1,2]]"#);
/// assert_eq!(value.to::<(String, f64, Vec<u8>)>()?, ("Zoë".to_owned(), 1e16, vec![1, 2]));
/// # Ok::<(), tenure::ValueError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Arc<str>);

/// The most bytes that a thread keeps room for.
const MOST_ROOM: usize = 4096;

thread_local! {
    /// Where this thread wrote its last value, empty: the next one needs no allocation for what becomes an `Arc` in the end.
    static ROOM: Cell<String> = const { Cell::new(String::new()) };
}

impl Json {
    /// Writes a value as Django would.
    ///
    /// Where Rust and Python differ, Python's way is taken: names that are numbers, `bool` or `None` become text, and a float
    /// that is not finite becomes `NaN`, `Infinity` or `-Infinity`.
    ///
    /// # Errors
    ///
    /// [`ValueError::NotSerializable`] if the value refuses, if a name in a map is neither text nor a scalar, if lists and maps
    /// nest more than 127 deep, or if a float inside a list or map is not finite: neither of these could be read back.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Json;
    ///
    /// assert_eq!(Json::of(&Some(-0.0))?.as_str(), "-0.0");
    /// assert_eq!(Json::of(&f64::NAN)?.as_str(), "NaN");
    /// assert!(Json::of(&[f64::NAN]).is_err());
    /// # Ok::<(), tenure::ValueError>(())
    /// ```
    #[doc(alias = "dumps")]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, ValueError> {
        let mut writer = write::Writer::into(ROOM.try_with(Cell::take).unwrap_or_default());
        match value.serialize(&mut writer) {
            Ok(()) => {
                let json = Self(writer.out.as_str().into());
                if writer.out.capacity() <= MOST_ROOM {
                    writer.out.clear();
                    let _ = ROOM.try_with(|room| room.set(writer.out));
                }
                Ok(json)
            }
            Err(error) => Err(ValueError::NotSerializable {
                source: error.into(),
            }),
        }
    }

    /// Reads the value as a Rust type.
    ///
    /// # Errors
    ///
    /// [`ValueError::WrongType`] if the value has another type. That is also so for a number too large for the type, text with
    /// half of a surrogate pair asked for as `String`, and a list or object that holds `NaN` or `Infinity`, which can be read
    /// only as a value of their own.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{Json, ValueError};
    ///
    /// let value = Json::of("seven")?;
    /// assert_eq!(value.to::<String>()?, "seven");
    /// assert!(matches!(value.to::<u8>(), Err(ValueError::WrongType { expected: "u8", .. })));
    /// # Ok::<(), ValueError>(())
    /// ```
    #[doc(alias = "loads")]
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        read(&self.0)
    }

    /// Takes JSON text, as Python's `json.loads` reads it, into the spelling that Django stores.
    ///
    /// # Errors
    ///
    /// [`CodecError::Malformed`] if the text is not JSON or nests more than 1000 deep.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Json;
    ///
    /// assert_eq!(Json::parse("{ \"é\" : [1, NaN] }")?.as_str(), r#"{"\u00e9":[1,NaN]}"#);
    /// # Ok::<(), tenure::CodecError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, CodecError> {
        canonical(text).map(|text| Self(text.into()))
    }

    /// The value's text: ASCII, without spaces.
    ///
    /// See [`Json`] for an example.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Text that is canonical already: a part of what the scanner has passed.
    pub(crate) fn from_canonical(text: &str) -> Self {
        Self(text.into())
    }

    /// Bytes in latin-1, as Django's serializer reads them.
    pub(crate) fn from_latin1(bytes: &[u8]) -> Result<Self, CodecError> {
        scan(bytes).map(|text| Self(text.into()))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.0.len())
    }
}

/// Brings one value of JSON text into canonical spelling.
fn canonical(text: &str) -> Result<Cow<'_, str>, CodecError> {
    if text.is_ascii() {
        return scan(text.as_bytes());
    }
    // Other characters may stand only in strings, where an escape is the same; elsewhere it is refused just as they would be.
    let mut ascii = String::with_capacity(text.len() * 2);
    let mut after_backslash = false;
    for character in text.chars() {
        match character {
            '\0'..='\x7f' => ascii.push(character),
            // No escape is written like this, and this one is refused.
            _ if after_backslash => ascii.push('x'),
            _ => ascii.push_str(&escape(character.encode_utf8(&mut [0; 4]))),
        }
        after_backslash = character == '\\' && !after_backslash;
    }
    scan(ascii.as_bytes()).map(|text| Cow::Owned(text.into_owned()))
}

/// Canonical text with a space after each comma and colon, as `json.dumps` writes it if it is not told otherwise.
pub(crate) fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some(first) = rest.as_bytes().first() {
        let end = if *first == b'"' { string_end(rest) } else { 1 };
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(part);
        if matches!(first, b',' | b':') {
            out.push(' ');
        }
        rest = after;
    }
    out
}

fn scan(bytes: &[u8]) -> Result<Cow<'_, str>, CodecError> {
    let mut scanner = Scanner::new(bytes);
    scanner.value(0)?;
    let repeated = scanner.repeated();
    let text = scanner.finish()?;
    Ok(if repeated {
        Cow::Owned(merge_repeated(&text))
    } else {
        text
    })
}

#[cfg(test)]
mod tests;
