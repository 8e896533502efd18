//! Writing: what `CPython`'s `pickle.dumps` writes for data that came from `json.loads`, to the byte.

use super::{Protocol, ahead::Ahead, integer, keep, opcode as op, shared::Shared};
use crate::{
    data::Data,
    json::{float, push_unescaped, quotes},
};

/// From this length on a frame is ended, and a text stands between frames (`FRAME_SIZE_TARGET` in `CPython`'s `Modules/_pickle.c`).
pub(super) const FRAME: usize = 64 * 1024;
/// What an opcode and a length of a frame take.
pub(super) const FRAME_HEADER: usize = 9;
/// A shorter frame is not worth its header.
const LEAST_FRAME: usize = 4;
/// How many items one instruction puts into a list or dict.
pub(super) const BATCH: usize = 1000;
/// Most texts are no longer.
const CHUNK: usize = 32;

/// The pickle of `data`.
///
/// # Example
///
/// ```
/// use tenure::{Data, codec::pickle::{self, Protocol}};
///
/// let data = Data::from_json(br#"{"a":1}"#)?;
/// let bytes = pickle::encode(&data, Protocol::Five);
/// assert_eq!(bytes, b"\x80\x05\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.");
/// # Ok::<(), tenure::CodecError>(())
/// ```
pub fn encode(data: &Data, protocol: Protocol) -> Vec<u8> {
    keep::encode(data, protocol).unwrap_or_else(|| encode_all(data, protocol))
}

fn encode_all(data: &Data, protocol: Protocol) -> Vec<u8> {
    // Only floats are longer in a pickle than in JSON.
    let mut pickler = Pickler::new(data.json_len() + 32, protocol);
    pickler.put([op::EMPTY_DICT, op::MEMOIZE]);
    pickler.memoized += 1;
    let mut top = Open::new(true, data.len() > 1);
    pickler.begin(&top);
    for (number, (key, value)) in data.texts().enumerate() {
        pickler.boundary();
        let key = key.as_bytes();
        pickler.shared_text(key, plain_text(key) == key.len());
        pickler.rest = value.as_bytes();
        pickler.value();
        let after = top.item(number + 1 < data.len());
        pickler.out.extend_from_slice(after);
    }
    pickler.put([op::STOP]);
    pickler.end_frame();
    pickler.out
}

pub(super) struct Pickler<'a> {
    pub(super) out: Vec<u8>,
    /// Canonical JSON that is not written yet.
    pub(super) rest: &'a [u8],
    /// Where the frame that is open starts. There always is one but around a text that stands between frames: it goes if nothing is in it.
    pub(super) frame: usize,
    /// How many values have a number to refer to them by.
    pub(super) memoized: u32,
    shared: Shared<'a>,
    /// The lists and dicts of a value that are not closed.
    open: Vec<Open>,
    ahead: Ahead,
    /// A text without its escapes.
    scratch: Vec<u8>,
}

/// A list or dict that is being written.
struct Open {
    dict: bool,
    /// Whether it has more than one item.
    several: bool,
    /// How many items no instruction has put into it so far.
    waiting: usize,
}

impl Open {
    fn new(dict: bool, several: bool) -> Self {
        Self {
            dict,
            several,
            waiting: 0,
        }
    }

    /// What stands after each item.
    #[inline]
    fn item(&mut self, more: bool) -> &'static [u8] {
        self.waiting += 1;
        if self.several && more && self.waiting < BATCH {
            return &[];
        }
        self.end_batch(more)
    }

    fn end_batch(&mut self, more: bool) -> &'static [u8] {
        let full = self.waiting == BATCH;
        self.waiting = 0;
        match (self.dict, self.several) {
            (true, false) => &[op::SETITEM],
            (false, false) => &[op::APPEND],
            (true, true) if full && more => &[op::SETITEMS, op::MARK],
            // CPython begins another batch of a dict before it sees that nothing is left.
            (true, true) if full => &[op::SETITEMS, op::MARK, op::SETITEMS],
            (true, true) => &[op::SETITEMS],
            (false, true) if full && more => &[op::APPENDS, op::MARK],
            (false, true) => &[op::APPENDS],
        }
    }
}

impl<'a> Pickler<'a> {
    /// Has begun a pickle of about so many bytes.
    pub(super) fn new(length: usize, protocol: Protocol) -> Self {
        let mut out = Vec::with_capacity(length);
        let number = match protocol {
            Protocol::Four => 4,
            Protocol::Five => 5,
        };
        out.extend_from_slice(&[op::PROTO, number]);
        let mut pickler = Self {
            out,
            rest: &[],
            frame: 0,
            memoized: 0,
            shared: Shared::new(),
            open: Vec::new(),
            ahead: Ahead::default(),
            scratch: Vec::new(),
        };
        pickler.start_frame();
        pickler
    }

