//! Turning what picklers write of plain data, nearly every session, into JSON text: in one pass, without a tree of values.
//!
//! A pickle has a list or dict first, empty, then a mark, the values, and the instruction that puts them there. So each value is written
//! behind the bracket, comma or colon of its place. Only a single value has no mark before it: its list or dict stands there as an empty
//! one until the instruction comes, and what was written after it then moves into it. Whatever is out of the ordinary, be it right or
//! wrong, is left to the machine.

use std::ops::Range;

use super::{cursor::Cursor, integer, opcode as op, pickled::Numbered, span::Span};
use crate::{
    data::{Data, Index},
    json::{
        FEW, Json, MAX_DEPTH, Names, merge_repeated, plain_run, push_escaped_utf8, push_float,
        repeats,
    },
};

/// Most texts are no longer.
const CHUNK: usize = 32;
/// What a text of a chunk takes with its quotes and the byte before it, and more than any small number.
const SLACK: usize = CHUNK + 3;
/// The most bytes that are moved for values without a mark. Beyond, these are in each other for the sake of it.
pub(super) const MOST_MOVED: usize = 1 << 22;

/// Reads the pickle at the start of `bytes`, and gives what follows it. `None` if the machine has to read it.
pub(super) fn read(bytes: &[u8], limit: usize) -> Option<(Data, &[u8])> {
    let [op::PROTO, 4 | 5, rest @ ..] = bytes else {
        return None;
    };
    let mut reader = Reader::new(bytes, bytes.len() - rest.len()..bytes.len(), limit);
    // As much as a session of some hundred bytes takes, so that it pays for no growth.
    reader.memo.reserve(32);
    reader.index = Some(Index::with_room(8));
    reader.run()?.then_some(())?;
    // Of the pickle, this is all that is left.
    let rest = reader.cursor.rest;
    Some((reader.into_data()?, rest))
}

/// Reads the value whose instructions stand here, in a pickle whose texts have these numbers. `None` if the machine has to read it.
pub(super) fn read_value(bytes: &[u8], place: Range<usize>, known: &[Numbered]) -> Option<Json> {
    let mut reader = Reader::new(bytes, place, usize::MAX);
    reader.known = known;
    (!reader.run()?).then_some(())?;
    let text = str::from_utf8(reader.written()?).ok()?;
    Some(if reader.repeated {
        Json::from_canonical(&merge_repeated(text))
    } else {
        Json::from_canonical(text)
    })
}

/// A value whose list or dict is still being read.
#[derive(Clone, Copy)]
struct Value {
    /// Where the byte before its text stands.
    at: usize,
    kind: Kind,
    /// How many lists and dicts are inside each other in it.
    depth: u16,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    List,
    Dict,
    /// A list or dict that was filled, and anything else.
    Other,
}

/// A list or dict that is being filled after a mark, or what is around all.
#[derive(Clone, Copy, Default)]
struct Place {
    dict: bool,
    /// Its first value.
    from: usize,
    /// The most that any of its values has.
    depth: u16,
}

