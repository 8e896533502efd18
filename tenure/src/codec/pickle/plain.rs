//! Reading what picklers write of plain data, nearly every session: in one pass into JSON text, without a tree of values.
//!
//! A pickle has the values of a list or dict first, and then the instruction that puts them there. So each value is written with a byte of
//! room before it, which becomes the bracket, comma or colon as soon as that instruction comes. Whatever is out of the ordinary, be it
//! right or wrong, is left to the machine.

use super::{integer, opcode as op};
use crate::{
    data::{Data, Index},
    json::{FEW, MAX_DEPTH, Names, plain_run, push_escaped_utf8, push_float, repeats},
};

/// Room for what is not known yet. No JSON text holds it.
const ROOM: u8 = 0;
/// Most texts are no longer.
const CHUNK: usize = 32;

/// Reads the pickle at the start of `bytes`, and gives what follows it. `None` if the machine has to read it.
pub(super) fn read(bytes: &[u8], limit: usize) -> Option<(Data, &[u8])> {
    let [op::PROTO, 4 | 5, rest @ ..] = bytes else {
        return None;
    };
    let reader = Reader {
        rest,
        limit,
        // Keys that stand again and again are one or two bytes in a pickle.
        out: Vec::with_capacity(bytes.len() + bytes.len() / 2),
        // As much as a session of some hundred bytes takes, so that it pays for no growth.
        stack: Vec::with_capacity(32),
        marks: Vec::with_capacity(4),
        memo: Vec::with_capacity(32),
        holes: Vec::new(),
        repeated: false,
        index: Index::with_room(8),
    };
    reader.read()
}

/// A value that no list or dict holds yet.
#[derive(Clone, Copy)]
struct Value {
    /// Where its text begins, with the byte of room.
    at: usize,
    kind: Kind,
    /// How many lists and dicts are inside each other in it.
    depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Anything else that is whole.
    Other,
    /// A list or dict that holds nothing so far. If `room`, there are two bytes for the brackets of an empty one.
    Open {
        dict: bool,
        room: bool,
    },
}

/// A value that has a number to refer to it by.
#[derive(Clone, Copy)]
enum Numbered {
    /// Where a text without its quotes stands.
    Text {
        from: usize,
        to: usize,
    },
    Other,
}