    /// Writes the value at the start of the rest.
    pub(super) fn value(&mut self) {
        loop {
            self.boundary();
            match self.rest {
                [b'"', ..] => self.string(),
                [first @ (b'{' | b'['), after @ ..] => {
                    let dict = *first == b'{';
                    self.rest = after;
                    self.put([
                        if dict { op::EMPTY_DICT } else { op::EMPTY_LIST },
                        op::MEMOIZE,
                    ]);
                    self.memoized += 1;
                    if !matches!(after, [b'}' | b']', ..]) {
                        let container = Open::new(dict, self.ahead.several(after));
                        self.begin(&container);
                        self.open.push(container);
                        if dict {
                            self.key();
                        }
                        continue;
                    }
                    self.pass(1);
                }
                _ => self.scalar(),
            }
            loop {
                let Some(top) = self.open.last_mut() else {
                    return;
                };
                let more = self.rest.first() == Some(&b',');
                let (dict, after) = (top.dict, top.item(more));
                if !after.is_empty() {
                    self.out.extend_from_slice(after);
                }
                self.pass(1);
                if more {
                    if dict {
                        self.key();
                    }
                    break;
                }
                self.open.pop();
            }
        }
    }

    /// Before the items of a list or dict.
    fn begin(&mut self, container: &Open) {
        if container.several {
            self.put([op::MARK]);
        }
    }

    /// Writes the key at the start of the rest, and passes its colon.
    fn key(&mut self) {
        self.boundary();
        let inner = self.rest.get(1..).unwrap_or_default();
        if let Some((length, number)) = self.shared.expected(inner) {
            self.pass(1 + length + 2);
            return self.get(number);
        }
        let (key, plain) = self.take_text();
        self.shared_text(key, plain);
        self.pass(1);
    }

    /// Passes the string at the start of the rest, and gives what stands between its quotes, and whether it has no escapes.
    #[inline]
    fn take_text(&mut self) -> (&'a [u8], bool) {
        let inner = self.rest.get(1..).unwrap_or_default();
        let run = plain_text(inner);
        let plain = inner.get(run) == Some(&b'"');
        let end = if plain { run } else { string_end(inner, run) };
        let (text, after) = inner.split_at_checked(end).unwrap_or((inner, &[]));
        self.rest = after.get(1..).unwrap_or_default();
        (text, plain)
    }

    /// Writes the string at the start of the rest.
    fn string(&mut self) {
        let start = self.rest.get(1..).and_then(|inner| inner.first_chunk());
        let (text, plain) = self.take_text();
        if is_short(text) {
            return self.shared_text(text, plain);
        }
        match (start, u8::try_from(text.len())) {
            (Some(start), Ok(length)) if plain && text.len() <= CHUNK => {
                self.put([op::SHORT_BINUNICODE, length]);
                self.put_start(start, text.len());
                self.put([op::MEMOIZE]);
                self.memoized += 1;
            }
            _ => self.text(text, plain),
        }
    }

    /// The first bytes of a chunk: writing all and taking back the rest is sooner done than calling what copies any length.
    #[inline]
    fn put_start(&mut self, chunk: &[u8; CHUNK], length: usize) {
        let end = self.out.len() + length;
        self.put(*chunk);
        self.out.truncate(end);
    }

    /// Writes text that Python has in memory only once: `json.loads` makes equal keys one text, and Python has each text of one latin-1
    /// character, and the empty one, only once.
    fn shared_text(&mut self, escaped: &'a [u8], plain: bool) {
        match self.shared.number(escaped, self.memoized) {
            Some(number) => self.get(number),
            None => self.text(escaped, plain),
        }
    }

    /// Refers to a text that is written already.
    #[inline]
    pub(super) fn get(&mut self, number: u32) {
        match u8::try_from(number) {
            Ok(number) => self.put([op::BINGET, number]),
            Err(_) => self.put_with(op::LONG_BINGET, number.to_le_bytes()),
        }
    }

    /// Writes text as it stands between its quotes. If `plain`, it has no escapes.
    #[inline]
    pub(super) fn text(&mut self, escaped: &[u8], plain: bool) {
        self.memoized += 1;
        if plain {
            self.unicode(escaped);
        } else {
            self.escaped(escaped);
        }
    }

    fn escaped(&mut self, escaped: &[u8]) {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        push_unescaped(&mut text, str::from_utf8(escaped).unwrap_or_default());
        self.unicode(&text);
        self.scratch = text;
    }

    /// Writes text in UTF-8, and gives it a number.
    #[inline]
    fn unicode(&mut self, text: &[u8]) {
        if let Ok(length) = u8::try_from(text.len()) {
            self.put([op::SHORT_BINUNICODE, length]);
            self.out.extend_from_slice(text);
            self.put([op::MEMOIZE]);
        } else {
            self.long_unicode(text);
        }
    }

    fn long_unicode(&mut self, text: &[u8]) {
        let alone = text.len() >= FRAME;
        if alone {
            self.end_frame();
        }
        match u32::try_from(text.len()) {
            Ok(length) => self.put_with(op::BINUNICODE, length.to_le_bytes()),
            Err(_) => self.put_with(op::BINUNICODE8, (text.len() as u64).to_le_bytes()),
        }
        self.out.extend_from_slice(text);
        if alone {
            self.start_frame();
        }
        self.put([op::MEMOIZE]);
    }

