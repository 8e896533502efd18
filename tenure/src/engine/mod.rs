//! The engines: where sessions are kept. One file each, all below [`SessionStore`](crate::store::SessionStore).

pub mod cache;
pub mod cached_db;
#[cfg(any(feature = "encrypted-cookies", feature = "signed-cookies"))]
pub mod cookies;
pub mod db;
#[cfg(all(feature = "file", unix))]
pub mod file;
mod inspect;
mod open;
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls", feature = "redis-tls"))]
mod tls;

pub use inspect::{CacheState, Clock, ColumnState, TableState, inspect_cache, inspect_table};
pub use open::{OpenError, open};
