//! Statements on the connections of a pool that belongs to somebody else.

use std::{io, pin::Pin, time::Duration};

use sqlx::{
    ColumnIndex, Connection, Database, Decode, Executor, IntoArguments, Pool, Row,
    error::{DatabaseError, Error},
    query::Query,
    raw_sql,
};
use tokio::time::{Instant, timeout_at};

use crate::{error::StoreError, moment::Zone};

/// The program's pool, and what the statements need beside it.
pub(super) struct Lent<DB: Database> {
    pub(super) pool: Pool<DB>,
    pub(super) zone: Zone,
    pub(super) timeout: Duration,
}

/// What the databases do not have in common, beside their statements.
pub(super) trait Dialect: Database {
    /// Where the database is, for messages.
    fn place(options: &<Self::Connection as Connection>::Options) -> String;

    /// What went wrong, by what the database itself said, and what to do about it.
    fn advice(error: &dyn DatabaseError, place: &str, tried: Duration) -> String;
}

/// A statement owns its arguments.
pub(super) type Statement<DB> = Query<'static, DB, <DB as Database>::Arguments>;

/// What a driver of sqlx's answers.
type Answer<'c, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'c>>;

/// Why a statement failed, and whether because a key is taken.
pub(super) struct Failure {
    pub(super) key_taken: bool,
    pub(super) error: StoreError,
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl<DB> Lent<DB>
where
    DB: Dialect,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    pub(super) async fn fetch(
        &self,
        statement: impl Fn() -> Statement<DB> + Sync,
    ) -> Result<Vec<DB::Row>, Failure> {
        self.run(|connection| connection.fetch_all(statement()))
            .await
    }

    pub(super) async fn execute(
        &self,
        statement: impl Fn() -> Statement<DB> + Sync,
    ) -> Result<DB::QueryResult, Failure> {
        self.run(|connection| connection.execute(statement())).await
    }

    /// Several statements in one text, without arguments.
    pub(super) async fn batch(&self, sql: &'static str) -> Result<(), Failure> {
        self.run(|connection| connection.execute(raw_sql(sql)))
            .await
            .map(drop)
    }

    /// Runs a statement on one connection, within the time that there is.
    ///
    /// The program may have set its connections to a stricter isolation than its database's own. Who loses a race there is told to try
    /// again, and here does: nothing of the statement was done.
    async fn run<T>(
        &self,
        statement: impl for<'c> Fn(&'c mut DB::Connection) -> Answer<'c, T> + Sync,
    ) -> Result<T, Failure> {
        let started = Instant::now();
        let deadline = started + self.timeout;
        let failed = |error| self.failure(error, started.elapsed());
        let mut connection = match timeout_at(deadline, self.pool.acquire()).await {
            Ok(connection) => connection.map_err(failed)?,
            Err(_) => return Err(failed(Error::PoolTimedOut)),
        };
        loop {
            match timeout_at(deadline, statement(&mut connection)).await {
                Ok(Err(error)) if lost_a_race(&error) => {}
                Ok(answer) => return answer.map_err(failed),
                Err(late) => {
                    // The pool would wait for its answer, which may never come, before it lends the connection again.
                    connection.close_on_drop();
                    return Err(failed(Error::Io(late.into())));
                }
            }
        }
    }

    pub(super) fn failure(&self, error: Error, tried: Duration) -> Failure {
        let place = DB::place(&self.pool.connect_options());
        let millis = tried.as_millis();
        let what = match &error {
            Error::Database(error) => DB::advice(&**error, &place, tried),
            Error::PoolTimedOut => format!(
                "the pool had no connection to {place} within {millis} ms: is the server running, and are the pool's `max_connections` enough?"
            ),
            Error::PoolClosed => {
                format!("the program has closed its pool of connections to {place}")
            }
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => format!(
                "{place} did not answer within {millis} ms: is it overloaded, locked, or the network down? `TENURE_STORE_TIMEOUT` sets how long to wait"
            ),
            Error::ColumnDecode { .. } => {
                format!("the table `django_session` of {place} has not Django's columns")
            }
            _ => {
                format!("the connection to {place} broke after {millis} ms: did the server stop?")
            }
        };
        let as_database_error = error.as_database_error();
        Failure {
            key_taken: as_database_error.is_some_and(DatabaseError::is_unique_violation),
            error: StoreError::unavailable(what, error),
        }
    }
}

/// Serialization failures and deadlocks, by their SQLSTATE.
fn lost_a_race(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// A column's bytes, whatever its type.
pub(super) fn bytes<R>(row: &R, index: usize) -> Option<Vec<u8>>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<Vec<u8>>: Decode<'r, R::Database>,
{
    row.try_get_unchecked(index).unwrap_or_default()
}

/// A column that should be text. What is none is not worth failing for: it will not verify.
pub(super) fn text<R>(row: &R, index: usize) -> String
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<Vec<u8>>: Decode<'r, R::Database>,
{
    let bytes = bytes(row, index).unwrap_or_default();
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
