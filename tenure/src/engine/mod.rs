//! The engines: where sessions are kept. One file each, all below [`SessionStore`](crate::store::SessionStore).

pub mod cache;
pub mod cached_db;
#[cfg(any(feature = "encrypted-cookies", feature = "signed-cookies"))]
pub mod cookies;
pub mod db;
#[cfg(all(feature = "file", unix))]
pub mod file;
mod open;
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls", feature = "redis-tls"))]
mod tls;

pub use open::{OpenError, open};
