//! Session systems beside each other, under load: whole servers, on every engine. See `bench/README.md`.
//!
//! What tenure costs in instructions and allocations is the package `counts`.

mod http;

pub use http::{check, run};

/// Whatever keeps a figure from being measured.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
