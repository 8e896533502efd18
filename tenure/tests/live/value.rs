//! A value in a session, whichever side writes it.

use std::fmt::Write as _;

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    /// Digits beyond every integer of Rust's.
    Huge(String),
    Float(f64),
    Text(String),
    /// Half a surrogate pair between two letters.
    Half(u16),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    /// JSON text that Python reads as this value.
    pub(crate) fn json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Null => write!(out, "null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Integer(value) => write!(out, "{value}"),
            Self::Huge(digits) => write!(out, "{digits}"),
            Self::Float(value) if value.is_nan() => write!(out, "NaN"),
            Self::Float(value) if value.is_infinite() => {
                write!(out, "{}Infinity", if *value < 0.0 { "-" } else { "" })
            }
            // Rust's shortest digits, which Python reads as the same float.
            Self::Float(value) => write!(out, "{value:?}"),
            Self::Text(text) => write!(out, "{}", quoted(text)),
            Self::Half(unit) => write!(out, "\"a\\u{unit:04x}z\""),
            Self::List(values) => {
                out.push('[');
                for (number, value) in values.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    value.write(out);
                }
                write!(out, "]")
            }
            Self::Map(entries) => {
                out.push('{');
                for (number, (name, value)) in entries.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    out.push_str(&quoted(name));
                    out.push(':');
                    value.write(out);
                }
                write!(out, "}}")
            }
        };
    }
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// As a program in Rust would give it to a session.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i128(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (name, value) in entries {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Huge(_) | Self::Half(_) => unreachable!("Django alone makes these"),
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match number.as_i128() {
                Some(number) => Self::Integer(number),
                None => Self::Float(number.as_f64().unwrap()),
            },
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(values) => {
                Self::List(values.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(map) => Self::Map(
                map.into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect(),
            ),
        }
    }
}
