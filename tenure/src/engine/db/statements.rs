//! Statements on other tables than `django_session`, in each database's words: what users and the index of their sessions need.

use std::{future::Future, pin::Pin, sync::Arc};

use super::open::not_served;
use crate::{engine::OpenError, error::StoreError, moment::Moment, settings::Settings};

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

/// So many keys stand in one statement at most.
pub(super) const PORTION: usize = 1000;
/// How many keys a statement may have places for. A text for every number would be a statement to prepare every time.
const PLACES: [usize; 4] = [1, 10, 100, PORTION];

/// The keys, the last one repeated until they are as many as a statement has places for. That does no harm where they are looked for.
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite",
    feature = "sqlx-mysql"
))]
pub(super) fn padded<'a>(keys: &[&'a str]) -> Vec<&'a str> {
    let mut keys = keys.to_vec();
    if let Some(last) = keys.last().copied() {
        let places = PLACES.into_iter().find(|places| *places >= keys.len());
        keys.resize(places.unwrap_or(keys.len()), last);
    }
    keys
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
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// The database that `DATABASES.default` names, by the scheme of its URL, for statements on users.
pub(crate) async fn open_users(settings: &Settings) -> Result<Arc<dyn Statements>, OpenError> {
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    let scheme = url.map_or("sqlite", |url| url.split(':').next().unwrap_or_default());
    match scheme {
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(super::Sqlite::open(settings).await?),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let postgres = super::Postgres::of_users(settings)?;
            postgres.reach().await?;
            Ok(Arc::new(postgres))
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let mysql = super::Mysql::of_users(settings)?;
            mysql.reach().await?;
            Ok(Arc::new(mysql))
        }
        scheme => Err(not_served(url.unwrap_or("sqlite:tenure.sqlite3"), scheme).into()),
    }
}
