//! Text that is spelled as Django writes it already, as nearly every session is: checked in one pass, without a copy.
//!
//! Whatever is out of the ordinary, be it right or wrong, is left to the [`Scanner`](super::Scanner), which begins anew: a space, an escape
//! that is not needed, a name that stands twice in an object. So there is one place that knows the errors and the other spellings.

#![expect(
    clippy::inline_always,
    reason = "what is called for each value would else hand its answer over in memory: a fifth of all that this takes"
)]

use std::ops::Range;

use super::{
    merge::{FEW, repeats},
    scan::MAX_DEPTH,
    text::{Spelling, long_form, plain_run, quotes, unit_of},
};

/// Gives the places of each key, without its quotes, and its value. `None` if this is not an object in canonical spelling: then those that
/// were given count for nothing.
#[inline]
pub(crate) fn members(text: &[u8], mut each: impl FnMut(Range<usize>, Range<usize>)) -> Option<()> {
    if !is_printable(text) {
        return None;
    }
    let mut reader = Reader {
        text,
        names: Vec::new(),
        open: Vec::new(),
    };
    let mut at = match text {
        [b'{', b'}'] => return Some(()),
        [b'{', ..] => 1,
        _ => return None,
    };
    let mut object = Open::new(true, 0);
    loop {
        let (key, start) = reader.name(at, &mut object)?;
        at = match byte(text, start)? {
            b'{' | b'[' => reader.container(start)?,
            first => scalar(text, start, first)?,
        };
        each(key, start..at);
        match text.get(at..)? {
            [b',', ..] => at += 1,
            [b'}'] => break,
            _ => return None,
        }
    }
    reader.close(&object)
}

fn is_printable(text: &[u8]) -> bool {
    text.iter()
        .fold(true, |all, byte| all & matches!(byte, 0x20..0x7f))
}

/// A list or object that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    object: bool,
    /// The first of its names among those of the reader.
    from: usize,
    /// One of 64 bits for each name. As long as all bits differ, so do the names, and need not be compared.
    seen: u64,
    /// Too many to be compared one with another.
    many: bool,
}

impl Open {
    fn new(object: bool, from: usize) -> Self {
        Self {
            object,
            from,
            seen: 0,
            many: false,
        }
    }
}

/// Each method passes what begins at a place and gives the place behind it.
struct Reader<'a> {
    text: &'a [u8],
    /// Where the names of the objects that are open stand.
    names: Vec<Range<usize>>,
    open: Vec<Open>,
}

impl Reader<'_> {
    /// A loop with its own stack, so that no input can exhaust the thread's.
    fn container(&mut self, mut at: usize) -> Option<usize> {
        let text = self.text;
        let outermost = Open::new(false, 0);
        let mut inner = outermost;
        loop {
            // A name, or a value in a list.
            if inner.object {
                at = self.name(at, &mut inner)?.1;
            }
            let first = byte(text, at)?;
            if matches!(first, b'{' | b'[') {
                if self.open.len() + 1 >= MAX_DEPTH {
                    return None;
                }
                at += 1;
                // In ASCII, the closing bracket is the second after the opening one.
                if byte(text, at)? == first + 2 {
                    at += 1;
                } else {
                    self.open.push(inner);
                    inner = Open::new(first == b'{', self.names.len());
                    continue;
                }
            } else {
                at = scalar(text, at, first)?;
            }
            loop {
                if self.open.is_empty() {
                    return Some(at);
                }
                match byte(text, at)? {
                    b',' => {
                        at += 1;
                        break;
                    }
                    b'}' if inner.object => self.close(&inner)?,
                    b']' if !inner.object => {}
                    _ => return None,
                }
                at += 1;
                inner = self.open.pop()?;
            }
        }
    }

    /// A name and its colon.
    #[inline(always)]
    fn name(&mut self, at: usize, object: &mut Open) -> Option<(Range<usize>, usize)> {
        let text = self.text;
        if byte(text, at)? != b'"' {
            return None;
        }
        let (end, tail) = string(text, at)?;
        if byte(text, end)? != b':' {
            return None;
        }
        let name = at + 1..end - 1;
        // Fibonacci hashing: of all bytes, the upper bits of the product depend on most.
        let bits = tail.map_or(u64::MAX, |tail| {
            1 << (tail.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
        });
        if object.seen & bits != 0 {
            self.compare(name.clone(), object)?;
        }
        object.seen |= bits;
        self.names.push(name.clone());
        Some((name, end + 1))
    }

    #[cold]
    fn compare(&self, name: Range<usize>, object: &mut Open) -> Option<()> {
        let earlier = self.names.get(object.from..)?;
        if earlier.len() > FEW {
            object.many = true;
            return Some(());
        }
        let name = self.text.get(name);
        let same = earlier
            .iter()
            .any(|earlier| self.text.get(earlier.clone()) == name);
        (!same).then_some(())
    }

    /// The end of an object.
    #[inline]
    fn close(&mut self, object: &Open) -> Option<()> {
        if object.many && self.repeats(object.from) {
            return None;
        }
        self.names.truncate(object.from);
        Some(())
    }

    #[cold]
    fn repeats(&self, from: usize) -> bool {
        let names = self.names.get(from..).unwrap_or_default();
        repeats(
            names
                .iter()
                .map(|name| self.text.get(name.clone()).unwrap_or_default()),
        )
    }
}

