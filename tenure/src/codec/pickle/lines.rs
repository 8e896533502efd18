//! The values that protocol 0 writes as lines of text.

use super::problem::Problem;

/// A whole number as `int(text)` reads it, in its one spelling.
pub(super) fn integer(line: &[u8]) -> Result<&str, Problem> {
    let text = str::from_utf8(line).unwrap_or_default();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let sound = digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.is_empty()
        && (text == "0" || !digits.starts_with('0'));
    if sound {
        Ok(text)
    } else {
        Err(Problem::Shape("a line of text that is no whole number"))
    }
}

/// A float as `float(text)` reads what `repr` wrote.
pub(super) fn float(line: &[u8]) -> Result<f64, Problem> {
    let text = str::from_utf8(line).unwrap_or_default();
    text.parse()
        .map_err(|_| Problem::Shape("a line of text that is no number"))
}

/// The UTF-16 units of text in Python's encoding `raw-unicode-escape`: latin-1, and escapes for whatever it has not.
pub(super) fn units(line: &[u8]) -> Result<Vec<u16>, Problem> {
    let mut units = Vec::with_capacity(line.len());
    let mut rest = line;
    while let [first, tail @ ..] = rest {
        let digits = match tail.first() {
            Some(b'u') if *first == b'\\' => 4,
            Some(b'U') if *first == b'\\' => 8,
            _ => {
                units.push(u16::from(*first));
                rest = tail;
                continue;
            }
        };
        let number = tail
            .get(1..=digits)
            .and_then(|digits| str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let number = number.ok_or(Problem::Shape("an escape in a text that is none"))?;
        match (u16::try_from(number), char::from_u32(number)) {
            (Ok(unit), _) => units.push(unit),
            (_, Some(character)) => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
            _ => return Err(Problem::Shape("an escape in a text that is no character")),
        }
        rest = tail.get(digits + 1..).unwrap_or_default();
    }
    Ok(units)
}
