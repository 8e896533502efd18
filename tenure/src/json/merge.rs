//! Names that stand twice in an object: Python keeps the first place and the last value, and so does what is kept here.

use std::collections::{HashMap, HashSet};

use super::text::string_end;

/// Up to this many names are compared one with another; beyond it they are hashed, so that many names cost no more than many bytes.
pub(crate) const FEW: usize = 32;

/// What is known of an object's names while it is read.
///
/// Each name sets one of 64 bits. As long as all bits differ, so do the names, and need not be compared: of a handful they mostly do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Names {
    seen: u64,
    /// Two have set the same bit, or one is spelled in a way of its own.
    doubtful: bool,
}

impl Names {
    /// Notes a name that needs no escapes. Whether one that was noted before may be the same.
    #[inline]
    pub(crate) fn note(&mut self, name: &[u8]) -> bool {
        let of = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
        let mixed = (of(name.first()) * 5) ^ (of(name.last()) * 11) ^ name.len();
        let bit = 1 << (mixed & 63);
        let met = self.seen & bit != 0;
        self.doubtful |= met;
        self.seen |= bit;
        met
    }

    /// Notes a name that has escapes.
    pub(crate) fn note_escaped(&mut self) {
        self.doubtful = true;
    }

    /// Whether two may be the same.
    #[inline]
    pub(crate) fn may_repeat(&self) -> bool {
        self.doubtful
    }
}

/// Whether any of the names stands twice.
pub(crate) fn repeats<'a>(names: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> bool {
    if names.len() <= FEW {
        return names
            .clone()
            .enumerate()
            .any(|(index, name)| names.clone().take(index).any(|earlier| earlier == name));
    }
    let mut seen = HashSet::with_capacity(names.len());
    names.into_iter().any(|name| !seen.insert(name))
}

/// Canonical text with each name once. Rarely needed, and so made simple rather than fast.
pub(crate) fn merge_repeated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    Cursor { rest: text }.value(&mut out);
    out
}

/// Walks over canonical text, which needs no checks. It recurses; the scanner has bounded the depth.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn value(&mut self, out: &mut String) {
        match self.rest.as_bytes().first() {
            Some(b'{') => self.object(out),
            Some(b'[') => self.list(out),
            Some(b'"') => out.push_str(self.string()),
            _ => {
                let end = self.rest.find([',', ']', '}']).unwrap_or(self.rest.len());
                out.push_str(self.take(end));
            }
        }
    }

    fn list(&mut self, out: &mut String) {
        out.push_str(self.take(1));
        while !self.rest.is_empty() && !self.rest.starts_with(']') {
            if self.rest.starts_with(',') {
                out.push_str(self.take(1));
            }
            self.value(out);
        }
        out.push_str(self.take(1));
    }

    fn object(&mut self, out: &mut String) {
        let mut places = HashMap::new();
        let mut members: Vec<(&str, String)> = Vec::new();
        self.take(1);
        while !self.rest.is_empty() && !self.rest.starts_with('}') {
            if self.rest.starts_with(',') {
                self.take(1);
            }
            let name = self.string();
            self.take(1);
            let mut value = String::new();
            self.value(&mut value);
            let place = *places.entry(name).or_insert(members.len());
            match members.get_mut(place) {
                Some(first) => first.1 = value,
                None => members.push((name, value)),
            }
        }
        self.take(1);
        out.push('{');
        for (index, (name, value)) in members.iter().enumerate() {
            for part in [if index == 0 { "" } else { "," }, name, ":", value] {
                out.push_str(part);
            }
        }
        out.push('}');
    }

    /// A string with its quotes.
    fn string(&mut self) -> &'a str {
        self.take(string_end(self.rest))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}
