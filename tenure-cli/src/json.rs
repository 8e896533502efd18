//! JSON for people: one key a line, letters instead of their escapes.

use std::io;

use tenure::{Data, Json};

use crate::output::Out;

/// A session as people read it.
pub(crate) fn write_data(data: &Data, out: Out<'_>) -> io::Result<()> {
    if data.is_empty() {
        return writeln!(out, "{{}}");
    }
    writeln!(out, "{{")?;
    for (index, (key, value)) in data.iter().enumerate() {
        let comma = if index + 1 < data.len() { "," } else { "" };
        let key = text(&key);
        writeln!(out, "  {}: {}{comma}", readable(&key), readable(value))?;
    }
    writeln!(out, "}}")
}

/// Any value as people read it.
pub(crate) fn write_value(value: &Json, out: Out<'_>) -> io::Result<()> {
    match as_data(value) {
        Some(data) => write_data(&data, out),
        None => writeln!(out, "{}", readable(value.as_str())),
    }
}

/// The value as an object, if it is one.
pub(crate) fn as_data(value: &Json) -> Option<Data> {
    value
        .as_str()
        .starts_with('{')
        .then(|| Data::from_json(value.as_str().as_bytes()).ok())?
}

/// A text as JSON.
pub(crate) fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Adds spaces, and shows what was escaped where it is safe to print: a terminal obeys what a control character says.
fn readable(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    let mut rest = json.chars();
    let mut inside = false;
    while let Some(character) = rest.next() {
        match character {
            '"' => inside = !inside,
            ',' | ':' if !inside => {
                out.push(character);
                out.push(' ');
                continue;
            }
            '\\' => {
                if let Some((letter, length)) = escaped(rest.as_str()) {
                    out.push(letter);
                    rest = rest.as_str().get(length..).unwrap_or_default().chars();
                } else {
                    out.push('\\');
                    out.extend(rest.next());
                }
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

/// The printable character that an escape stands for, and how long the escape is after its backslash.
fn escaped(rest: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok();
    let first = unit(rest)?;
    let second = rest
        .get(5..)
        .and_then(|rest| unit(rest.strip_prefix('\\')?));
    let pair = [Some(first), second];
    let mut letters = char::decode_utf16(pair.into_iter().flatten());
    let letter = letters.next()?.ok()?;
    let length = if letter.len_utf16() == 2 { 11 } else { 5 };
    printable(letter).then_some((letter, length))
}

/// Not ASCII, no control character, and nothing that changes the direction or joins what stands around it.
fn printable(letter: char) -> bool {
    !matches!(letter,
        '\0'..='\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_shown_and_control_characters_are_not() {
        for (json, text) in [
            (
                r#"{"a":[1,2],"b":"x:y,z"}"#,
                r#"{"a": [1, 2], "b": "x:y,z"}"#,
            ),
            (r#""Zo\u00eb \ud83d\ude00""#, "\"Zoë 😀\""),
            (
                r#""\u001b[31m \u202e \u0000 \u007f \u009b""#,
                r#""\u001b[31m \u202e \u0000 \u007f \u009b""#,
            ),
            (r#""\\u00eb \" \n""#, r#""\\u00eb \" \n""#),
            (r#""\ud83d\u00eb""#, r#""\ud83dë""#),
            (r#""\ud83d""#, r#""\ud83d""#),
            ("NaN", "NaN"),
        ] {
            assert_eq!(readable(json), text);
        }
    }
}
