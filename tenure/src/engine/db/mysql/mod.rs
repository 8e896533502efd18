//! MySQL and MariaDB, through `mysql_async`.
//!
//! * `sql.rs`, `codes.rs`: the statements and the error numbers, shared with the adapter for a pool;
//! * `pool.rs`: the connections;
//! * `url.rs`, `failure.rs`: where it is, what can go wrong.

pub(crate) mod codes;
#[cfg(feature = "mysql")]
mod failure;
#[cfg(feature = "mysql")]
mod inspect;
#[cfg(feature = "mysql")]
mod pool;
pub(crate) mod sql;
#[cfg(feature = "mysql")]
mod statements;
#[cfg(feature = "mysql")]
mod table;
#[cfg(all(feature = "mysql", not(feature = "mysql-tls")))]
#[path = "no_tls.rs"]
mod tls;
#[cfg(feature = "mysql-tls")]
mod tls;
#[cfg(feature = "mysql")]
mod url;

#[cfg(feature = "mysql")]
pub use table::Mysql;