struct Reader<'a> {
    rest: &'a [u8],
    limit: usize,
    out: Vec<u8>,
    stack: Vec<Value>,
    /// How high the stack was at each mark that is open.
    marks: Vec<usize>,
    memo: Vec<Numbered>,
    /// Where two bytes of room were not needed.
    holes: Vec<usize>,
    /// Whether a name stands twice in one dict.
    repeated: bool,
    /// Where the keys and values at the top stand.
    index: Index,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Option<(Data, &'a [u8])> {
        loop {
            let code = self.byte()?;
            match code {
                op::SHORT_BINUNICODE => {
                    let length = self.byte()?;
                    self.text(length.into())?;
                }
                op::MEMOIZE => {
                    let floor = self.floor();
                    let value = *self.stack.get(floor..)?.last()?;
                    self.memoize(value);
                }
                op::BINGET => {
                    let number = self.byte()?;
                    self.again(number.into())?;
                }
                op::BININT1 => {
                    let number = self.byte()?;
                    self.number(number.into());
                }
                op::BININT2 => {
                    let number = u16::from_le_bytes(self.array()?);
                    self.number(number.into());
                }
                op::BININT => {
                    let number = i32::from_le_bytes(self.array()?);
                    self.number(number);
                }
                op::MARK => self.marks.push(self.stack.len()),
                op::SETITEMS | op::APPENDS => {
                    let mark = self.marks.pop()?;
                    self.fill(mark, code == op::SETITEMS)?;
                }
                op::SETITEM => self.fill(self.stack.len().checked_sub(2)?, true)?,
                op::APPEND => self.fill(self.stack.len().checked_sub(1)?, false)?,
                op::EMPTY_DICT => self.open(true),
                op::EMPTY_LIST => self.open(false),
                op::NONE => self.other(b"null"),
                op::NEWTRUE => self.other(b"true"),
                op::NEWFALSE => self.other(b"false"),
                op::BINFLOAT => {
                    let mut text = String::new();
                    push_float(&mut text, f64::from_be_bytes(self.array()?)).ok()?;
                    self.other(text.as_bytes());
                }
                op::LONG1 => {
                    let length = self.byte()?;
                    let text = integer::to_text(self.take(length.into())?);
                    self.other(text.as_bytes());
                }
                op::BINUNICODE => {
                    let length = u32::from_le_bytes(self.array()?);
                    self.text(usize::try_from(length).ok()?)?;
                }
                op::LONG_BINGET => {
                    let number = u32::from_le_bytes(self.array()?);
                    self.again(usize::try_from(number).ok()?)?;
                }
                op::FRAME => {
                    let length = usize::try_from(u64::from_le_bytes(self.array()?)).ok()?;
                    (length <= self.rest.len()).then_some(())?;
                }
                op::STOP => return self.finish(),
                _ => return None,
            }
        }
    }

    /// Pushes the value whose text has just been written.
    fn push(&mut self, at: usize, kind: Kind) {
        let depth = usize::from(matches!(kind, Kind::Open { .. }));
        let value = Value { at, kind, depth };
        self.stack.push(value);
        // As a rule it comes at once, for texts, lists and dicts.
        if let [op::MEMOIZE, rest @ ..] = self.rest {
            self.rest = rest;
            self.memoize(value);
        }
    }

    /// Gives the value on top of the stack, whose text is the end of what is written, the next number.
    fn memoize(&mut self, top: Value) {
        self.memo.push(match top.kind {
            Kind::Text => Numbered::Text {
                from: top.at + 2,
                to: self.out.len() - 1,
            },
            Kind::Other | Kind::Open { .. } => Numbered::Other,
        });
    }

    /// How many values of the stack lie below the last mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn text(&mut self, length: usize) -> Option<()> {
        let at = self.out.len();
        // A chunk of known length is looked through and copied without calls; what follows the text in it is taken back.
        if let Some(chunk) = self.rest.first_chunk::<CHUNK>()
            && plain_run(chunk) >= length
        {
            self.take(length)?;
            let mut quoted = [ROOM; CHUNK + 3];
            let [_, quote, inner @ .., _] = &mut quoted;
            (*quote, *inner) = (b'"', *chunk);
            *quoted.get_mut(2 + length)? = b'"';
            self.out.extend_from_slice(&quoted);
            self.out.truncate(at + 3 + length);
            return self.push_text(at);
        }
        let text = self.take(length)?;
        self.out.extend_from_slice(&[ROOM, b'"']);
        if plain_run(text) == text.len() {
            self.out.extend_from_slice(text);
        } else {
            let mut escaped = String::with_capacity(text.len() + 16);
            push_escaped_utf8(&mut escaped, text).then_some(())?;
            self.out.extend_from_slice(escaped.as_bytes());
        }
        self.out.push(b'"');
        self.push_text(at)
    }

    /// The text with this number once more.
    fn again(&mut self, number: usize) -> Option<()> {
        let Numbered::Text { from, to } = *self.memo.get(number)? else {
            return None;
        };
        let at = self.out.len();
        self.out.push(ROOM);
        self.out.extend_from_within(from - 1..=to);
        self.push_text(at)
    }

    fn push_text(&mut self, at: usize) -> Option<()> {
        self.push(at, Kind::Text);
        // Here alone the text can grow by more than the bytes that were read.
        (self.out.len() <= self.limit).then_some(())
    }

    fn number(&mut self, number: i32) {
        let at = self.out.len();
        self.out.push(ROOM);
        integer::push(&mut self.out, number);
        self.push(at, Kind::Other);
    }

    fn other(&mut self, text: &[u8]) {
        let at = self.out.len();
        self.out.push(ROOM);
        self.out.extend_from_slice(text);
        self.push(at, Kind::Other);
    }

    fn open(&mut self, dict: bool) {
        let at = self.out.len();
        self.out.push(ROOM);
        let next = match self.rest {
            [op::MEMOIZE, next, ..] | [next, ..] => *next,
            [] => op::STOP,
        };
        // Whether it will be given anything cannot be seen yet, unless it is many values, which begin with a mark.
        let room = next != op::MARK;
        if room {
            self.out.extend_from_slice(&[ROOM; 2]);
        }
        self.push(at, Kind::Open { dict, room });
    }

    /// Puts the values from this one on into the list or dict below them.
    fn fill(&mut self, from: usize, dict: bool) -> Option<()> {
        let target = from
            .checked_sub(1)
            .filter(|target| *target >= self.floor())?;
        let (below, items) = self.stack.split_at_checked(from)?;
        // More than 1000 values come in portions, the second of which finds it closed: that is for the machine.
        let Kind::Open {
            dict: is_dict,
            room,
        } = below.get(target)?.kind
        else {
            return None;
        };
        let sound =
            is_dict == dict && !items.is_empty() && (!dict || items.len().is_multiple_of(2));
        sound.then_some(())?;
        if room {
            self.holes.push(below.get(target)?.at + 1);
        }
        let mut depth = 0;
        for (place, item) in items.iter().enumerate() {
            let before = match (place, dict) {
                (0, true) => b'{',
                (0, false) => b'[',
                (_, true) if place % 2 == 1 => b':',
                _ => b',',
            };
            whole(&mut self.out, item, before)?;
            depth = depth.max(item.depth);
        }
        if dict {
            self.names(target == 0, from)?;
        }
        self.out.push(if dict { b'}' } else { b']' });
        self.stack.truncate(from);
        let filled = self.stack.last_mut()?;
        filled.kind = Kind::Other;
        filled.depth = depth + 1;
        (depth < MAX_DEPTH).then_some(())
    }

    /// Looks at the names of a dict, and notes where the items of the one at the top stand.
    fn names(&mut self, at_top: bool, from: usize) -> Option<()> {
        let items = self.stack.get(from..)?;
        let (pairs, _) = items.as_chunks::<2>();
        let mut names = Names::default();
        let mut doubtful = false;
        for (number, [key, value]) in pairs.iter().enumerate() {
            // Numbers and the like, which JSON makes text of, are for the machine.
            (key.kind == Kind::Text).then_some(())?;
            let place = key.at + 2..value.at - 1;
            // All are spelled in one way, so that escapes need no care here.
            let name = self.out.get(place.clone())?;
            if names.note(name) {
                let (earlier, _) = pairs.split_at_checked(number)?;
                doubtful |= number > FEW
                    || earlier
                        .iter()
                        .any(|[key, value]| self.out.get(key.at + 2..value.at - 1) == Some(name));
            }
            if at_top {
                let end = pairs
                    .get(number + 1)
                    .map_or(self.out.len(), |[next, _]| next.at);
                self.index.push(place, value.at + 1..end);
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

    fn finish(mut self) -> Option<(Data, &'a [u8])> {
        let [root] = self.stack.as_slice() else {
            return None;
        };
        whole(&mut self.out, root, ROOM)?;
        let first = self.out.iter().find(|byte| **byte != ROOM);
        // The machine says what is wrong with what is no dict.
        (self.marks.is_empty() && first == Some(&b'{')).then_some(())?;
        self.holes.sort_unstable();
        if !self.holes.is_empty() {
            self.out.retain(|byte| *byte != ROOM);
            self.out.insert(0, ROOM);
        }
        let text = self.out.get(1..).filter(|text| text.len() <= self.limit)?;
        if self.repeated {
            return Some((Data::from_json(text).ok()?, self.rest));
        }
        let moved = |at| at - 1 - 2 * self.holes.partition_point(|hole| *hole < at);
        Some((Data::indexed(text, self.index.moved(moved))?, self.rest))
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Fills in what stands before a value that gets its place, and the brackets of an empty one.
fn whole(out: &mut [u8], value: &Value, before: u8) -> Option<()> {
    if let Kind::Open { dict, room } = value.kind {
        let brackets = out.get_mut(value.at + 1..value.at + 3).filter(|_| room)?;
        brackets.copy_from_slice(if dict { b"{}" } else { b"[]" });
    }
    *out.get_mut(value.at)? = before;
    Some(())
}
