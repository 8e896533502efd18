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
    text::{Spelling, long_form, plain_run, unit_of},
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
        let flags = special(word);
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

/// The lowest byte with its high bit set is the first quote or backslash. The bytes are ASCII.
#[inline]
fn special(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let equal = |byte: u8| (word ^ (EACH * u64::from(byte))).wrapping_sub(EACH);
    (equal(b'"') | equal(b'\\')) & (EACH * 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::Scanner;

    /// What [`members`] gives, as texts.
    fn found(text: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
        let mut found = Vec::new();
        members(text, |key, value| found.push((&text[key], &text[value])))?;
        Some(found)
    }

    #[test]
    fn what_is_spelled_as_django_writes_it_is_indexed() {
        for (text, members) in [
            ("{}", &[][..]),
            (r#"{"a":1}"#, &[("a", "1")]),
            (r#"{"":""}"#, &[("", "\"\"")]),
            (
                r#"{"longer than a word":[1,-2.5e+10,{"a":{}}],"b":[]}"#,
                &[
                    ("longer than a word", "[1,-2.5e+10,{\"a\":{}}]"),
                    ("b", "[]"),
                ],
            ),
            (
                r#"{"n":[NaN,Infinity,-Infinity,true,false,null,0,-0.0]}"#,
                &[("n", "[NaN,Infinity,-Infinity,true,false,null,0,-0.0]")],
            ),
            (
                r#"{"\u00e9\"\\":"\n\ud83d\ude00, plain again"}"#,
                &[(r#"\u00e9\"\\"#, r#""\n\ud83d\ude00, plain again""#)],
            ),
            (
                r#"{"a":{"x":1},"b":{"x":1}}"#,
                &[("a", r#"{"x":1}"#), ("b", r#"{"x":1}"#)],
            ),
        ] {
            let found = found(text.as_bytes()).unwrap();
            let expected: Vec<_> = members
                .iter()
                .map(|(key, value)| (key.as_bytes(), value.as_bytes()))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn whatever_else_there_is_is_left_alone() {
        for text in [
            "",
            "[]",
            "{",
            "}",
            "null",
            "{} ",
            " {}",
            "{\"a\": 1}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":01}",
            "{\"a\":-0}",
            "{\"a\":-}",
            "{\"a\":1.}",
            "{\"a\":1e}",
            "{\"a\":.5}",
            "{\"a\":nul}",
            "{\"a\":[1,]}",
            "{\"a\":[1}}",
            "{\"a\":{\"b\":1]}",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":\"\\u00E9\"}",
            "{\"a\":\"\\/\"}",
            "{\"a\":\"\\u0041\"}",
            "{\"a\":\"\u{7f}\"}",
            "{\"a\":\"\t\"}",
            "{\"a\":\"é\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{\"a\":1}}",
            "{\"a\":+Infinity}",
            "{\"a\":-NaN}",
            // A name that stands twice, also where the second one is near the end.
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,\"b\":2,\"a\":[1,2,3,4,5,6,7,8,9]}",
            "{\"b\":[{\"x\":1,\"x\":2}],\"c\":12345678}",
            "{\"\\u00e9\":1,\"\\u00e9\":2}",
        ] {
            assert_eq!(found(text.as_bytes()), None, "{text}");
        }
        let repeated = |count: usize| {
            let names: Vec<String> = (0..count)
                .map(|number| format!("\"name {}\":1", number % (count - 1)))
                .collect();
            format!("{{{}}}", names.join(","))
        };
        for count in [FEW - 1, FEW, FEW + 1, FEW + 2, 1000] {
            assert_eq!(found(repeated(count).as_bytes()), None, "{count}");
        }
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(found(nested(MAX_DEPTH - 1).as_bytes()).is_some());
        assert!(found(nested(MAX_DEPTH).as_bytes()).is_none());
        assert!(found(nested(1_000_000).as_bytes()).is_none());
    }

    /// Texts that are JSON or nearly so.
    fn nearly_json() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            4 => "[a-c]{0,3}".prop_map(|text| format!("\"{text}\"")),
            2 => "\\PC{0,12}".prop_map(|text| format!("\"{text}\"")),
            2 => r#"(\\u00e9|\\"|\\\\|\\n|\\/|\\u0041|\\ud800|[ -!#-\[\]-~]){0,12}"#.prop_map(|text| format!("\"{text}\"")),
            4 => "-?[0-9]{1,3}(\\.[0-9]{1,2})?(e[+-]?[0-9])?",
            2 => "(true|false|null|NaN|Infinity|-Infinity|-0)",
            1 => "[ -~]{0,2}",
        ];
        let value = scalar.prop_recursive(4, 40, 6, |inner| {
            let name = prop_oneof![
                6 => "[a-e]{1,2}",
                2 => "[a-c]{7,10}",
                1 => r"(\\u00e9|\\n|x){1,3}",
            ];
            let members = prop::collection::vec((name, inner.clone()), 0..6);
            prop_oneof![
                prop::collection::vec(inner, 0..5)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                members.prop_map(|members| {
                    let members: Vec<_> = members
                        .iter()
                        .map(|(name, value)| format!("\"{name}\":{value}"))
                        .collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        });
        let members = prop::collection::vec(("[a-h]{1,3}", value), 0..8);
        members.prop_map(|members| {
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            format!("{{{}}}", members.join(","))
        })
    }

    /// The canonical spelling, where the scanner takes the text and finds no name twice.
    fn canonical(text: &[u8]) -> Option<String> {
        let mut scanner = Scanner::new(text);
        scanner.value(0).ok()?;
        let repeated = scanner.repeated();
        let text = scanner.finish().ok()?;
        (!repeated).then(|| text.into_owned())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn exactly_what_the_scanner_finds_canonical_is_taken(
            text in nearly_json(),
            change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut bytes = text.into_bytes();
            if let Some((place, byte)) = change {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            let is_canonical = canonical(&bytes).is_some_and(|text| text.as_bytes() == bytes && text.starts_with('{'));
            let taken = found(&bytes);
            prop_assert_eq!(taken.is_some(), is_canonical);
            for (key, value) in taken.into_iter().flatten() {
                let value = std::str::from_utf8(value).unwrap();
                let canonical_value = canonical(value.as_bytes());
                prop_assert_eq!(canonical_value.as_deref(), Some(value));
                let alone = [b"{\"", key, b"\":1}"].concat();
                prop_assert!(canonical(&alone).is_some());
            }
        }
    }
}
