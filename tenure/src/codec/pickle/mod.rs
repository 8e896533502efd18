//! Python's pickle, of plain data alone: what Django's own caches store.
//!
//! A pickle is a small program that builds a value; in Python it may call anything. This reader knows only the instructions that build
//! what JSON can say too, and runs nothing: whatever else stands in a pickle is an error that names it. It reads protocols 0 to 5 and
//! writes, byte for byte, what `CPython` writes for a value that came from JSON.
//!
//! Well-known values that JSON has not (dates, `Decimal`, `UUID`, sets, bytes, Django's lazy strings) are an error of their own,
//! [`CodecError::PythonValue`](crate::CodecError::PythonValue): such a session is whole, and Django's alone.
//!
//! What Python has and JSON has not is read as `json.dumps` would write it, which is also what Django's other engines make of it: a tuple
//! is a list, and keys that are numbers, booleans or `None` are text. So they are written back as lists and text.

mod ahead;
mod build;
mod class;
mod cursor;
mod integer;
mod keep;
mod lines;
mod opcode;
mod pickled;
mod plain;
mod problem;
mod read;
mod shared;
mod skim;
mod span;
mod tree;
mod write;

pub use self::{read::decode, write::encode};

/// Python's `None`, in a protocol that every Python 3 reads.
pub(crate) const NONE: &[u8] = b"\x80\x04N.";

/// Which of pickle's protocols to write. For plain data they differ in their first bytes alone.
///
/// See [`encode`] for an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// Python's default up to 3.13, and with it that of django-redis.
    Four,
    /// Python's highest, which Django's own caches use.
    Five,
}

#[cfg(test)]
mod tests;
