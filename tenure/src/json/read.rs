//! Reading a value as a Rust type: `serde_json`, and the numbers that Python reads and it does not.

use serde::de::{
    DeserializeOwned, Deserializer, IntoDeserializer as _, Visitor,
    value::{Error, F64Deserializer},
};

use crate::error::{BoxError, ValueError};

/// Reads canonical JSON text as a Rust type.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, ValueError> {
    let result = match float(text) {
        Some(number) => T::deserialize(Float(number)).map_err(BoxError::from),
        None => serde_json::from_str(text).map_err(|error| {
            if holds_not_finite(text) {
                "NaN or Infinity inside a list or object, where they cannot be read".into()
            } else {
                BoxError::from(error)
            }
        }),
    };
    result.map_err(|source| ValueError::WrongType {
        expected: std::any::type_name::<T>(),
        source,
    })
}

/// The number, if the text is one that Python makes a float of, `NaN` and `Infinity` among them.
///
/// The standard library reads it exactly, as Python does; `serde_json` may miss the last bit unless its `float_roundtrip` is on.
pub(crate) fn float(text: &str) -> Option<f64> {
    let number = matches!(
        text.as_bytes().first(),
        Some(b'-' | b'0'..=b'9' | b'N' | b'I')
    );
    if number && text.contains(['.', 'e', 'E', 'N', 'I']) {
        text.parse().ok()
    } else {
        None
    }
}

/// Whether `NaN` or `Infinity` stands outside strings.
fn holds_not_finite(text: &str) -> bool {
    let mut in_string = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' => drop(bytes.next()),
            b'N' | b'I' if !in_string => return true,
            _ => {}
        }
    }
    false
}

/// A number that is read already.
struct Float(f64);

impl Float {
    fn number(self) -> F64Deserializer<Error> {
        self.0.into_deserializer()
    }
}

impl<'de> Deserializer<'de> for Float {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number().deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
