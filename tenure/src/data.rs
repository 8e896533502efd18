//! What a session holds.

use std::{any::Any, borrow::Cow, fmt, ops::Range, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    error::{CodecError, ValueError},
    json::{Json, Names, Scanner, escape, members, merge_repeated, read, unescape},
};

/// The content of a session: an ordered map from text to JSON values, as Python's `dict`.
///
/// Loading only finds out where keys and values stand; a value is decoded when asked for. What is not touched is saved as it was
/// loaded, to the byte: numbers beyond 64 bits, `NaN`, half surrogate pairs, and the order of keys survive.
///
/// `Debug` shows the keys, never the values. Two are equal if they hold the same keys with the same texts in the same order.
///
/// # Example
///
/// ```
/// use tenure::{Data, Json};
///
/// let mut data = Data::from_json(br#"{"cart": [1, 2], "user": "ada"}"#)?;
/// assert_eq!(data.get::<Vec<u32>>("cart")?, Some(vec![1, 2]));
/// data.insert("cart", Json::of(&[3])?);
/// assert_eq!(data.to_json(), r#"{"cart":[3],"user":"ada"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Data {
    source: Source,
    entries: Vec<Entry>,
    /// Whether the source's text is that of exactly these entries.
    untouched: bool,
    /// Whether there may be a mark: see [`mark`](Self::mark).
    marked: bool,
}

/// What the keys of marks begin with.
const MARK: u8 = b'_';

/// Into what entries point.
#[derive(Clone)]
enum Source {
    /// Canonical.
    Json(Arc<str>),
    Foreign(Arc<dyn Foreign>),
}

/// Keys and values in another format than JSON, of which values are read when they are asked for.
pub(crate) trait Foreign: Any + Send + Sync {
    /// The text into which the keys' places point, in canonical spelling.
    fn keys(&self) -> &str;

    /// The JSON of the value with this number.
    fn value(&self, number: usize) -> &str;
}

impl Default for Source {
    fn default() -> Self {
        Self::Json(Arc::default())
    }
}

impl Source {
    /// In which places are.
    fn text(&self) -> &str {
        match self {
            Self::Json(text) => text,
            Self::Foreign(values) => values.keys(),
        }
    }

    fn foreign(&self, number: usize) -> &str {
        match self {
            // No value of such a source is a foreign one.
            Self::Json(_) => "null",
            Self::Foreign(values) => values.value(number),
        }
    }
}

#[derive(Clone)]
struct Entry {
    /// In canonical spelling, without its quotes.
    key: Text,
    value: Text,
}

#[derive(Clone)]
enum Text {
    Loaded(Range<usize>),
    Owned(Json),
    /// The foreign value with this number, and how long its JSON is.
    Foreign {
        number: usize,
        length: usize,
    },
}

impl Text {
    fn of<'a>(&'a self, source: &'a Source) -> &'a str {
        match self {
            Self::Loaded(range) => source.text().get(range.clone()).unwrap_or_default(),
            Self::Owned(text) => text.as_str(),
            Self::Foreign { number, .. } => source.foreign(*number),
        }
    }

    /// In bytes.
    fn len(&self) -> usize {
        match self {
            Self::Loaded(range) => range.len(),
            Self::Owned(text) => text.as_str().len(),
            Self::Foreign { length, .. } => *length,
        }
    }
}

/// A value as it is at hand.
pub(crate) enum Part<'a> {
    /// The one with this number, as it was loaded.
    Foreign(usize),
    Json(&'a str),
}

/// Where keys and values stand in a text that somebody else has written.
pub(crate) struct Index(Vec<Entry>);

impl Index {
    /// Of nothing yet, with room for so many keys.
    pub(crate) fn with_room(keys: usize) -> Self {
        Self(Vec::with_capacity(keys))
    }

    /// A key, without its quotes, and its value.
    pub(crate) fn push(&mut self, key: Range<usize>, value: Range<usize>) {
        self.0.push(Entry {
            key: Text::Loaded(key),
            value: Text::Loaded(value),
        });
    }

    /// A key, without its quotes, and the foreign value with this number, whose JSON is so long.
    pub(crate) fn push_foreign(&mut self, key: Range<usize>, number: usize, length: usize) {
        self.0.push(Entry {
            key: Text::Loaded(key),
            value: Text::Foreign { number, length },
        });
    }

