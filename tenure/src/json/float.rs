//! Floats as Python spells them.

use std::{
    fmt::{self, LowerExp, Write as _},
    str::FromStr,
};

/// Appends a float as Python's `json.dumps` does: the shortest digits that are read as this float.
///
/// Rust's `Debug` changes to an exponent at the same sizes, but does not pad it, has other names for what is not finite, and rounds the
/// last digit another way.
pub(crate) fn push_float<F>(out: &mut String, value: F) -> fmt::Result
where
    F: fmt::Debug + LowerExp + FromStr + PartialEq + Copy,
{
    let start = out.len();
    write!(out, "{value:?}")?;
    let text = out.get(start..).unwrap_or_default();
    let text = match text {
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        "NaN" => return Ok(()),
        _ => match (even(text, &value), text.split_once('e')) {
            (None, None) => return Ok(()),
            (Some(even), None) => even,
            (even, Some((digits, exponent))) => {
                let digits = even
                    .as_deref()
                    .and_then(|even| even.split('e').next())
                    .unwrap_or(digits);
                let (sign, exponent) = match exponent.strip_prefix('-') {
                    Some(exponent) => ('-', exponent),
                    None => ('+', exponent),
                };
                format!("{digits}e{sign}{exponent:0>2}")
            }
        },
    };
    out.replace_range(start.., &text);
    Ok(())
}

/// The text that Python takes where it is not this one.
///
/// Of two shortest texts that are equally near, Rust takes the larger one, and Python the one that ends in an even digit.
fn even<F: LowerExp + FromStr + PartialEq>(text: &str, value: &F) -> Option<String> {
    let end = text.find('e').unwrap_or(text.len());
    let last = end.checked_sub(1)?;
    let digit = *text.as_bytes().get(last)?;
    if digit % 2 == 0 {
        return None;
    }
    let mut lower = text.to_owned();
    lower.replace_range(last..end, char::from(digit - 1).encode_utf8(&mut [0; 4]));
    // Nearly always this is another float already.
    if lower.parse::<F>().ok()? != *value {
        return None;
    }
    let shown = text.get(..end)?.trim_start_matches(['-', '0', '.']);
    let shown = shown.bytes().filter(u8::is_ascii_digit).count();
    let exact = format!("{value:.60e}");
    let digits = exact.bytes().take_while(|byte| *byte != b'e');
    let mut behind = digits.filter(u8::is_ascii_digit).skip(shown);
    let halfway = behind.next() == Some(b'5') && behind.all(|digit| digit == b'0');
    halfway.then_some(lower)
}
