//! Django's session framework for Rust.

mod error;
mod expiry;
mod json;
mod key;
pub mod record;
mod secret;
pub mod settings;
pub mod system;

pub mod codec;

pub use crate::{
    error::{BoxError, CodecError, ValueError},
    json::Json,
    secret::Secret,
};
