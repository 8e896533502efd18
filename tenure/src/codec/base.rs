//! Numbers and bytes as text: base62 and base64url, as Django writes and reads them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use self::engine::base64url;

use crate::error::CodecError;

/// Writes a number with the digits `0-9A-Za-z`, as [`django.core.signing.b62_encode`].
///
/// [`django.core.signing.b62_encode`]: https://github.com/django/django/blob/5.2/django/core/signing.py
pub(crate) fn base62(number: i64) -> String {
    let mut digits = Vec::with_capacity(11);
    let mut rest = number.unsigned_abs();
    loop {
        // A remainder below 62 fits a byte, so that this falls back to nothing.
        let digit = u8::try_from(rest % 62).unwrap_or_default();
        digits.push(match digit {
            0..10 => b'0' + digit,
            10..36 => b'A' + digit - 10,
            _ => b'a' + digit - 36,
        });
        rest /= 62;
        if rest == 0 {
            break;
        }
    }
    let sign = if number < 0 { "-" } else { "" };
    sign.chars()
        .chain(digits.iter().rev().map(|&digit| char::from(digit)))
        .collect()
}

/// Reads what [`base62`] wrote. A number beyond 64 bits, which Python can hold, becomes the nearest that fits.
pub(crate) fn base62_value(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None if text.is_empty() => return None,
        None => (1, text),
    };
    digits.bytes().try_fold(0_i64, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        Some(
            value
                .saturating_mul(62)
                .saturating_add(sign * i64::from(digit)),
        )
    })
}

/// The engine for texts of any length. It looks at what the processor can do, once.
#[cfg(target_arch = "x86_64")]
mod engine {
    use std::sync::LazyLock;

    use base64::{
        Engine,
        engine::{Simd, general_purpose::NO_PAD},
    };

    pub(super) fn base64url() -> &'static impl Engine {
        static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
        &*ENGINE
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod engine {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    pub(super) fn base64url() -> &'static impl Engine {
        &BASE64_URL_SAFE_NO_PAD
    }
}

/// Appends base64url without padding.
///
/// Straight into the text: `encode_string` goes by way of a buffer, kilobyte by kilobyte.
pub(crate) fn push_base64(out: &mut String, bytes: &[u8]) {
    let mut text = std::mem::take(out).into_bytes();
    let before = text.len();
    text.resize(before + (bytes.len() * 4).div_ceil(3), 0);
    if let Some(room) = text.get_mut(before..) {
        // It has just the room that is needed.
        let _ = base64url().encode_slice(bytes, room);
    }
    // It was text before, and base64 is. That is looked at, which takes a tenth of what the encoding does.
    *out = String::from_utf8(text).unwrap_or_default();
}

/// The base64url of 32 bytes.
pub(crate) fn base64_of(bytes: &[u8; 32]) -> [u8; 43] {
    let mut text = [0; 43];
    // It has just the room that is needed.
    let _ = BASE64_URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
    text
}

/// Reads base64url as Python does after Django has added the padding it thinks is missing.
///
/// That takes `+` and `/` for `-` and `_`, skips what is outside the alphabet, and ends at padding where padding may stand.
pub(crate) fn base64_bytes(text: &str) -> Result<Vec<u8>, CodecError> {
    base64url()
        .decode(text)
        .or_else(|error| lenient(text).ok_or_else(|| CodecError::malformed("base64", error)))
}

fn lenient(text: &str) -> Option<Vec<u8>> {
    let missing = text.len().wrapping_neg() % 4;
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut filled, mut padding) = (0_u8, 0, 0);
    for byte in text.bytes().chain(std::iter::repeat_n(b'=', missing)) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            b'=' if filled >= 2 => {
                padding += 1;
                if filled + padding >= 4 {
                    return Some(out);
                }
                continue;
            }
            _ => continue,
        };
        padding = 0;
        match filled {
            0 => bits = six,
            1 => {
                out.push(bits << 2 | six >> 4);
                bits = six & 0xf;
            }
            2 => {
                out.push(bits << 4 | six >> 2);
                bits = six & 0x3;
            }
            _ => out.push(bits << 6 | six),
        }
        filled = (filled + 1) % 4;
    }
    (filled == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base62_refuses_other_digits_and_stops_at_64_bits() {
        for text in ["", "~", "1 ", "é", "1-", "--1", "+1"] {
            assert_eq!(base62_value(text), None, "{text:?}");
        }
        // Python: an empty sum.
        assert_eq!(base62_value("-"), Some(0));
        assert_eq!(base62_value("zzzzzzzzzzzzzzzzzzzz"), Some(i64::MAX));
        assert_eq!(base62_value("-zzzzzzzzzzzzzzzzzzzz"), Some(i64::MIN));
        assert_eq!(base62_value(&base62(i64::MIN)), Some(i64::MIN));
    }

    // Each expectation is what Python 3.11 gives: base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)).
    #[test]
    fn base64_is_read_as_in_python() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("YQ", Some(b"a")),
            ("YR", Some(b"a")),
            ("YQ==", Some(b"a")),
            ("YQ=", Some(b"a")),
            ("YQ==YQ==", Some(b"a")),
            ("=YQ=", None),
            ("==YQ", None),
            ("Y", None),
            ("YWJj!", Some(b"abc")),
            ("Y=W=J=j", Some(b"ab")),
            ("YW=J", None),
            ("__79", Some(b"\xff\xfe\xfd")),
            ("//79", Some(b"\xff\xfe\xfd")),
            ("é", Some(b"")),
            ("YWé", None),
            ("====", Some(b"")),
            ("YQ=!=", Some(b"a")),
            ("YWJjZ", None),
            ("YWJj=", Some(b"abc")),
            ("YWJj==YWJj", Some(b"abcabc")),
            ("Y!Q", None),
            ("YW!!", None),
            ("YWJ=j", Some(b"ab")),
            ("YQ=Q=", Some(b"a\x04")),
            ("YQ=QYQ", None),
        ] {
            assert_eq!(base64_bytes(text).ok().as_deref(), bytes, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn both_come_back(number in any::<i64>(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            prop_assert_eq!(base62_value(&base62(number)), Some(number));
            let mut text = String::from("é ");
            push_base64(&mut text, &bytes);
            prop_assert_eq!(&text[3..], BASE64_URL_SAFE_NO_PAD.encode(&bytes));
            let text = &text[3..];
            prop_assert_eq!(lenient(text).unwrap(), bytes.clone());
            prop_assert_eq!(base64_bytes(text).unwrap(), bytes);
        }

        #[test]
        fn long_text_that_is_not_quite_base64_is_read_as_its_engine_without_vectors_does(
            bytes in prop::collection::vec(any::<u8>(), 40..600),
            at in any::<prop::sample::Index>(),
            other in any::<char>(),
        ) {
            let text = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
            let at = at.index(text.len());
            let text = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            let read = BASE64_URL_SAFE_NO_PAD.decode(&text).ok().or_else(|| lenient(&text));
            prop_assert_eq!(base64_bytes(&text).ok(), read);
        }
    }
}
