//! Reading: checks JSON as Python's `json.loads` does and brings it into the spelling of its `json.dumps`, in one pass.
//!
//! Nothing is decoded. Text that is spelled as Django writes it is not copied either; otherwise only what differs is replaced.

use std::{borrow::Cow, ops::Range};

use super::{
    merge::{Names, repeats},
    text::{Spelling, long_form, plain_run, unit_of},
};
use crate::error::CodecError;

/// How deep lists and objects may nest. Python stops at about this depth (its recursion limit) too.
pub(crate) const MAX_DEPTH: usize = 1000;

/// Why a text is not JSON. It says where, never what stands there.
#[derive(Debug, thiserror::Error)]
#[error("{reason} at byte {at}")]
struct Syntax {
    reason: &'static str,
    at: usize,
}

/// A list or object that is not closed yet.
struct Open {
    close: u8,
    names: Names,
    /// The first of its names among those of the scanner.
    from: usize,
}

/// A place in the canonical text.
pub(crate) type Mark = usize;

/// Walks over JSON text. What it has passed stands in canonical spelling in `done`, then in `source[kept..at]`.
pub(crate) struct Scanner<'a> {
    source: &'a [u8],
    at: usize,
    kept: usize,
    done: Vec<u8>,
    /// Where the names of the objects that are open stand, between their quotes.
    names: Vec<Range<Mark>>,
    repeated: bool,
}

impl<'a> Scanner<'a> {
    /// Starts before the first value. Bytes from 0x80 are latin-1 characters, as Django's serializer reads them.
    pub(crate) fn new(source: &'a [u8]) -> Self {
        let mut scanner = Self {
            source,
            at: 0,
            kept: 0,
            done: Vec::new(),
            names: Vec::new(),
            repeated: false,
        };
        scanner.skip_space();
        scanner
    }