    /// Writes the word or number at the start of the rest.
    fn scalar(&mut self) {
        let (code, length) = match self.rest {
            [b'n', ..] => (op::NONE, "null".len()),
            [b't', ..] => (op::NEWTRUE, "true".len()),
            [b'f', ..] => (op::NEWFALSE, "false".len()),
            _ => return self.number(),
        };
        self.put([code]);
        self.pass(length);
    }

    #[inline]
    fn number(&mut self) {
        let mut digits = 0;
        let mut number = 0_u32;
        while let Some(digit @ b'0'..=b'9') = self.rest.get(digits)
            && digits < 9
        {
            number = number * 10 + u32::from(digit & 0xf);
            digits += 1;
        }
        if !matches!(self.rest.get(digits), None | Some(b',' | b']' | b'}')) {
            return self.other_number();
        }
        self.pass(digits);
        self.small(number.to_le_bytes());
    }

    /// A number that fits an `i32`.
    #[inline]
    fn small(&mut self, bytes: [u8; 4]) {
        match bytes {
            [low, 0, 0, 0] => self.put([op::BININT1, low]),
            [low, high, 0, 0] => self.put([op::BININT2, low, high]),
            bytes => self.put_with(op::BININT, bytes),
        }
    }

    /// A number that is negative, long, or a float.
    fn other_number(&mut self) {
        let end = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b',' | b']' | b'}'));
        let (text, after) = end
            .and_then(|end| self.rest.split_at_checked(end))
            .unwrap_or((self.rest, &[]));
        self.rest = after;
        let text = str::from_utf8(text).unwrap_or_default();
        match float(text) {
            Some(number) => self.put_with(op::BINFLOAT, number.to_be_bytes()),
            None => self.integer(text),
        }
    }

    fn integer(&mut self, text: &str) {
        if let Ok(number) = text.parse::<i32>() {
            return self.small(number.to_le_bytes());
        }
        if text.len() > integer::MOST_DIGITS {
            // As text, since turning it into bytes takes too long. Python refuses such a number here as it does in JSON.
            self.put([op::LONG]);
            self.out.extend_from_slice(text.as_bytes());
            return self.put(*b"L\n");
        }
        let bytes = match text.parse::<i64>() {
            Ok(number) => {
                let mut bytes = number.to_le_bytes().to_vec();
                integer::shorten(&mut bytes);
                bytes
            }
            Err(_) => integer::to_bytes(text),
        };
        if let Ok(length) = u8::try_from(bytes.len()) {
            self.put([op::LONG1, length]);
        } else {
            let length = u32::try_from(bytes.len()).unwrap_or_default();
            self.put_with(op::LONG4, length.to_le_bytes());
        }
        self.out.extend_from_slice(&bytes);
    }

    /// Passes bytes of the rest.
    #[inline]
    fn pass(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out.extend_from_slice(&bytes);
    }

    fn put_with<const N: usize>(&mut self, code: u8, argument: [u8; N]) {
        self.put([code]);
        self.put(argument);
    }

    /// Before each value: ends a frame that is long enough.
    #[inline]
    fn boundary(&mut self) {
        if self.out.len() - self.frame >= FRAME_HEADER + FRAME {
            self.end_frame();
            self.start_frame();
        }
    }

    fn start_frame(&mut self) {
        self.frame = self.out.len();
        self.put([0; FRAME_HEADER]);
    }

    /// Fills in the header of the frame, or takes it away if the frame is short.
    pub(super) fn end_frame(&mut self) {
        let start = self.frame;
        let length = self.out.len() - start - FRAME_HEADER;
        if length < LEAST_FRAME {
            self.out.drain(start..start + FRAME_HEADER);
        } else if let Some([code, place @ ..]) = self.out.get_mut(start..start + FRAME_HEADER) {
            *code = op::FRAME;
            place.copy_from_slice(&(length as u64).to_le_bytes());
        }
    }
}

/// Whether escaped text is empty or one character of latin-1.
fn is_short(escaped: &[u8]) -> bool {
    match escaped {
        [] | [_] => true,
        [b'\\', rest @ ..] => matches!(rest, [_] | [b'u', b'0', b'0', _, _]),
        _ => false,
    }
}

/// How many bytes stand before the first quote or backslash in canonical text.
///
/// As `plain_run` does it, but with less to look for: all of such text is printable ASCII.
#[inline]
pub(super) fn plain_text(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let mut length = 0;
    for word in words {
        let flags = quotes(u64::from_le_bytes(*word));
        if flags != 0 {
            return length + usize::try_from(flags.trailing_zeros() / 8).unwrap_or(0);
        }
        length += 8;
    }
    let rest = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\'));
    length + rest.count()
}

/// Where the string ends whose text goes on at `from`.
pub(super) fn string_end(text: &[u8], mut from: usize) -> usize {
    while text.get(from) == Some(&b'\\') {
        from += 2;
        from += plain_text(text.get(from..).unwrap_or_default());
    }
    from
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_text_ends_where_a_slow_search_does(text in "[ -~]{0,40}") {
            let slow = text.find(['"', '\\']).unwrap_or(text.len());
            prop_assert_eq!(plain_text(text.as_bytes()), slow);
        }
    }
}
