//! MySQL and MariaDB, through `mysql_async`.
//!
//! * `sql.rs`: the statements, shared with the adapter for a pool;
//! * `pool.rs`: the connections;
//! * `url.rs`, `failure.rs`: where it is, what can go wrong.

#[cfg(feature = "mysql")]
mod failure;
#[cfg(feature = "mysql")]
mod pool;
pub(crate) mod sql;
#[cfg(feature = "mysql")]
mod table;
#[cfg(feature = "mysql")]
mod url;

#[cfg(feature = "mysql")]
pub use table::Mysql;
