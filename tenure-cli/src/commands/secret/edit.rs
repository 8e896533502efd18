//! The text of a settings file with other secrets: everything else stays as it is, to the byte.

use toml_edit::{Array, DocumentMut, Item, Value};

const KEY: &str = "SECRET_KEY";
const FALLBACKS: &str = "SECRET_KEY_FALLBACKS";

/// The new text.
pub(super) struct Edited {
    pub(super) text: String,
    /// How many fallbacks are in it.
    pub(super) fallbacks: u64,
}

/// Why a text cannot be edited. They quote nothing, since what they would quote may be a secret.
const NO_SECRET: &str = "there is no SECRET_KEY in it";
const NO_TEXT: &str = "its SECRET_KEY is empty or no text";
const NO_LIST: &str = "its SECRET_KEY_FALLBACKS is no list of texts";
const NO_FALLBACK: &str = "there is no secret in its SECRET_KEY_FALLBACKS";

/// `secret` as `SECRET_KEY`, and the present one in front of the fallbacks.
pub(super) fn rotate(text: &str, secret: &str) -> Result<Edited, String> {
    let mut document = parse(text)?;
    let mut fallbacks = fallbacks(&document)?;
    let item = document.get_mut(KEY).ok_or(NO_SECRET)?;
    let value = item.as_value_mut().ok_or(NO_TEXT)?;
    let old = value.as_str().filter(|old| !old.is_empty());
    let old = old.ok_or(NO_TEXT)?.to_owned();
    replace(value, secret.into());
    fallbacks.insert(0, old);
    set(&mut document, fallbacks)
}

/// Without the last of the fallbacks, which is the oldest.
pub(super) fn forget(text: &str) -> Result<Edited, String> {
    let mut document = parse(text)?;
    let mut fallbacks = fallbacks(&document)?;
    let last = fallbacks.len().checked_sub(1).ok_or(NO_FALLBACK)?;
    fallbacks.remove(last);
    set(&mut document, fallbacks)
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("it is no TOML, in line {line}")
    })
}

/// The fallbacks as they stand there: a list, or one bare secret.
fn fallbacks(document: &DocumentMut) -> Result<Array, &'static str> {
    let Some(item) = document.get(FALLBACKS) else {
        return Ok(Array::new());
    };
    match item.as_value().ok_or(NO_LIST)? {
        Value::Array(list) if list.iter().all(Value::is_str) => Ok(list.clone()),
        Value::String(text) => Ok(Array::from_iter([text.value().as_str()])),
        _ => Err(NO_LIST),
    }
}

fn set(document: &mut DocumentMut, fallbacks: Array) -> Result<Edited, String> {
    let count = u64::try_from(fallbacks.len()).unwrap_or(u64::MAX);
    match document.get_mut(FALLBACKS).map(Item::as_value_mut) {
        Some(Some(value)) => replace(value, fallbacks.into()),
        Some(None) => return Err(NO_LIST.into()),
        None => {
            document.insert(FALLBACKS, toml_edit::value(fallbacks));
        }
    }
    Ok(Edited {
        text: document.to_string(),
        fallbacks: count,
    })
}

/// Puts `new` in the place of a value, between the same spaces and comments.
fn replace(value: &mut Value, mut new: Value) {
    *new.decor_mut() = value.decor().clone();
    *value = new;
}
