//! Writing: what `CPython`'s `pickle.dumps` writes for data that came from `json.loads`, to the byte.

use std::collections::HashMap;

use super::{Protocol, integer, opcode as op};
use crate::{
    data::Data,
    json::{float, push_unescaped, string_end},
};

/// From this length on a frame is ended, and a text stands between frames (`FRAME_SIZE_TARGET` in `CPython`'s `Modules/_pickle.c`).
const FRAME: usize = 64 * 1024;
/// What an opcode and a length of a frame take.
const FRAME_HEADER: usize = 9;
/// A shorter frame is not worth its header.
const LEAST_FRAME: usize = 4;
/// How many items one instruction puts into a list or dict.
const BATCH: usize = 1000;

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
    let size = data
        .texts()
        .map(|(key, value)| key.len() + value.len() + 8)
        .sum::<usize>();
    let mut pickler = Pickler {
        out: Vec::with_capacity(size + 32),
        frame: None,
        memoized: 0,
        shared: Shared::default(),
        scratch: Vec::new(),
    };
    let number = match protocol {
        Protocol::Four => 4,
        Protocol::Five => 5,
    };
    pickler.out.extend_from_slice(&[op::PROTO, number]);
    pickler.put(&[op::EMPTY_DICT]);
    pickler.memoize();
    let mut top = Open::new(true, data.len());
    pickler.begin(&top);
    for (key, value) in data.texts() {
        pickler.text(key, true);
        pickler.value(value);
        pickler.item(&mut top);
    }
    pickler.put(&[op::STOP]);
    pickler.end_frame();
    pickler.out
}

struct Pickler<'a> {
    out: Vec<u8>,
    /// Where the frame that is open starts.
    frame: Option<usize>,
    /// How many values have a number to refer to them by.
    memoized: u32,
    shared: Shared<'a>,
    /// A text without its escapes.
    scratch: Vec<u8>,
}

/// The texts that Python has once in memory, and the numbers to refer to them by.
#[derive(Default)]
struct Shared<'a> {
    texts: Vec<SharedText<'a>>,
    places: HashMap<&'a str, usize>,
    /// The one that was asked for last.
    last: usize,
}

struct SharedText<'a> {
    text: &'a str,
    number: u32,
    /// The one that came after this the last time: the dicts of a list have their keys in one order, which spares most of the hashing, a
    /// third of all that writing takes.
    next: usize,
}

impl<'a> Shared<'a> {
    /// The number of a text that is known; one that is not gets `number`.
    fn number(&mut self, text: &'a str, number: u32) -> Option<u32> {
        let guess = self.texts.get(self.last).map(|last| last.next);
        let guess = guess.filter(|guess| {
            let guessed = self.texts.get(*guess);
            guessed.is_some_and(|guessed| guessed.text == text)
        });
        let known = guess.or_else(|| self.places.get(text).copied());
        let place = known.unwrap_or(self.texts.len());
        if known.is_none() {
            self.places.insert(text, place);
            self.texts.push(SharedText {
                text,
                number,
                next: 0,
            });
        }
        if let Some(last) = self.texts.get_mut(self.last) {
            last.next = place;
        }
        self.last = place;
        known.and_then(|place| self.texts.get(place).map(|known| known.number))
    }
}

/// A list or dict that is being written.
struct Open {
    dict: bool,
    length: usize,
    written: usize,
}

impl Open {
    fn new(dict: bool, length: usize) -> Self {
        Self {
            dict,
            length,
            written: 0,
        }
    }
}

