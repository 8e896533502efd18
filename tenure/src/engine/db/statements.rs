//! Statements on other tables than `django_session`, in each database's words: what users and the index of their sessions need.

use std::{future::Future, pin::Pin};

use crate::{error::StoreError, moment::Moment};

pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A row: each column as text, `None` for `NULL`.
pub(crate) type Columns = Vec<Option<String>>;

/// A value of a statement.
#[cfg_attr(
    not(any(feature = "mysql", feature = "postgres", feature = "sqlite")),
    expect(dead_code, reason = "there is no database to open")
)]
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "users alone have such keys")
    )]
    /// The primary key of a row, as Python's `str` writes it. What no key of the column's type can be is the key of no row.
    Key(&'a str),
    Date(Moment),
    Number(i64),
}

/// How a database wants its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "not built in"))]
    Sqlite,
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "not built in"))]
    Postgres,
    #[cfg_attr(not(feature = "mysql"), expect(dead_code, reason = "not built in"))]
    Mysql,
}

/// A database that runs statements. Every method fails if it is unavailable.
pub(crate) trait Statements: std::fmt::Debug + Send + Sync {
    fn dialect(&self) -> Dialect;

    /// All rows.
    fn query<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Vec<Columns>>;

    /// How many rows were written; `None` if a key is taken.
    fn execute<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Option<u64>>;

    /// Statements that make tables, in one text.
    fn define<'a>(&'a self, sql: &'a str) -> Answer<'a, ()>;
}

/// The key of a row where UUIDs are kept as their 32 digits.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) fn without_dashes(key: &str) -> String {
    if is_uuid(key) {
        key.replace('-', "")
    } else {
        key.to_owned()
    }
}

/// Whether this is a UUID as Python's `str` writes it.
#[cfg(any(feature = "auth", feature = "mysql", feature = "sqlite"))]
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}
