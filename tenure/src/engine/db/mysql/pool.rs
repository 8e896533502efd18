//! Connections to one MySQL server: each serves one statement at a time, as the protocol cannot have several under way.
//!
//! The driver's own pool asks a connection whether it still lives before it gives it out, and has the server reset it afterwards: two
//! more round trips for each statement. Here a connection is trusted for some seconds after its last answer. One whose statement was broken
//! off is never used again.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mysql_async::{Conn, Error, Params, Row, prelude::Queryable};
use tokio::{sync::Semaphore, time::Instant};

use super::{super::trouble::Purpose, failure::Failure, url::Location};
use crate::{deadline::Timers, error::StoreError};

/// At most this many connections.
const CONNECTIONS: usize = 16;
/// So long after its last answer a connection is taken to be there still.
const TRUSTED: Duration = Duration::from_secs(10);
/// So often a statement that met a deadlock is sent.
const ATTEMPTS: usize = 3;

/// A server, and the connections to it.
pub(super) struct Pool {
    location: Location,
    purpose: Purpose,
    timeout: Duration,
    timers: Timers,
    idle: Mutex<Vec<Idle>>,
    free: Semaphore,
}

struct Idle {
    connection: Conn,
    since: Instant,
}

impl Pool {
    pub(super) fn at(location: Location, purpose: Purpose, timeout: Duration) -> Self {
        Self {
            location,
            purpose,
            timeout,
            timers: Timers::default(),
            idle: Mutex::default(),
            free: Semaphore::new(CONNECTIONS),
        }
    }

    /// Connects, if nobody has yet.
    pub(super) async fn reach(&self) -> Result<(), StoreError> {
        let started = Instant::now();
        let reached = self.on(started, async |_| Ok(())).await;
        reached.map_err(|failure| self.told(failure, started))
    }

    pub(super) fn place(&self) -> &str {
        &self.location.place
    }

    fn told(&self, failure: Failure, started: Instant) -> StoreError {
        failure.told(self.purpose, &self.location.place, started.elapsed())
    }

    /// Rows. What was asked on a connection that broke is asked once more: reading twice does no harm.
    pub(super) async fn query(&self, sql: &str, params: Params) -> Result<Vec<Row>, StoreError> {
        let started = Instant::now();
        let again = params.clone();
        let mut answer = self
            .on(started, async |connection| {
                connection.exec(sql, params).await
            })
            .await;
        if answer.as_ref().is_err_and(Failure::is_broken) {
            answer = self
                .on(started, async |connection| {
                    connection.exec(sql, again).await
                })
                .await;
        }
        answer.map_err(|failure| self.told(failure, started))
    }

    /// How many rows were found to be written; `None` if a key is taken. Not tried again on another connection: whether a statement was
    /// done on one that broke, nobody can tell.
    pub(super) async fn execute(
        &self,
        sql: &str,
        params: Params,
    ) -> Result<Option<u64>, StoreError> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let params = params.clone();
            let answer = self
                .on(started, async |connection| {
                    connection.exec_drop(sql, params).await?;
                    Ok(connection.affected_rows())
                })
                .await;
            match answer {
                Ok(rows) => return Ok(Some(rows)),
                Err(failure) if failure.is_taken() => return Ok(None),
                Err(failure) if failure.is_deadlock() && attempt < ATTEMPTS => attempt += 1,
                Err(failure) => return Err(self.told(failure, started)),
            }
        }
    }

    async fn on<T>(
        &self,
        started: Instant,
        call: impl AsyncFnOnce(&mut Conn) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let answer = async {
            let _one = self.free.acquire().await;
            // Dropped, and so closed, if the caller goes away before the answer.
            let mut connection = self.take().await.map_err(Failure::Connecting)?;
            let answer = call(&mut connection).await;
            if let Ok(_) | Err(Error::Server(_)) = answer {
                self.idle().push(Idle {
                    connection,
                    since: Instant::now(),
                });
            }
            answer.map_err(Failure::Driver)
        };
        let answer = self.timers.within(|_| started + self.timeout, answer).await;
        let answer = answer.unwrap_or(Err(Failure::Silent));
        if answer.as_ref().is_err_and(Failure::spoils) {
            self.idle().clear();
        }
        answer
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, or a new one.
    async fn take(&self) -> Result<Conn, Error> {
        let last = self.idle().pop();
        if let Some(mut idle) = last
            && (idle.since.elapsed() < TRUSTED || idle.connection.ping().await.is_ok())
        {
            return Ok(idle.connection);
        }
        self.location.connect().await
    }
}
