//! From data to what is stored, and back.
//!
//! [`signing`] is Django's signer; [`SignedJson`] is what its engines for tables, files and cookies store.

mod base;
mod signed_json;
pub mod signing;
mod zlib;

pub use self::signed_json::SignedJson;
#[cfg(feature = "memcached")]
pub(crate) use self::zlib::inflate;