impl<'a> Pickler<'a> {
    /// Writes one value from its canonical JSON text.
    fn value(&mut self, text: &'a str) {
        let mut lengths = lengths(text).into_iter();
        let mut open: Vec<Open> = Vec::new();
        let mut rest = text;
        loop {
            self.boundary();
            match rest.as_bytes().first() {
                Some(b'"') => rest = self.string(rest, false),
                Some(first @ (b'{' | b'[')) => {
                    let dict = *first == b'{';
                    let container = Open::new(dict, lengths.next().unwrap_or_default());
                    self.put(&[if dict { op::EMPTY_DICT } else { op::EMPTY_LIST }]);
                    self.memoize();
                    self.begin(&container);
                    rest = rest.get(1..).unwrap_or_default();
                    if container.length > 0 {
                        open.push(container);
                        if dict {
                            rest = self.key(rest);
                        }
                        continue;
                    }
                    rest = rest.get(1..).unwrap_or_default();
                }
                _ => {
                    let end = rest
                        .bytes()
                        .position(|byte| matches!(byte, b',' | b']' | b'}'));
                    let end = end.unwrap_or(rest.len());
                    let (scalar, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    self.scalar(scalar);
                    rest = after;
                }
            }
            loop {
                let Some(top) = open.last_mut() else {
                    return;
                };
                self.item(top);
                let more = rest.starts_with(',');
                rest = rest.get(1..).unwrap_or_default();
                if more {
                    if top.dict {
                        rest = self.key(rest);
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    /// Before the items of a list or dict.
    fn begin(&mut self, container: &Open) {
        if container.length > 1 {
            self.put(&[op::MARK]);
        }
    }

    /// After each item of a list or dict.
    fn item(&mut self, container: &mut Open) {
        container.written += 1;
        let (one, many) = if container.dict {
            (op::SETITEM, op::SETITEMS)
        } else {
            (op::APPEND, op::APPENDS)
        };
        let last = container.written == container.length;
        if container.length == 1 {
            self.put(&[one]);
        } else if container.written.is_multiple_of(BATCH) {
            self.put(&[many]);
            // CPython begins another batch of a dict before it sees that nothing is left.
            match (last, container.dict) {
                (true, true) => self.put(&[op::MARK, many]),
                (true, false) => {}
                (false, _) => self.put(&[op::MARK]),
            }
        } else if last {
            self.put(&[many]);
        }
    }

    /// Writes the key at the start of `rest`, and gives what follows its colon.
    fn key(&mut self, rest: &'a str) -> &'a str {
        self.string(rest, true).get(1..).unwrap_or_default()
    }

    /// Writes the string at the start of `rest`, and gives what follows it.
    fn string(&mut self, rest: &'a str, key: bool) -> &'a str {
        let (string, after) = rest
            .split_at_checked(string_end(rest))
            .unwrap_or((rest, ""));
        self.text(string.get(1..string.len() - 1).unwrap_or_default(), key);
        after
    }

    /// Writes text as it stands between its quotes.
    fn text(&mut self, escaped: &'a str, key: bool) {
        self.boundary();
        // `json.loads` makes equal keys one text, and Python has each text of one latin-1 character, and the empty one, only once.
        let shared = key || is_short(escaped);
        if shared && let Some(number) = self.shared.number(escaped, self.memoized) {
            return match u8::try_from(number) {
                Ok(number) => self.put(&[op::BINGET, number]),
                Err(_) => self.put_with(op::LONG_BINGET, &number.to_le_bytes()),
            };
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let text = if escaped.contains('\\') {
            push_unescaped(&mut scratch, escaped);
            &scratch
        } else {
            escaped.as_bytes()
        };
        let alone = text.len() >= FRAME;
        if alone {
            self.end_frame();
        } else {
            self.start_frame();
        }
        match (u8::try_from(text.len()), u32::try_from(text.len())) {
            (Ok(length), _) => self.out.extend_from_slice(&[op::SHORT_BINUNICODE, length]),
            (_, Ok(length)) => {
                self.out.push(op::BINUNICODE);
                self.out.extend_from_slice(&length.to_le_bytes());
            }
            _ => {
                self.out.push(op::BINUNICODE8);
                self.out
                    .extend_from_slice(&(text.len() as u64).to_le_bytes());
            }
        }
        self.out.extend_from_slice(text);
        self.scratch = scratch;
        self.memoize();
    }

    fn scalar(&mut self, text: &str) {
        match text {
            "null" => self.put(&[op::NONE]),
            "true" => self.put(&[op::NEWTRUE]),
            "false" => self.put(&[op::NEWFALSE]),
            _ => match float(text) {
                Some(number) => self.put_with(op::BINFLOAT, &number.to_be_bytes()),
                None => self.integer(text),
            },
        }
    }

    fn integer(&mut self, text: &str) {
        if let Ok(number) = text.parse::<i32>() {
            return match number.to_le_bytes() {
                [low, 0, 0, 0] => self.put(&[op::BININT1, low]),
                [low, high, 0, 0] => self.put(&[op::BININT2, low, high]),
                bytes => self.put_with(op::BININT, &bytes),
            };
        }
        if text.len() > integer::MOST_DIGITS {
            // As text, since turning it into bytes takes too long. Python refuses such a number here as it does in JSON.
            self.put_with(op::LONG, text.as_bytes());
            return self.out.extend_from_slice(b"L\n");
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
            self.put(&[op::LONG1, length]);
        } else {
            let length = u32::try_from(bytes.len()).unwrap_or_default();
            self.put_with(op::LONG4, &length.to_le_bytes());
        }
        self.out.extend_from_slice(&bytes);
    }

    fn memoize(&mut self) {
        self.put(&[op::MEMOIZE]);
        self.memoized += 1;
    }

    fn put(&mut self, bytes: &[u8]) {
        self.start_frame();
        self.out.extend_from_slice(bytes);
    }

    fn put_with(&mut self, code: u8, argument: &[u8]) {
        self.put(&[code]);
        self.out.extend_from_slice(argument);
    }

    /// Before each value: ends a frame that is long enough.
    fn boundary(&mut self) {
        let full = |start| self.out.len() - start >= FRAME_HEADER + FRAME;
        if self.frame.is_some_and(full) {
            self.end_frame();
        }
    }

    fn start_frame(&mut self) {
        if self.frame.is_none() {
            self.frame = Some(self.out.len());
            self.out.extend_from_slice(&[0; FRAME_HEADER]);
        }
    }

    /// Fills in the header of the frame, or takes it away if the frame is short.
    fn end_frame(&mut self) {
        let Some(start) = self.frame.take() else {
            return;
        };
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
fn is_short(escaped: &str) -> bool {
    matches!(
        escaped.as_bytes(),
        [] | [_] | [b'\\', _] | [b'\\', b'u', b'0', b'0', _, _]
    )
}

/// How many items each list and dict in canonical text has, in the order in which they open.
fn lengths(text: &str) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.as_bytes().first() {
        let mut passed = 1;
        match first {
            b'"' => passed = string_end(rest),
            b'{' | b'[' => {
                open.push(lengths.len());
                let empty = matches!(rest.as_bytes().get(1), Some(b'}' | b']'));
                lengths.push(usize::from(!empty));
            }
            b'}' | b']' => drop(open.pop()),
            b',' => {
                let place = open.last().and_then(|place| lengths.get_mut(*place));
                if let Some(length) = place {
                    *length += 1;
                }
            }
            _ => {}
        }
        rest = rest.get(passed..).unwrap_or_default();
    }
    lengths
}
