//! What a pickle has built, and its JSON text.

use std::fmt::Write as _;

use super::{class::Class, integer, lines, problem::Problem};
use crate::{
    error::CodecError,
    json::{MAX_DEPTH, push_escaped_units, push_escaped_utf8, push_float},
};

/// A value among those that the reader has built.
pub(super) type Id = usize;

/// A value. What it holds are other values by their place, as a value may stand in several.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Word(&'static str),
    Int(i32),
    /// Bytes of a number of any size.
    Long(&'a [u8]),
    /// Decimal digits.
    Digits(&'a str),
    Float(f64),
    /// UTF-8 in which half a surrogate pair may stand.
    Text(&'a [u8]),
    /// Text as protocol 0 writes it.
    Line(&'a [u8]),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    /// Keys and values in turn.
    Dict(Vec<Id>),
    Class(Class),
    /// A value that JSON has not, by the name of its type.
    Foreign(&'static str),
}

/// Of a key in an error, in bytes of JSON: errors go to logs.
const LONGEST_SHOWN: usize = 100;

/// A list or dict that is being written.
struct Open<'t> {
    items: &'t [Id],
    dict: bool,
    written: usize,
}

/// The JSON text of the value `root`, of at most `limit` bytes: a value that stands in several places is written at each of them.
pub(super) fn to_json(nodes: &[Node<'_>], root: Id, limit: usize) -> Result<String, CodecError> {
    let mut out = String::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = Some(root);
    // Where in `out` the key of the dict at the top stands whose value is being written.
    let mut top_key = 0..0;
    loop {
        let opens = match next.map(|id| nodes.get(id)) {
            None => None,
            Some(Some(Node::Foreign(class))) => return Err(foreign(class, out.get(top_key))),
            Some(Some(Node::Dict(items))) => Some((items, true)),
            Some(Some(Node::List(items) | Node::Tuple(items))) => Some((items, false)),
            Some(scalar) => {
                push_scalar(&mut out, scalar)?;
                None
            }
        };
        if let Some((items, dict)) = opens {
            // A value that holds itself ends here too.
            if open.len() >= MAX_DEPTH {
                return Err(Problem::Shape("values nest more than 1000 deep").into());
            }
            out.push(if dict { '{' } else { '[' });
            open.push(Open {
                items,
                dict,
                written: 0,
            });
        }
        if out.len() > limit {
            return Err(CodecError::TooLarge { limit });
        }
        let depth = open.len();
        let Some(top) = open.last_mut() else {
            return Ok(out);
        };
        next = top.items.get(top.written).copied();
        match next {
            None => {
                out.push(if top.dict { '}' } else { ']' });
                open.pop();
            }
            Some(key) if top.dict && top.written % 2 == 0 => {
                if top.written > 0 {
                    out.push(',');
                }
                let key = nodes.get(key);
                if let Some(Node::Foreign(class)) = key {
                    let under = out.get(top_key).filter(|_| depth > 1);
                    return Err(foreign(class, under));
                }
                let start = out.len();
                push_key(&mut out, key)?;
                next = None;
                top.written += 1;
                if depth == 1 {
                    top_key = start..out.len() - 1;
                }
            }
            Some(_) => {
                if !top.dict && top.written > 0 {
                    out.push(',');
                }
                top.written += 1;
            }
        }
    }
}

/// `key` is the text of the key at the top under which it stands, if it stands under one.
fn foreign(class: &'static str, key: Option<&str>) -> CodecError {
    let key = key.filter(|key| key.len() <= LONGEST_SHOWN);
    CodecError::PythonValue {
        class,
        key: key.and_then(|key| serde_json::from_str(key).ok()),
    }
}

/// A key with its colon: text, or what `json.dumps` makes text of.
fn push_key(out: &mut String, key: Option<&Node<'_>>) -> Result<(), CodecError> {
    let quote = match key {
        Some(Node::Text(_) | Node::Line(_)) => "",
        Some(Node::List(_) | Node::Tuple(_) | Node::Dict(_)) => {
            return Err(Problem::Shape("a key in a dict is neither text nor a number").into());
        }
        _ => "\"",
    };
    out.push_str(quote);
    push_scalar(out, key)?;
    out.push_str(quote);
    out.push(':');
    Ok(())
}

fn push_scalar(out: &mut String, scalar: Option<&Node<'_>>) -> Result<(), CodecError> {
    let written = match scalar {
        Some(Node::Word(word)) => out.write_str(word),
        Some(Node::Int(number)) => write!(out, "{number}"),
        Some(Node::Long(bytes)) => out.write_str(&integer::to_text(bytes)),
        Some(Node::Digits(digits)) => out.write_str(digits),
        Some(Node::Float(number)) => push_float(out, *number),
        Some(Node::Text(text)) => {
            out.push('"');
            if !push_escaped_utf8(out, text) {
                return Err(Problem::Shape("a text that is not UTF-8").into());
            }
            out.write_str("\"")
        }
        Some(Node::Line(line)) => {
            out.push('"');
            push_escaped_units(out, &lines::units(line)?);
            out.write_str("\"")
        }
        _ => return Err(Problem::Shape("a class stands where a value should").into()),
    };
    written.map_err(|error| CodecError::malformed("pickle", error))
}