    /// Where the canonical text ends so far.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        self.done.len() + (self.at - self.kept)
    }

    /// The next byte, if it is this one, is passed.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    #[inline]
    pub(crate) fn skip_space(&mut self) {
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.skip_some_space();
        }
    }

    #[cold]
    fn skip_some_space(&mut self) {
        let from = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        if self.at > from {
            self.replace(from, &[]);
        }
    }

    /// The end of the text: gives back all of it in canonical spelling, borrowed if it was canonical. Repeated names are still in it.
    pub(crate) fn finish(mut self) -> Result<Cow<'a, str>, CodecError> {
        self.skip_space();
        if self.peek().is_some() {
            return Err(self.error("text after the end of the value"));
        }
        let rest = self.source.get(self.kept..).unwrap_or_default();
        if self.done.is_empty() {
            return std::str::from_utf8(rest)
                .map(Cow::Borrowed)
                .map_err(|error| CodecError::malformed("JSON", error));
        }
        self.done.extend_from_slice(rest);
        String::from_utf8(self.done)
            .map(Cow::Owned)
            .map_err(|error| CodecError::malformed("JSON", error))
    }

    /// Passes one value that stands `depth` levels deep. A loop with its own stack, so that no input can exhaust the thread's.
    pub(crate) fn value(&mut self, depth: usize) -> Result<(), CodecError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let opened = match self.peek() {
                Some(b'"') => self.string().map(|_| false)?,
                Some(b'{') => self.open(&mut open, b'}', depth)?,
                Some(b'[') => self.open(&mut open, b']', depth)?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|()| false)?,
                Some(_) => self.word().map(|()| false)?,
                None => return Err(self.error("the text ends where a value should stand")),
            };
            if opened {
                continue;
            }
            loop {
                let Some(Open { close, names, from }) = open.last_mut() else {
                    return Ok(());
                };
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_space();
                        if *close == b'}' {
                            self.name(names)?;
                        }
                        break;
                    }
                    Some(byte) if byte == *close => {
                        self.at += 1;
                        self.close_names(*names, *from);
                        open.pop();
                    }
                    _ => {
                        return Err(self.error("expected a comma or the end of a list or object"));
                    }
                }
            }
        }
    }

    /// Passes `[` or `{` (with the first name). False if it closes at once, and so is a whole value.
    fn open(&mut self, open: &mut Vec<Open>, close: u8, depth: usize) -> Result<bool, CodecError> {
        if depth + open.len() >= MAX_DEPTH {
            return Err(self.error("more than 1000 lists and objects inside each other"));
        }
        self.at += 1;
        self.skip_space();
        if self.eat(close) {
            return Ok(false);
        }
        let (mut names, from) = (Names::default(), self.names.len());
        if close == b'}' {
            self.name(&mut names)?;
        }
        open.push(Open { close, names, from });
        Ok(true)
    }

    /// Passes a name and its colon, and gives the place of the name between its quotes.
    #[inline]
    pub(crate) fn name(&mut self, names: &mut Names) -> Result<Range<Mark>, CodecError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a name in double quotes"));
        }
        let (from, start) = (self.at + 1, self.mark() + 1);
        if self.string()? {
            names.note(self.source.get(from..self.at - 1).unwrap_or_default());
        } else {
            names.note_escaped();
        }
        let name = start..self.mark() - 1;
        self.skip_space();
        if !self.eat(b':') {
            return Err(self.error("expected a colon"));
        }
        self.skip_space();
        self.names.push(name.clone());
        Ok(name)
    }

    /// The end of an object: compares its names, which are those from this one on, and forgets them.
    #[inline]
    pub(crate) fn close_names(&mut self, names: Names, from: usize) {
        if names.may_repeat() && !self.repeated {
            self.compare_names(from);
        }
        self.names.truncate(from);
    }

    fn compare_names(&mut self, from: usize) {
        if !self.done.is_empty() {
            // So that all of the text stands in one place.
            self.replace(self.at, &[]);
        }
        let text = match self.done.as_slice() {
            [] => self.source.get(self.kept..).unwrap_or_default(),
            done => done,
        };
        let names = self.names.get(from..).unwrap_or_default();
        self.repeated = repeats(
            names
                .iter()
                .map(|name| text.get(name.clone()).unwrap_or_default()),
        );
    }

    /// Whether a name stood twice in one object.
    pub(crate) fn repeated(&self) -> bool {
        self.repeated
    }

    /// Passes a string; tells whether it is without escapes.
    #[inline]
    fn string(&mut self) -> Result<bool, CodecError> {
        self.at += 1;
        self.at += plain_run(self.source.get(self.at..).unwrap_or_default());
        if self.eat(b'"') {
            return Ok(true);
        }
        self.escaped_string().map(|()| false)
    }

    /// The rest of a string, from its first escape on.
    fn escaped_string(&mut self) -> Result<(), CodecError> {
        loop {
            let from = self.at;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let unit = self.escape()?;
                    self.respell(from, unit);
                }
                Some(byte @ 0x7f..) => {
                    self.at += 1;
                    self.respell(from, u16::from(byte));
                }
                Some(_) => return Err(self.error("a control character that is not escaped")),
                None => return Err(self.error("a string without its closing quote")),
            }
            self.at += plain_run(self.source.get(self.at..).unwrap_or_default());
        }
    }

    fn escape(&mut self) -> Result<u16, CodecError> {
        match self.source.get(self.at + 1..) {
            Some([b'u', digits @ ..]) => {
                self.at += 6;
                unit_of(digits)
            }
            Some([short, ..]) => {
                self.at += 2;
                long_form(*short)
            }
            _ => None,
        }
        .ok_or_else(|| self.error("an unknown escape before this place"))
    }

    /// Brings what stands from `from` to here into the canonical spelling of `unit`.
    fn respell(&mut self, from: usize, unit: u16) {
        let spelling = Spelling::of(unit);
        if self.source.get(from..self.at) != Some(spelling.as_bytes()) {
            self.replace(from, spelling.as_bytes());
        }
    }

    /// Puts `text` in the place of the source from `from` to here.
    fn replace(&mut self, from: usize, text: &[u8]) {
        self.done
            .extend_from_slice(self.source.get(self.kept..from).unwrap_or_default());
        self.done.extend_from_slice(text);
        self.kept = self.at;
    }

    /// Passes a number by Python's grammar and keeps its spelling: digits beyond any Rust type must survive.
    fn number(&mut self) -> Result<(), CodecError> {
        let from = self.at;
        let negative = self.eat(b'-');
        if negative && self.peek() == Some(b'I') {
            return self.word();
        }
        if self.eat(b'0') {
            if negative && !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
                // Python's int has no negative zero, Rust's readers make a float of it.
                self.replace(from, b"0");
            }
        } else if self.digits() == 0 {
            return Err(self.error("a number without digits"));
        }
        if self.eat(b'.') && self.digits() == 0 {
            return Err(self.error("a number without digits after the point"));
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return Err(self.error("a number without digits in its exponent"));
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let count = self
            .source
            .get(self.at..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.at += count;
        count
    }

    fn word(&mut self) -> Result<(), CodecError> {
        let rest = self.source.get(self.at..).unwrap_or_default();
        for word in ["true", "false", "null", "NaN", "Infinity"] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err(self.error("expected a value"))
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    #[cold]
    pub(crate) fn error(&self, reason: &'static str) -> CodecError {
        CodecError::malformed(
            "JSON",
            Syntax {
                reason,
                at: self.at.min(self.source.len()),
            },
        )
    }
}

#[cfg(test)]
mod tests;