struct Reader<'a> {
    bytes: &'a [u8],
    cursor: Cursor<'a>,
    /// Where the cursor will end.
    to: usize,
    limit: usize,
    /// What is written, up to `end`, and room.
    out: Vec<u8>,
    end: usize,
    values: Vec<Value>,
    /// The last text.
    span: Span,
    /// The texts among the values that have a number to refer to them by.
    memo: Vec<Option<Span>>,
    /// All of them, if they are known from elsewhere.
    known: &'a [Numbered],
    outer: Vec<Place>,
    inner: Place,
    /// What stands before the next value.
    before: u8,
    /// How many bytes may still be moved.
    moves: usize,
    /// Whether a name stands twice in one dict.
    repeated: bool,
    /// Where the keys and values at the top stand, if that is asked for.
    index: Option<Index>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], place: Range<usize>, limit: usize) -> Self {
        let (to, length) = (place.end, place.len());
        Self {
            bytes,
            cursor: Cursor {
                rest: bytes.get(place).unwrap_or_default(),
            },
            to,
            limit,
            // Keys that stand again and again are one or two bytes in a pickle.
            out: vec![0; length + length / 2 + SLACK],
            end: 0,
            values: Vec::with_capacity(16),
            span: Span::EMPTY,
            memo: Vec::new(),
            known: &[],
            outer: Vec::new(),
            inner: Place::default(),
            before: 0,
            moves: MOST_MOVED,
            repeated: false,
            index: None,
        }
    }

    /// Reads up to the end, and says whether that was the end of a pickle.
    fn run(&mut self) -> Option<bool> {
        while let Some(code) = self.cursor.byte() {
            match code {
                op::SHORT_BINUNICODE => {
                    let length = self.cursor.byte()?;
                    self.text(length.into())?;
                }
                op::MEMOIZE => {
                    let top = self.values.get(self.inner.from..)?.last()?;
                    self.memoize(top.kind);
                }
                op::BINGET => {
                    let number = self.cursor.byte()?;
                    self.again(number.into())?;
                }
                op::BININT1 => {
                    let number = self.cursor.byte()?;
                    self.number(number.into())?;
                }
                op::BININT2 => {
                    let number = u16::from_le_bytes(self.cursor.array()?);
                    self.number(number.into())?;
                }
                op::BININT => {
                    let number = i32::from_le_bytes(self.cursor.array()?);
                    self.number(number)?;
                }
                op::EMPTY_DICT => self.open(Kind::Dict)?,
                op::EMPTY_LIST => self.open(Kind::List)?,
                op::MARK => self.mark()?,
                op::SETITEMS => self.close(true)?,
                op::APPENDS => self.close(false)?,
                op::SETITEM => self.move_in(Kind::Dict)?,
                op::APPEND => self.move_in(Kind::List)?,
                op::NONE => self.other(b"null")?,
                op::NEWTRUE => self.other(b"true")?,
                op::NEWFALSE => self.other(b"false")?,
                op::BINFLOAT => {
                    let mut text = String::new();
                    push_float(&mut text, f64::from_be_bytes(self.cursor.array()?)).ok()?;
                    self.other(text.as_bytes())?;
                }
                op::LONG1 => {
                    let length = self.cursor.byte()?;
                    let text = integer::to_text(self.cursor.take(length.into())?);
                    self.other(text.as_bytes())?;
                }
                op::BINUNICODE => {
                    let length = u32::from_le_bytes(self.cursor.array()?);
                    self.text(usize::try_from(length).ok()?)?;
                }
                op::LONG_BINGET => {
                    let number = u32::from_le_bytes(self.cursor.array()?);
                    self.again(usize::try_from(number).ok()?)?;
                }
                op::FRAME => {
                    let length = usize::try_from(u64::from_le_bytes(self.cursor.array()?)).ok()?;
                    (length <= self.cursor.rest.len()).then_some(())?;
                }
                op::STOP => return Some(true),
                _ => return None,
            }
        }
        Some(false)
    }

    /// Room for so many bytes after what is written, and for a value behind them.
    #[inline]
    fn room(&mut self, bytes: usize) -> Option<()> {
        if self.out.len() - self.end < bytes + SLACK {
            self.grow(bytes)?;
        }
        Some(())
    }

    #[cold]
    fn grow(&mut self, bytes: usize) -> Option<()> {
        (self.end + bytes <= self.limit).then_some(())?;
        self.out.resize(2 * (self.end + bytes + SLACK), 0);
        Some(())
    }

    /// The room for a value that fits a chunk.
    #[inline]
    fn slack(&mut self) -> Option<&mut [u8; SLACK]> {
        self.room(0)?;
        self.out.get_mut(self.end..)?.first_chunk_mut()
    }

    /// Takes the next `length` bytes of the room for a value, and the byte before it.
    #[inline]
    fn push(&mut self, length: usize, kind: Kind) {
        let depth = u16::from(matches!(kind, Kind::List | Kind::Dict));
        let at = self.end;
        self.values.push(Value { at, kind, depth });
        self.end += length;
        self.before = self.after(self.before);
        // As a rule it comes at once, for texts, lists and dicts.
        if self.cursor.is_memoized() {
            self.memoize(kind);
        }
    }

    /// What stands before the value that follows one with this before it.
    #[inline]
    fn after(&self, before: u8) -> u8 {
        if self.inner.dict && before != b':' {
            b':'
        } else {
            b','
        }
    }

    /// Gives the value on top the next number.
    #[inline]
    fn memoize(&mut self, kind: Kind) {
        if self.known.is_empty() {
            // A text on top is the last that was read.
            self.memo.push((kind == Kind::Text).then_some(self.span));
        }
    }

    /// The text that comes next.
    #[inline]
    fn text(&mut self, length: usize) -> Option<()> {
        let span = Span::new(self.to - self.cursor.rest.len(), length)?;
        self.cursor.take(length)?;
        self.push_text(span)
    }

    /// The text with this number once more.
    #[inline]
    fn again(&mut self, number: usize) -> Option<()> {
        let span = match self.known.get(number) {
            Some(numbered) => numbered.text(),
            None => *self.memo.get(number)?,
        };
        self.push_text(span?)
    }

    #[inline]
    fn push_text(&mut self, span: Span) -> Option<()> {
        let (text, length) = (span.and_on(self.bytes), span.len());
        self.span = span;
        // A chunk of known length is looked through and copied without calls; what follows the text in it is written over.
        if let Some(chunk) = text.first_chunk::<CHUNK>()
            && plain_run(chunk) >= length
        {
            let separator = self.before;
            let [before, quote, inner @ .., _] = self.slack()?;
            (*before, *quote, *inner) = (separator, b'"', *chunk);
            *self.out.get_mut(self.end + 2 + length)? = b'"';
            self.push(length + 3, Kind::Text);
            return Some(());
        }
        self.push_long_text(text.get(..length)?)
    }

    fn push_long_text(&mut self, text: &[u8]) -> Option<()> {
        let mut escaped = String::new();
        let mut text = text;
        if plain_run(text) < text.len() {
            escaped.reserve(text.len() + 16);
            push_escaped_utf8(&mut escaped, text).then_some(())?;
            text = escaped.as_bytes();
        }
        self.room(text.len() + 3)?;
        self.write([&[self.before, b'"'], text, b"\""])?;
        self.push(text.len() + 3, Kind::Text);
        Some(())
    }

    #[inline]
    fn number(&mut self, number: i32) -> Option<()> {
        let separator = self.before;
        let [before, rest @ ..] = self.slack()?;
        *before = separator;
        let length = integer::write(rest.first_chunk_mut()?, number);
        self.push(length + 1, Kind::Other);
        Some(())
    }

    fn other(&mut self, text: &[u8]) -> Option<()> {
        self.room(text.len() + 1)?;
        self.write([&[self.before], text, b""])?;
        self.push(text.len() + 1, Kind::Other);
        Some(())
    }

    /// Writes these one after another into the room, which they fit.
    fn write(&mut self, parts: [&[u8]; 3]) -> Option<()> {
        let mut room = self.out.get_mut(self.end..)?;
        for part in parts {
            let (place, rest) = room.split_at_mut_checked(part.len())?;
            place.copy_from_slice(part);
            room = rest;
        }
        Some(())
    }

    /// An empty list or dict, which is filled at once if a mark follows.
    #[inline]
    fn open(&mut self, kind: Kind) -> Option<()> {
        let separator = self.before;
        let [before, open, close, ..] = self.slack()?;
        (*before, [*open, *close]) = (separator, *brackets(kind == Kind::Dict));
        self.push(3, kind);
        self.inner.depth = self.inner.depth.max(1);
        Some(())
    }

    /// From here to the end of the list or dict on top, values are its own.
    #[inline]
    fn mark(&mut self) -> Option<()> {
        let value = *self.values.get(self.inner.from..)?.last()?;
        // More than 1000 values come in portions, the second of which finds it filled: that is for the machine.
        let dict = match value.kind {
            Kind::Dict => true,
            Kind::List => false,
            Kind::Text | Kind::Other => return None,
        };
        self.outer.push(self.inner);
        self.inner = Place {
            dict,
            from: self.values.len(),
            depth: 0,
        };
        // The first value's bracket is written with it.
        self.end -= 2;
        [self.before, _] = *brackets(dict);
        Some(())
    }

    /// The list or dict that was marked is full.
    #[inline]
    fn close(&mut self, dict: bool) -> Option<()> {
        let outer = self.outer.pop()?;
        let Place {
            dict: is_dict,
            from,
            depth,
        } = self.inner;
        (is_dict == dict && self.values.len() > from).then_some(())?;
        if dict {
            self.names(from)?;
        }
        self.room(1)?;
        let [_, bracket] = *brackets(dict);
        *self.out.get_mut(self.end)? = bracket;
        self.end += 1;
        self.values.truncate(from);
        self.inner = outer;
        self.filled(depth + 1)
    }

    /// Puts what is on top into the list or dict of this kind below it.
    fn move_in(&mut self, kind: Kind) -> Option<()> {
        let dict = kind == Kind::Dict;
        let target = (self.values.len() - self.inner.from).checked_sub(2 + usize::from(dict))?;
        let from = self.inner.from + target + 1;
        let ([.., target], [first, ..]) = self.values.split_at_checked(from)? else {
            return None;
        };
        (target.kind == kind).then_some(())?;
        let (target, first) = (target.at, first.at);
        // From `,[],1` to `,[1]`, and from `,{},"a":1` to `,{"a":1}`.
        self.moves = self.moves.checked_sub(self.end - first)?;
        self.out.copy_within(first + 1..self.end, target + 2);
        self.end -= 2;
        let mut depth = 0;
        let [open, close] = *brackets(dict);
        for (value, before) in self.values.get_mut(from..)?.iter_mut().zip([open, b':']) {
            value.at -= 2;
            *self.out.get_mut(value.at)? = before;
            depth = depth.max(value.depth);
        }
        if dict {
            self.names(from)?;
        }
        *self.out.get_mut(self.end)? = close;
        self.end += 1;
        self.values.truncate(from);
        self.filled(depth + 1)
    }

    /// What is now on top was given its values.
    #[inline]
    fn filled(&mut self, depth: u16) -> Option<()> {
        let value = self.values.last_mut()?;
        (value.kind, value.depth) = (Kind::Other, depth);
        let before = *self.out.get(value.at)?;
        self.before = self.after(before);
        self.inner.depth = self.inner.depth.max(depth);
        (usize::from(depth) <= MAX_DEPTH).then_some(())
    }

    /// Looks at the names of a dict whose values start here, and notes where the items of the one at the top stand.
    #[inline]
    fn names(&mut self, from: usize) -> Option<()> {
        let values = self.values.get(from..)?;
        let (pairs, []) = values.as_chunks::<2>() else {
            return None;
        };
        let mut names = Names::default();
        let mut doubtful = false;
        for (number, [key, value]) in pairs.iter().enumerate() {
            // Numbers and the like, which JSON makes text of, are for the machine.
            (key.kind == Kind::Text).then_some(())?;
            // All are spelled in one way, so that escapes need no care here.
            let name = self.out.get(key.at + 2..value.at - 1)?;
            if names.note(name) {
                let (earlier, _) = pairs.split_at_checked(number)?;
                doubtful |= number > FEW
                    || earlier
                        .iter()
                        .any(|[key, value]| self.out.get(key.at + 2..value.at - 1) == Some(name));
            }
            // The first byte that is written stands before the text.
            if from == 1
                && let Some(index) = &mut self.index
            {
                let next = pairs.get(number + 1).map_or(self.end, |[next, _]| next.at);
                index.push(key.at + 1..value.at - 2, value.at..next - 1);
            }
        }
        if doubtful {
            let names = pairs
                .iter()
                .map(|[key, value]| self.out.get(key.at + 2..value.at - 1));
            self.repeated |= repeats(names.map(Option::unwrap_or_default));
        }
        Some(())
    }

    /// The text of the one value that was read.
    fn written(&self) -> Option<&[u8]> {
        let ([_], []) = (self.values.as_slice(), self.outer.as_slice()) else {
            return None;
        };
        self.out.get(1..self.end)
    }

    fn into_data(self) -> Option<Data> {
        self.written()?;
        let text = self.out.get(1..self.end)?;
        // The machine says what is wrong with what is no dict.
        (text.first() == Some(&b'{') && text.len() <= self.limit).then_some(())?;
        if self.repeated {
            return Data::from_json(text).ok();
        }
        Data::indexed(text, self.index?)
    }
}

/// What stands around a list or dict.
fn brackets(dict: bool) -> &'static [u8; 2] {
    if dict { b"{}" } else { b"[]" }
}
