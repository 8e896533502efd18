//! A session's pickle of which it is known where everything stands: its values are read when they are asked for.

use std::sync::OnceLock;

use super::{integer, opcode as op, plain::read_value, span::Span};
use crate::{
    data::Foreign,
    json::{Json, plain_run},
};

/// A pickle of which it is known where everything stands.
pub(super) struct Pickled {
    pub(super) bytes: Box<[u8]>,
    /// All keys, one after another.
    pub(super) keys: String,
    pub(super) items: Vec<Item>,
    /// Where the last item ends.
    pub(super) end: Point,
    pub(super) memo: Vec<Numbered>,
}

/// A key and its value.
pub(super) struct Item {
    pub(super) key: Span,
    /// Whether the key needs no escapes. What looks like a key can still turn out to be inside a value.
    pub(super) plain: bool,
    /// Where the key begins, and where the value does.
    pub(super) from: Point,
    pub(super) value: Point,
    /// Of the value, once it has been asked for.
    pub(super) text: OnceLock<Json>,
}

/// A place between two instructions.
#[derive(Clone, Copy)]
pub(super) struct Point {
    /// So many bytes come before it.
    pub(super) bytes: u32,
    /// So many values have a number before it.
    pub(super) numbers: u32,
    /// So much JSON comes before it. What stands before a value, a bracket, comma or colon, comes with it.
    pub(super) json: u32,
}

impl Point {
    /// `None` beyond 4 GiB.
    #[inline]
    pub(super) fn new(bytes: usize, numbers: usize, json: usize) -> Option<Self> {
        Some(Self {
            bytes: u32::try_from(bytes).ok()?,
            numbers: u32::try_from(numbers).ok()?,
            json: u32::try_from(json).ok()?,
        })
    }
}

/// A value that has a number to refer to it by.
#[derive(Clone, Copy)]
pub(super) struct Numbered {
    pub(super) text: Span,
    /// Of a text, its JSON with the quotes; 0 for all else.
    pub(super) json: u32,
}

impl Numbered {
    pub(super) const OTHER: Self = Self {
        text: Span::EMPTY,
        json: 0,
    };

    /// `None` if it is something else.
    #[inline]
    pub(super) fn text(self) -> Option<Span> {
        (self.json > 0).then_some(self.text)
    }
}

impl Pickled {
    /// The instructions between two points.
    pub(super) fn between(&self, from: Point, to: Point) -> Option<&[u8]> {
        self.bytes.get(from.bytes as usize..to.bytes as usize)
    }

    /// The item with this number, and where it ends.
    pub(super) fn item(&self, number: usize) -> Option<(&Item, Point)> {
        let item = self.items.get(number)?;
        let next = self.items.get(number + 1);
        Some((item, next.map_or(self.end, |next| next.from)))
    }

    /// A key, as text and as in JSON.
    pub(super) fn key(&self, item: &Item) -> &[u8] {
        item.key.of(&self.bytes)
    }

    fn read(&self, item: &Item, to: Point) -> Option<Json> {
        let read = || {
            let place = item.value.bytes as usize..to.bytes as usize;
            read_value(&self.bytes, place, &self.memo)
        };
        // What most requests ask for: a number, or a short text.
        let text = match self.between(item.value, to)? {
            [op::BININT1, number] => return Some(small(i32::from(*number))),
            [op::BININT2, low, high] => {
                return Some(small(u16::from_le_bytes([*low, *high]).into()));
            }
            [op::BININT, number @ ..] => {
                return Some(small(i32::from_le_bytes(number.try_into().ok()?)));
            }
            [op::SHORT_BINUNICODE, _, text @ .., op::MEMOIZE] => text,
            _ => return read(),
        };
        if plain_run(text) < text.len() {
            return read();
        }
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        quoted.push_str(str::from_utf8(text).ok()?);
        quoted.push('"');
        Some(Json::from_canonical(&quoted))
    }
}

fn small(number: i32) -> Json {
    let mut text = [0; 11];
    let length = integer::write(&mut text, number);
    let digits = text.get(..length).unwrap_or_default();
    Json::from_canonical(str::from_utf8(digits).unwrap_or_default())
}

impl Foreign for Pickled {
    fn keys(&self) -> &str {
        &self.keys
    }

    fn value(&self, number: usize) -> &str {
        let Some((item, to)) = self.item(number) else {
            return "null";
        };
        let text = item.text.get_or_init(|| {
            let value = self.read(item, to);
            debug_assert!(value.is_some(), "what was skimmed can be read");
            value.unwrap_or_else(|| Json::from_canonical("null"))
        });
        text.as_str()
    }
}
