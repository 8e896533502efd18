//! SQLite.

#[cfg(feature = "sqlite")]
mod connection;
mod date;
mod failure;
#[cfg(feature = "sqlite")]
mod inspect;
pub(crate) mod sql;
#[cfg(feature = "sqlite")]
mod statements;
#[cfg(feature = "sqlite")]
mod table;
#[cfg(feature = "sqlite")]
mod url;
#[cfg(feature = "sqlite")]
mod writer;

#[cfg(feature = "sqlite")]
pub use self::connection::Sqlite;
#[cfg(feature = "sqlx-sqlite")]
pub(crate) use self::{
    date::{date, date_text},
    failure::advice,
};