    /// Whether a key in this text may be that of a mark.
    fn has_mark(&self, text: &str) -> bool {
        let begins = |entry: &Entry| match &entry.key {
            Text::Loaded(range) => text.as_bytes().get(range.start) == Some(&MARK),
            Text::Owned(_) | Text::Foreign { .. } => false,
        };
        self.0.iter().any(begins)
    }
}

impl Data {
    /// The object in this canonical text, in which no name stands twice. `None` if it is no text.
    pub(crate) fn indexed(text: &[u8], index: Index) -> Option<Self> {
        let source = str::from_utf8(text).ok()?;
        Some(Self::loaded(source.into(), index))
    }

    /// The object with these keys and values, in which no key stands twice.
    pub(crate) fn foreign(values: Arc<dyn Foreign>, index: Index) -> Self {
        Self {
            marked: index.has_mark(values.keys()),
            source: Source::Foreign(values),
            entries: index.0,
            untouched: false,
        }
    }

    /// The foreign values, if this was loaded with them and they are of this type.
    pub(crate) fn foreign_values<T: Foreign>(&self) -> Option<&T> {
        match &self.source {
            Source::Json(_) => None,
            Source::Foreign(values) => (&**values as &dyn Any).downcast_ref(),
        }
    }

    /// Keys as they stand between their quotes, and values as they are at hand.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, Part<'_>)> {
        self.entries.iter().map(|entry| {
            let part = match &entry.value {
                Text::Foreign { number, .. } => Part::Foreign(*number),
                value => Part::Json(value.of(&self.source)),
            };
            (entry.key.of(&self.source), part)
        })
    }

    /// Holds nothing.
    ///
    /// See [`Data`] for an example.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what Django's JSON serializer wrote, as Python reads it: bytes from 0x80 are latin-1 characters, not UTF-8.
    ///
    /// Of a repeated key the first place and the last value count, as in Python. Spaces and unusual escapes are brought into the
    /// spelling that Django writes. JSON that is no object gives empty data; Django hands it on and fails later.
    ///
    /// # Errors
    ///
    /// [`CodecError::Malformed`] if the bytes are not JSON by Python's rules, or nest more than 1000 deep.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Data;
    ///
    /// assert_eq!(Data::from_json(br#"{"a": 1, "b": NaN, "a": 2}"#)?.to_json(), r#"{"a":2,"b":NaN}"#);
    /// assert!(Data::from_json(b"[1, 2]")?.is_empty());
    /// assert!(Data::from_json(b"{").is_err());
    /// # Ok::<(), tenure::CodecError>(())
    /// ```
    pub fn from_json(bytes: &[u8]) -> Result<Self, CodecError> {
        match Self::from_canonical(bytes) {
            Some(data) => Ok(data),
            None => Self::from_any_json(bytes),
        }
    }

    /// An object in canonical spelling, in which no name stands twice. `None` if it may be anything else.
    fn from_canonical(bytes: &[u8]) -> Option<Self> {
        let mut index = Index::with_room(8);
        members(bytes, |key, value| index.push(key, value))?;
        Self::indexed(bytes, index)
    }

    /// The same as [`from_json`](Self::from_json), for text in any spelling.
    fn from_any_json(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut scanner = Scanner::new(bytes);
        let (mut index, mut names) = (Index(Vec::new()), Names::default());
        if !scanner.eat(b'{') {
            scanner.value(0)?;
            scanner.finish()?;
            return Ok(Self::new());
        }
        scanner.skip_space();
        if !scanner.eat(b'}') {
            loop {
                let key = scanner.name(&mut names)?;
                let start = scanner.mark();
                scanner.value(1)?;
                index.push(key, start..scanner.mark());
                scanner.skip_space();
                if scanner.eat(b'}') {
                    break;
                }
                if !scanner.eat(b',') {
                    return Err(scanner.error("expected a comma or the end of an object"));
                }
                scanner.skip_space();
            }
        }
        scanner.close_names(names, 0);
        let repeated = scanner.repeated();
        let source = scanner.finish()?;
        if repeated {
            return Self::from_any_json(merge_repeated(&source).as_bytes());
        }
        Ok(Self::loaded(source.into(), index))
    }

    /// The object whose text this is.
    fn loaded(text: Arc<str>, index: Index) -> Self {
        Self {
            marked: index.has_mark(&text),
            source: Source::Json(text),
            entries: index.0,
            untouched: true,
        }
    }

    /// Bytes of [`to_json`](Self::to_json), without making it.
    pub(crate) fn json_len(&self) -> usize {
        if self.untouched {
            return self.source.text().len();
        }
        // Two quotes, a colon, and a comma or the last brace for each.
        let entries = self.entries.iter();
        let lengths = entries.map(|entry| entry.key.len() + entry.value.len() + 4);
        (lengths.sum::<usize>() + 1).max("{}".len())
    }

    /// The text that Django would write: ASCII, without spaces. What was loaded and not changed is in it as it was.
    ///
    /// See [`Data`] for an example.
    pub fn to_json(&self) -> String {
        self.json().into_owned()
    }

    /// The same, without a copy if nothing was changed.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        if self.untouched {
            return Cow::Borrowed(self.source.text());
        }
        let mut out = String::with_capacity(self.json_len());
        out.push('{');
        for (index, (key, value)) in self.texts().enumerate() {
            for part in [if index == 0 { "\"" } else { ",\"" }, key, "\":", value] {
                out.push_str(part);
            }
        }
        out.push('}');
        Cow::Owned(out)
    }

    /// Reads the value of a key as a Rust type; `None` if there is no such key.
    ///
    /// See [`Data`] for an example.
    ///
    /// # Errors
    ///
    /// [`ValueError::WrongType`] if the value has another type; see [`Json::to`].
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ValueError> {
        self.get_json(key).map(read).transpose()
    }

    /// The JSON text of a key's value.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Data;
    ///
    /// let data = Data::from_json(br#"{"big": 123456789012345678901234567890}"#)?;
    /// assert_eq!(data.get_json("big"), Some("123456789012345678901234567890"));
    /// assert_eq!(data.get_json("small"), None);
    /// # Ok::<(), tenure::CodecError>(())
    /// ```
    pub fn get_json(&self, key: &str) -> Option<&str> {
        let entry = self.entries.get(self.place(&escape(key))?)?;
        Some(entry.value.of(&self.source))
    }

    /// The value of a key that Django or tenure puts beside a site's own. Such keys begin with an underscore and need no escapes.
    ///
    /// A request asks for a dozen of them, and most sessions have none: that spares it 5,000 instructions.
    pub(crate) fn mark(&self, key: &'static str) -> Option<&str> {
        debug_assert!(key.as_bytes().first() == Some(&MARK));
        if !self.marked {
            return None;
        }
        let entry = self.entries.get(self.place(key)?)?;
        Some(entry.value.of(&self.source))
    }

    /// Sets the value of a key: in its place if the key is there, otherwise at the end, as in Python. Returns whether anything
    /// changed: the same text again is no change.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{Json, Data};
    ///
    /// let mut data = Data::new();
    /// assert!(data.insert("visits", Json::of(&1)?));
    /// assert!(!data.insert("visits", Json::of(&1)?));
    /// # Ok::<(), tenure::ValueError>(())
    /// ```
    pub fn insert(&mut self, key: &str, value: Json) -> bool {
        let key = escape(key);
        let place = self.place(&key);
        let changed = match place.and_then(|place| self.entries.get_mut(place)) {
            Some(entry)
                if entry.value.len() == value.as_str().len()
                    && entry.value.of(&self.source) == value.as_str() =>
            {
                false
            }
            Some(entry) => {
                entry.value = Text::Owned(value);
                true
            }
            None => {
                self.marked |= key.as_bytes().first() == Some(&MARK);
                self.entries.push(Entry {
                    key: Text::Owned(Json::from_canonical(&key)),
                    value: Text::Owned(value),
                });
                true
            }
        };
        self.untouched &= !changed;
        changed
    }

    /// Removes a key and returns its value, if it was there. The others keep their order.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Data;
    ///
    /// let mut data = Data::from_json(br#"{"a": 1, "b": 2, "c": 3}"#)?;
    /// assert_eq!(data.remove("b").as_ref().map(tenure::Json::as_str), Some("2"));
    /// assert_eq!(data.to_json(), r#"{"a":1,"c":3}"#);
    /// # Ok::<(), tenure::CodecError>(())
    /// ```
    #[doc(alias = "pop")]
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let place = self.place(&escape(key))?;
        self.untouched = false;
        Some(match self.entries.remove(place).value {
            Text::Owned(value) => value,
            loaded => Json::from_canonical(loaded.of(&self.source)),
        })
    }

    /// Whether there is such a key.
    ///
    /// See [`Data`] for an example of keys.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get_json(key).is_some()
    }

    /// The number of keys.
    ///
    /// See [`Data`] for an example of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    ///
    /// See [`Data::from_json`] for an example.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes every key.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Data;
    ///
    /// let mut data = Data::from_json(b"{\"a\": 1}")?;
    /// data.clear();
    /// assert_eq!(data, Data::new());
    /// # Ok::<(), tenure::CodecError>(())
    /// ```
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The keys, in order. Half a surrogate pair in a key, which Rust text cannot hold, shows as U+FFFD.
    ///
    /// See [`Data::iter`] for an example.
    pub fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.texts().map(|(key, _)| unescape(key))
    }

    /// The keys and the JSON texts of their values, in order.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Data;
    ///
    /// let data = Data::from_json(br#"{"a": 1, "b": [2]}"#)?;
    /// assert!(data.keys().eq(["a", "b"]));
    /// assert!(data.iter().eq([("a".into(), "1"), ("b".into(), "[2]")]));
    /// # Ok::<(), tenure::CodecError>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.texts().map(|(key, value)| (unescape(key), value))
    }

    /// Where the entry of a key stands, in canonical spelling.
    ///
    /// Most keys have another length, which is sooner compared.
    fn place(&self, key: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.key.len() == key.len() && entry.key.of(&self.source) == key)
    }

    /// Keys as they stand between their quotes, and texts of values.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|entry| (entry.key.of(&self.source), entry.value.of(&self.source)))
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.texts().eq(other.texts())
    }
}

