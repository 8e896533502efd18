//! Finding out where the keys of a session stand in its pickle, and where its values, which are read when they are asked for.
//!
//! Every instruction is looked at and has to be as it should, so that the values can be read whenever that is. But no text is written,
//! which is most of the work. Pickles in one frame, as `CPython` writes all of less than 64 KiB, are skimmed if they have several keys in
//! plain ASCII; any others are read at once.

use std::sync::{Arc, OnceLock};

use super::{
    cursor::Cursor,
    integer, opcode as op,
    pickled::{Item, Numbered, Pickled, Point},
    plain::MOST_MOVED,
    span::Span,
};
use crate::{
    data::{Data, Index},
    json::{FEW, MAX_DEPTH, Names, plain_run, push_escaped_utf8, push_float},
};

/// Most texts are no longer.
const CHUNK: usize = 32;
/// The most values of lists and dicts that are open at a time: more than an instruction of `CPython`'s puts into a list.
const MOST_OPEN: usize = 1100;
/// The most lists and dicts of several values in each other.
const DEEPEST: usize = 32;
/// The most of single values, which might all be in each other, and empty ones in them.
const MOST_SINGLES: usize = MAX_DEPTH - DEEPEST - 2;

/// Skims the pickle at the start of `bytes`, and gives what follows it. `None` if it is to be read at once.
pub(super) fn skim(bytes: &[u8], limit: usize) -> Option<(Data, &[u8])> {
    let (&[op::PROTO, 4 | 5, op::FRAME, ref length @ ..], body) =
        bytes.split_first_chunk::<11>()?
    else {
        return None;
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (frame, rest) = body.split_at_checked(length)?;
    let [op::EMPTY_DICT, op::MEMOIZE, op::MARK, items @ .., op::STOP] = frame else {
        return None;
    };
    let (bytes, _) = bytes.split_at_checked(bytes.len() - rest.len())?;
    let (items, end, memo) = skim_items(bytes, items)?;
    if items.len() < 2 || end.json as usize >= limit {
        return None;
    }
    let mut keys = Vec::with_capacity(16 * items.len());
    let mut index = Index::with_room(items.len());
    for (number, item) in items.iter().enumerate() {
        item.plain.then_some(())?;
        let from = keys.len();
        keys.extend_from_slice(item.key.of(bytes));
        let next = items.get(number + 1).map_or(end, |next| next.from);
        let length = next.json - item.value.json - 1;
        index.push_foreign(from..keys.len(), number, length as usize);
    }
    let values = Pickled {
        bytes: bytes.into(),
        keys: String::from_utf8(keys).ok()?,
        items,
        end,
        memo,
    };
    Some((Data::foreign(Arc::new(values), index), rest))
}

/// Skims the items of the dict at the top, in the pickle `bytes`: where they and the values with numbers stand, and where they end.
fn skim_items(bytes: &[u8], items: &[u8]) -> Option<(Vec<Item>, Point, Vec<Numbered>)> {
    let mut cursor = Cursor { rest: items };
    let at = |rest: &[u8]| bytes.len() - 1 - rest.len();
    let (mut open, mut outer) = (Open::new(), Outer::new());
    let mut top = Top::new(bytes);
    let mut memo = Vec::with_capacity(32);
    memo.push(Numbered::OTHER);
    // As in a point.
    let mut json = 0;
    let mut singles = 0;
    loop {
        let (start, before) = (cursor.rest, json);
        let code = cursor.byte()?;
        match code {
            op::SHORT_BINUNICODE | op::BINUNICODE => {
                let length = cursor.size(code == op::BINUNICODE)?;
                let text = Span::new(at(cursor.rest), length)?;
                let spelled = pass_text(&mut cursor, length)?;
                let numbered = Numbered {
                    text,
                    json: u32::try_from(spelled + 2).ok()?,
                };
                let numbers = memo.len();
                if cursor.is_memoized() {
                    memo.push(numbered);
                }
                json += 1 + spelled + 2;
                if outer.is_empty() && open.are_even() {
                    let from = Point::new(at(start), numbers, before)?;
                    let value = Point::new(at(cursor.rest), memo.len(), json)?;
                    top.key(numbered, from, value)?;
                }
                open.push(Kind::Text)?;
            }
            op::BINGET | op::LONG_BINGET => {
                let number = cursor.size(code == op::LONG_BINGET)?;
                let numbered = *memo.get(number)?;
                numbered.text()?;
                json += 1 + numbered.json as usize;
                if outer.is_empty() && open.are_even() {
                    let from = Point::new(at(start), memo.len(), before)?;
                    let value = Point::new(at(cursor.rest), memo.len(), json)?;
                    top.key(numbered, from, value)?;
                }
                open.push(Kind::Text)?;
            }
            op::BININT1 => {
                let number = cursor.byte()?;
                json += 2 + usize::from(number > 9) + usize::from(number > 99);
                open.push(Kind::Other)?;
            }
            op::EMPTY_DICT | op::EMPTY_LIST => {
                if cursor.is_memoized() {
                    memo.push(Numbered::OTHER);
                }
                json += 3;
                open.push(Kind::empty(code == op::EMPTY_DICT))?;
            }
            op::MARK => {
                let place = open.mark(outer.inner)?;
                outer.enter(place)?;
                // The bracket before the first value comes with it.
                json -= 2;
            }
            op::SETITEMS | op::APPENDS => {
                open.is_full(outer.inner, code == op::SETITEMS)
                    .then_some(())?;
                if outer.is_empty() {
                    break;
                }
                open.close(outer.inner)?;
                outer.leave()?;
                json += 1;
            }
            op::SETITEM | op::APPEND => {
                open.single(outer.inner, code == op::SETITEM)?;
                // Two brackets were counted, and one more before the value.
                json -= 1;
                singles += 1;
                if outer.is_empty() {
                    // A text in it may have looked like a key.
                    top.items.truncate(open.values.div_ceil(2));
                }
            }
            _ => {
                json += 1 + pass_other(&mut cursor, code)?;
                open.push(Kind::Other)?;
            }
        }
    }
    // However they are in each other, each value can be read later.
    let readable = singles <= MOST_SINGLES && singles * json <= MOST_MOVED;
    (cursor.rest.is_empty() && readable).then_some(())?;
    let end = Point::new(bytes.len() - 2, memo.len(), json)?;
    Some((top.items, end, memo))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Empty ones.
    List,
    Dict,
    Other,
}

impl Kind {
    #[inline]
    fn empty(dict: bool) -> Self {
        if dict { Self::Dict } else { Self::List }
    }
}

/// The values whose list or dict is still open.
struct Open {
    kinds: [Kind; MOST_OPEN],
    values: usize,
}

impl Open {
    fn new() -> Self {
        Self {
            kinds: [Kind::Other; MOST_OPEN],
            values: 0,
        }
    }

    #[inline]
    fn push(&mut self, kind: Kind) -> Option<()> {
        *self.kinds.get_mut(self.values)? = kind;
        self.values += 1;
        Some(())
    }

    #[inline]
    fn are_even(&self) -> bool {
        self.values.is_multiple_of(2)
    }

    /// Those of this list or dict so far.
    #[inline]
    fn of(&self, place: Place) -> &[Kind] {
        self.kinds
            .get(usize::from(place.from)..self.values)
            .unwrap_or_default()
    }

    /// The list or dict that is filled from here on.
    #[inline]
    fn mark(&self, inner: Place) -> Option<Place> {
        let dict = match self.of(inner).last()? {
            Kind::Dict => true,
            Kind::List => false,
            // Or more than 1000 values, which come in portions.
            Kind::Text | Kind::Other => return None,
        };
        Some(Place {
            dict,
            from: u16::try_from(self.values).ok()?,
        })
    }

    /// Whether there are values, and if in a dict, a name before each.
    #[inline]
    fn is_full(&self, place: Place, dict: bool) -> bool {
        let values = self.of(place);
        let (pairs, odd) = values.as_chunks::<2>();
        let named = || odd.is_empty() && pairs.iter().all(|[name, _]| *name == Kind::Text);
        place.dict == dict && !values.is_empty() && (!dict || named())
    }

    #[inline]
    fn close(&mut self, place: Place) -> Option<()> {
        self.values = usize::from(place.from) - 1;
        self.push(Kind::Other)
    }

    /// Puts the last value into the empty list or dict before it.
    #[inline]
    fn single(&mut self, inner: Place, dict: bool) -> Option<()> {
        self.values = match (dict, self.of(inner)) {
            (true, [.., Kind::Dict, Kind::Text, _]) => self.values - 3,
            (false, [.., Kind::List, _]) => self.values - 2,
            _ => return None,
        };
        self.push(Kind::Other)
    }
}

/// A list or dict whose values come, after a mark.
#[derive(Clone, Copy)]
struct Place {
    dict: bool,
    /// Its first value.
    from: u16,
}

impl Place {
    const TOP: Self = Self {
        dict: true,
        from: 0,
    };
}

/// The lists and dicts in each other that are being filled.
struct Outer {
    inner: Place,
    /// What is around it, so many.
    places: [Place; DEEPEST],
    depth: usize,
}

impl Outer {
    fn new() -> Self {
        Self {
            inner: Place::TOP,
            places: [Place::TOP; DEEPEST],
            depth: 0,
        }
    }

    /// Whether there is nothing but the dict at the top.
    #[inline]
    fn is_empty(&self) -> bool {
        self.depth == 0
    }

    #[inline]
    fn enter(&mut self, place: Place) -> Option<()> {
        *self.places.get_mut(self.depth)? = self.inner;
        self.inner = place;
        self.depth += 1;
        Some(())
    }

    #[inline]
    fn leave(&mut self) -> Option<()> {
        self.depth -= 1;
        self.inner = *self.places.get(self.depth)?;
        Some(())
    }
}

/// What is known of the dict at the top.
struct Top<'a> {
    bytes: &'a [u8],
    items: Vec<Item>,
    names: Names,
}

