//! From data to what is stored, and back.
//!
//! [`signing`] is Django's signer; [`SignedJson`] is what its engines for tables, files and cookies store; [`pickle`] is what its caches
//! store.

mod base;
mod hex;
pub mod pickle;
mod signed_json;
pub mod signing;
mod zlib;

pub(crate) use self::hex::hex;
pub use self::signed_json::SignedJson;
pub(crate) use self::zlib::{Effort, deflate_if_shorter, inflate};