impl Eq for Data {}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Keys<'a>(&'a Data);
        impl fmt::Debug for Keys<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.0.keys()).finish()
            }
        }
        f.debug_struct("Data")
            .field("len", &self.len())
            .field("keys", &Keys(self))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> Data {
        Data::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn keys_are_found_in_whatever_spelling() {
        let data = data(r#"{"\u0061b":1,"Zo\u00EB":2,"q\"":3,"\ud83d\uDE00":4,"":5}"#);
        for (key, value) in [("ab", 1), ("Zoë", 2), ("q\"", 3), ("😀", 4), ("", 5)] {
            assert_eq!(data.get::<i32>(key).unwrap(), Some(value));
        }
        assert!(data.keys().eq(["ab", "Zoë", "q\"", "😀", ""]));
    }

    #[test]
    fn keys_that_no_rust_text_can_name_stay() {
        let text = r#"{"\ud800":1,"\udc00":2,"a":3}"#;
        let mut data = data(text);
        assert!(data.keys().eq(["\u{fffd}", "\u{fffd}", "a"]));
        data.insert("a", Json::of(&4).unwrap());
        assert_eq!(data.to_json(), text.replace('3', "4"));
    }

    #[test]
    fn an_existing_key_keeps_its_place() {
        let mut data = data(r#"{"a":1,"b":2}"#);
        assert!(!data.insert("a", Json::of(&1).unwrap()));
        assert!(data.untouched);
        assert!(data.insert("a", Json::of(&1.0).unwrap()));
        assert!(data.insert("é", Json::of(&()).unwrap()));
        assert_eq!(data.to_json(), r#"{"a":1.0,"b":2,"\u00e9":null}"#);
        assert_eq!(data.remove("é").unwrap().as_str(), "null");
        assert_eq!(data.remove("é"), None);
        assert_eq!(data.remove("a").unwrap().as_str(), "1.0");
        assert_eq!(data.to_json(), r#"{"b":2}"#);
    }

    #[test]
    fn of_a_repeated_key_the_last_value_counts_few_or_many() {
        assert_eq!(
            data(r#"{"a":1,"b":2,"\u0061":3,"b":4,"a":5}"#).to_json(),
            r#"{"a":5,"b":4}"#
        );
        let many = 50_000;
        let text: Vec<String> = (0..many)
            .map(|number| format!("\"k{}\":{number}", number % (many / 2)))
            .collect();
        let data = data(&format!("{{{}}}", text.join(",")));
        assert_eq!(data.len(), many / 2);
        assert_eq!(data.texts().next(), Some(("k0", "25000")));
        assert_eq!(data.texts().last(), Some(("k24999", "49999")));
    }

    #[test]
    fn empty_is_written_as_an_object() {
        for empty in [
            Data::new(),
            data(" { } "),
            data("null"),
            data("[{}]"),
            data("NaN"),
            data("\"{}\""),
        ] {
            assert!(empty.is_empty());
            assert_eq!(empty.to_json(), "{}");
        }
    }

    #[test]
    fn debug_shows_keys_only() {
        assert_eq!(
            format!("{:?}", data(r#"{"password":"hunter2"}"#)),
            r#"Data { len: 1, keys: ["password"] }"#
        );
    }
}