impl<'a> Top<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            items: Vec::with_capacity(8),
            names: Names::default(),
        }
    }

    fn key(&mut self, key: Numbered, from: Point, value: Point) -> Option<()> {
        let plain = key.json as usize == key.text.len() + 2;
        let name = key.text.of(self.bytes);
        if self.names.note(name) {
            let mut earlier = self.items.iter().map(|item| item.key.of(self.bytes));
            (self.items.len() <= FEW && !earlier.any(|earlier| earlier == name)).then_some(())?;
        }
        self.items.push(Item {
            key: key.text,
            plain,
            from,
            value,
            text: OnceLock::new(),
        });
        Some(())
    }
}

/// Passes a text of this length, and says how long it is in JSON, between its quotes.
#[inline]
fn pass_text(cursor: &mut Cursor<'_>, length: usize) -> Option<usize> {
    let chunk = cursor.rest.first_chunk::<CHUNK>();
    let text = cursor.take(length)?;
    // In a chunk, it need not be asked after each byte where the text ends.
    if let Some(chunk) = chunk
        && plain_run(chunk) >= length
    {
        return Some(length);
    }
    spelled(text)
}

/// Passes what comes less often, and says how long it is in JSON.
#[inline]
fn pass_other(cursor: &mut Cursor<'_>, code: u8) -> Option<usize> {
    Some(match code {
        op::BININT2 => integer::length(u16::from_le_bytes(cursor.array()?).into()),
        op::BININT => integer::length(i32::from_le_bytes(cursor.array()?)),
        op::NONE | op::NEWTRUE => 4,
        op::NEWFALSE => 5,
        op::BINFLOAT => {
            let mut text = String::new();
            push_float(&mut text, f64::from_be_bytes(cursor.array()?)).ok()?;
            text.len()
        }
        op::LONG1 => {
            let length = cursor.byte()?.into();
            integer::to_text(cursor.take(length)?).len()
        }
        _ => return None,
    })
}

/// How many bytes a text takes between its quotes. `None` if Python would not read it.
#[cold]
fn spelled(text: &[u8]) -> Option<usize> {
    if plain_run(text) == text.len() {
        return Some(text.len());
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    push_escaped_utf8(&mut escaped, text).then_some(escaped.len())
}
