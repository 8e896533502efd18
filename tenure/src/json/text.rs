//! Text between quotes: Python's escapes, in one spelling.

use std::borrow::Cow;

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many leading bytes need no escape: printable ASCII other than `"` and `\`.
///
/// Eight bytes at a time, as most of a session is such text. A carry or borrow can also flag a byte above one that is flagged rightly,
/// never below it, so that the lowest flag is exact.
#[inline]
pub(crate) fn plain_run(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // In turn: from 0x80, 0x7f, below 0x20, and the two that need a backslash. A high bit that these leave of a byte from 0x80 is
        // right, too.
        let others = word | word.wrapping_add(EACH) | word.wrapping_sub(EACH * 0x20);
        let flags = HIGH & others | quotes(word);
        if flags != 0 {
            return length + usize::try_from(flags.trailing_zeros() / 8).unwrap_or(0);
        }
        length += 8;
    }
    length + rest.iter().take_while(|&&byte| is_plain(byte)).count()
}

/// The high bits of those of eight bytes of ASCII that are a quote or backslash. A borrow flags at most bytes above one that is flagged
/// rightly, so that the lowest flag is exact.
#[inline]
pub(crate) fn quotes(word: u64) -> u64 {
    let equal = |byte: u8| (word ^ (EACH * u64::from(byte))).wrapping_sub(EACH);
    (equal(b'"') | equal(b'\\')) & HIGH
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..0x7f) && byte != b'"' && byte != b'\\'
}

/// One UTF-16 unit as Python's `json` writes it: itself, a short escape, or `\u` and four lower-case digits.
pub(super) struct Spelling {
    bytes: [u8; 6],
    length: usize,
}

impl Spelling {
    pub(super) fn of(unit: u16) -> Self {
        let [low, high] = unit.to_le_bytes();
        if high == 0 && is_plain(low) {
            return Self {
                bytes: [low, 0, 0, 0, 0, 0],
                length: 1,
            };
        }
        let short = match unit {
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            0x22 => b'"',
            0x5c => b'\\',
            _ => {
                let digits = [high >> 4, high & 0xf, low >> 4, low & 0xf];
                let [a, b, c, d] = digits.map(|digit| {
                    if digit < 10 {
                        b'0' + digit
                    } else {
                        b'a' + digit - 10
                    }
                });
                return Self {
                    bytes: [b'\\', b'u', a, b, c, d],
                    length: 6,
                };
            }
        };
        Self {
            bytes: [b'\\', short, 0, 0, 0, 0],
            length: 2,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Text as it stands between the quotes. Borrowed if nothing needs an escape, which is the rule for keys.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    let run = plain_run(text.as_bytes());
    if run == text.len() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    push_escaped(&mut out, text);
    Cow::Owned(out)
}

/// Appends text as it stands between the quotes.
pub(super) fn push_escaped(out: &mut String, mut text: &str) {
    while !text.is_empty() {
        let (plain, rest) = text
            .split_at_checked(plain_run(text.as_bytes()))
            .unwrap_or((text, ""));
        out.push_str(plain);
        let mut left = rest.chars();
        if let Some(character) = left.next() {
            push_escaped_units(out, character.encode_utf16(&mut [0; 2]));
        }
        text = left.as_str();
    }
}

/// The text that an escaped one stands for. A surrogate without its partner, which no Rust text can hold, becomes U+FFFD.
pub(crate) fn unescape(escaped: &str) -> Cow<'_, str> {
    if !escaped.contains('\\') {
        return Cow::Borrowed(escaped);
    }
    let characters = char::decode_utf16(units(escaped));
    Cow::Owned(
        characters
            .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// Appends the text that an escaped one stands for, in UTF-8. A surrogate without its partner is written as if it were a character, as
/// Python does under the name `surrogatepass`.
pub(crate) fn push_unescaped(out: &mut Vec<u8>, escaped: &str) {
    for character in char::decode_utf16(units(escaped)) {
        match character {
            Ok(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(half) => {
                let [high, low] = half.unpaired_surrogate().to_be_bytes();
                out.extend_from_slice(&[
                    0xed,
                    0x80 | (high & 0xf) << 2 | low >> 6,
                    0x80 | low & 0x3f,
                ]);
            }
        }
    }
}

/// Appends UTF-8 as it stands between the quotes, with half surrogate pairs as [`push_unescaped`] writes them. False if it is none.
pub(crate) fn push_escaped_utf8(out: &mut String, text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(chunk) = rest.utf8_chunks().next() {
        push_escaped(out, chunk.valid());
        match rest.get(chunk.valid().len()..) {
            Some([0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, tail @ ..]) => {
                let unit = 0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f);
                push_escaped_units(out, &[unit]);
                rest = tail;
            }
            Some([]) => return true,
            _ => return false,
        }
    }
    true
}

/// Appends UTF-16 as it stands between the quotes.
pub(crate) fn push_escaped_units(out: &mut String, units: &[u16]) {
    for unit in units {
        let spelling = Spelling::of(*unit);
        out.extend(spelling.as_bytes().iter().map(|byte| char::from(*byte)));
    }
}

/// Where the string at the start of canonical text ends, its quotes included.
pub(crate) fn string_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 1;
    loop {
        end += plain_run(bytes.get(end..).unwrap_or_default());
        match bytes.get(end) {
            Some(b'\\') => end += 2,
            _ => return end + 1,
        }
    }
}

/// The UTF-16 units that escaped text stands for.
fn units(escaped: &str) -> impl Iterator<Item = u16> {
    let mut bytes = escaped.bytes();
    std::iter::from_fn(move || {
        Some(match bytes.next()? {
            b'\\' => match bytes.next()? {
                b'u' => bytes
                    .by_ref()
                    .take(4)
                    .fold(0, |code, digit| code << 4 | hex_value(digit).unwrap_or(0)),
                short => long_form(short).unwrap_or(u16::from(short)),
            },
            plain => u16::from(plain),
        })
    })
}

/// What a short escape stands for.
pub(super) const fn long_form(short: u8) -> Option<u16> {
    Some(match short {
        b'b' => 0x08,
        b't' => 0x09,
        b'n' => 0x0a,
        b'f' => 0x0c,
        b'r' => 0x0d,
        b'"' => 0x22,
        b'/' => 0x2f,
        b'\\' => 0x5c,
        _ => return None,
    })
}

/// The UTF-16 unit that four hexadecimal digits at the start stand for.
pub(super) fn unit_of(digits: &[u8]) -> Option<u16> {
    let digits = digits.first_chunk::<4>()?;
    digits
        .iter()
        .try_fold(0, |code: u16, &digit| Some(code << 4 | hex_value(digit)?))
}

fn hex_value(digit: u8) -> Option<u16> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u16::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_run_ends_where_a_slow_one_does(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(plain_run(&bytes), bytes.iter().take_while(|&&byte| is_plain(byte)).count());
        }

        #[test]
        fn a_plain_run_of_nearly_plain_text(bytes in prop::collection::vec(0x1e_u8..=0x80, 0..40)) {
            prop_assert_eq!(plain_run(&bytes), bytes.iter().take_while(|&&byte| is_plain(byte)).count());
        }

        #[test]
        fn escaped_text_comes_back(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(escaped.bytes().all(|byte| matches!(byte, 0x20..0x7f)));
            prop_assert!(unescape(&escaped) == text);
        }
    }

    #[test]
    fn python_spelling() {
        assert_eq!(
            escape("a/b\u{7f}\u{0}\u{8}\u{c}\n\r\t\"\\ë€😀"),
            r#"a/b\u007f\u0000\b\f\n\r\t\"\\\u00eb\u20ac\ud83d\ude00"#
        );
        assert!(matches!(escape("plain_key"), Cow::Borrowed(_)));
    }
}
