//! PostgreSQL, through `tokio-postgres`.
//!
//! * `sql.rs`, `codes.rs`: the statements and the error codes, shared with the adapter for a pool;
//! * `line.rs`, `tls.rs`: the connections;
//! * `url.rs`, `value.rs`, `failure.rs`: where it is, what goes there and back, what can go wrong.

pub(crate) mod codes;
#[cfg(feature = "postgres")]
mod failure;
#[cfg(feature = "postgres")]
mod inspect;
#[cfg(feature = "postgres")]
mod line;
pub(crate) mod sql;
#[cfg(feature = "postgres")]
mod statements;
#[cfg(feature = "postgres")]
mod table;
#[cfg(all(feature = "postgres", not(feature = "postgres-tls")))]
#[path = "no_tls.rs"]
mod tls;
#[cfg(feature = "postgres-tls")]
mod tls;
#[cfg(feature = "postgres")]
mod url;
#[cfg(feature = "postgres")]
mod value;

#[cfg(feature = "postgres")]
pub use table::Postgres;