#[inline]
fn byte(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

/// Passes a string, a number or a word that begins with this byte.
#[inline(always)]
fn scalar(text: &[u8], at: usize, first: u8) -> Option<usize> {
    match first {
        b'"' => Some(string(text, at)?.0),
        b'0'..=b'9' => number(text, at, false),
        _ => other(text, at, first),
    }
}

fn other(text: &[u8], at: usize, first: u8) -> Option<usize> {
    let word: &[u8] = match first {
        b't' => b"true",
        b'f' => b"false",
        b'n' => b"null",
        b'N' => b"NaN",
        b'I' => b"Infinity",
        b'-' if byte(text, at + 1) == Some(b'I') => b"-Infinity",
        b'-' => return number(text, at + 1, true),
        _ => return None,
    };
    let found = text.get(at..)?.starts_with(word);
    found.then_some(at + word.len())
}

/// Passes a string. Gives its end with the quote, eight bytes at most, which is the same for strings that are the same; `None` if that is
/// not at hand, which may be so for one of two that are the same.
#[inline(always)]
fn string(text: &[u8], at: usize) -> Option<(usize, Option<u64>)> {
    let mut at = at + 1;
    while let Some(word) = text.get(at..)?.first_chunk() {
        let word = u64::from_le_bytes(*word);
        let flags = quotes(word);
        if flags != 0 {
            at += flags.trailing_zeros() as usize / 8;
            if byte(text, at)? == b'"' {
                return Some((at + 1, Some(word & (flags ^ (flags - 1)))));
            }
            break;
        }
        at += 8;
    }
    rest_of_string(text, at).map(|end| (end, None))
}

#[inline(never)]
fn rest_of_string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += plain_run(text.get(at..)?);
        match byte(text, at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = escape(text, at)?,
            _ => return None,
        }
    }
}

/// Each character has one spelling here, so that names are the same if their texts are.
fn escape(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let unit = match rest {
        [_, b'u', digits @ ..] => unit_of(digits)?,
        [_, short, ..] => long_form(*short)?,
        _ => return None,
    };
    let spelling = Spelling::of(unit);
    let spelling = spelling.as_bytes();
    rest.starts_with(spelling).then_some(at + spelling.len())
}

#[inline]
fn number(text: &[u8], at: usize, negative: bool) -> Option<usize> {
    let zero = byte(text, at)? == b'0';
    let at = if zero { at + 1 } else { digits(text, at)? };
    match byte(text, at)? {
        b'.' | b'e' | b'E' => fraction(text, at),
        // Python's int has no negative zero.
        _ if negative && zero => None,
        _ => Some(at),
    }
}

fn fraction(text: &[u8], mut at: usize) -> Option<usize> {
    if byte(text, at)? == b'.' {
        at = digits(text, at + 1)?;
    }
    if matches!(byte(text, at)?, b'e' | b'E') {
        let sign = matches!(byte(text, at + 1)?, b'+' | b'-');
        at = digits(text, at + 1 + usize::from(sign))?;
    }
    Some(at)
}

/// One or more.
#[inline]
fn digits(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while byte(text, at)?.is_ascii_digit() {
        at += 1;
    }
    (at > from).then_some(at)
}

#[cfg(test)]
mod tests;
