//! The engines: where sessions are kept. One file each, all below [`SessionStore`](crate::store::SessionStore).

pub mod cache;
pub mod cached_db;
pub mod db;
mod open;

pub use open::{OpenError, open};
