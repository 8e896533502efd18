//! Writing: serde values as Python's `json.dumps` spells them.
//!
//! A serializer of its own rather than a `Formatter` of `serde_json`, which turns a NaN into `null` before it asks.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use serde::{
    Serialize,
    ser::{self, Error as _},
};

use super::{MAX_READ_DEPTH, canonical, float::push_float, text::push_escaped};

/// `serde_json`'s, so that its messages read alike in both directions.
type Error = serde_json::Error;

/// The text of a value, and how deep the writer stands in it.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) out: String,
    depth: usize,
}

impl Writer {
    /// Writes into `out`, which is empty and may have room.
    pub(super) fn into(out: String) -> Self {
        Self { out, depth: 0 }
    }
}

/// A list or object that is being written.
pub(super) struct Open<'a> {
    writer: &'a mut Writer,
    first: bool,
    close: &'static str,
    ready_made: bool,
}

impl Writer {
    fn open(&mut self, open: &str, close: &'static str) -> Result<Open<'_>, Error> {
        self.depth += 1;
        if self.depth > MAX_READ_DEPTH {
            return Err(Error::custom(
                "lists and objects nest deeper than could be read back",
            ));
        }
        self.out.push_str(open);
        Ok(Open {
            writer: self,
            first: true,
            close,
            ready_made: false,
        })
    }

    /// Opens `{"variant":` and what stands in it.
    fn open_variant(
        &mut self,
        variant: &str,
        open: &str,
        close: &'static str,
    ) -> Result<Open<'_>, Error> {
        self.depth += 1;
        self.variant(variant);
        self.open(open, close)
    }

    fn variant(&mut self, variant: &str) {
        self.out.push('{');
        self.string(variant);
        self.out.push(':');
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        push_escaped(&mut self.out, text);
        self.out.push('"');
    }

    fn float<F>(&mut self, value: F, finite: bool) -> Result<(), Error>
    where
        F: fmt::Debug + fmt::LowerExp + FromStr + PartialEq + Copy,
    {
        if !finite && self.depth > 0 {
            return Err(Error::custom(
                "NaN or an infinite number inside a list or object could not be read back",
            ));
        }
        push_float(&mut self.out, value).map_err(Error::custom)
    }

    /// Writes a name: a string, or a scalar that Python would turn into one.
    fn name<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        let start = self.out.len();
        self.depth += 1;
        name.serialize(&mut *self)?;
        self.depth -= 1;
        match self.out.as_bytes().get(start) {
            Some(b'"') => {}
            Some(b'[' | b'{') | None => {
                return Err(Error::custom("a name in an object must be text"));
            }
            Some(_) => {
                self.out.insert(start, '"');
                self.out.push('"');
            }
        }
        Ok(())
    }

    /// Writes JSON text that arrives as a string: `serde_json`'s `RawValue`, and its `Number` with arbitrary precision.
    fn ready_made<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let start = self.out.len();
        value.serialize(&mut *self)?;
        let text: String = serde_json::from_str(self.out.get(start..).unwrap_or_default())?;
        self.out.truncate(start);
        self.out.push_str(&canonical(&text).map_err(Error::custom)?);
        Ok(())
    }
}

macro_rules! as_displayed {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            write!(self.out, "{value}").map_err(Error::custom)
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    as_displayed! {
        serialize_bool: bool,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.float(value, value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.float(value, value.is_finite())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let open = self.open("", "}")?;
        open.writer.variant(variant);
        value.serialize(&mut *open.writer)?;
        open.close();
        Ok(())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Open<'a>, Error> {
        self.open("[", "]")
    }

    fn serialize_tuple(self, _length: usize) -> Result<Open<'a>, Error> {
        self.open("[", "]")
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Open<'a>, Error> {
        self.open("[", "]")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Open<'a>, Error> {
        self.open_variant(variant, "[", "]}")
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Open<'a>, Error> {
        self.open("{", "}")
    }

    fn serialize_struct(self, name: &'static str, _length: usize) -> Result<Open<'a>, Error> {
        if matches!(
            name,
            "$serde_json::private::RawValue" | "$serde_json::private::Number"
        ) {
            return Ok(Open {
                writer: self,
                first: true,
                close: "",
                ready_made: true,
            });
        }
        self.open("{", "}")
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Open<'a>, Error> {
        self.open_variant(variant, "{", "}}")
    }
}

impl Open<'_> {
    fn next(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(',');
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next();
        value.serialize(&mut *self.writer)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        if self.ready_made {
            return self.writer.ready_made(value);
        }
        self.next();
        self.writer.string(name);
        self.writer.out.push(':');
        value.serialize(&mut *self.writer)
    }

    fn close(self) {
        self.writer.out.push_str(self.close);
        // One closing bracket for each level that was opened.
        self.writer.depth -= self.close.len();
    }
}

macro_rules! items {
    ($($kind:ident: $method:ident),*) => {$(
        impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

items! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
}

macro_rules! fields {
    ($($kind:ident),*) => {$(
        impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

fields! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        self.next();
        self.writer.name(name)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.writer.out.push(':');
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}
