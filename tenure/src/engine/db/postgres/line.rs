//! Connections to one PostgreSQL server: few, each shared by many requests at a time.
//!
//! The protocol lets a client send statements without waiting for the answers to earlier ones, and the server answers in order. So one
//! connection serves many requests, and a statement costs one round trip however many are under way. What waits for a lock holds up what
//! was sent after it on the same connection: reads, which wait for nobody, have connections of their own.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::AbortHandle,
    time::{Instant, timeout_at},
};
use tokio_postgres::{Client, Error, Row, Statement, types::ToSql};

use super::{super::trouble::Purpose, failure::Failure, url::Location, value::Param};
use crate::{
    deadline::{Elapsed, Timers},
    error::StoreError,
};

/// So many connections read, and so many write.
const LINES: usize = 2;
/// So many statements may be under way on one connection. More wait here, where they cost no memory once their callers have gone.
const UNDER_WAY: usize = 256;

/// A server, and the connections to it.
pub(super) struct Server {
    location: Location,
    purpose: Purpose,
    timeout: Duration,
    timers: Timers,
    reading: [Place; LINES],
    writing: [Place; LINES],
}

/// Where a connection is, or will be.
#[derive(Default)]
struct Place {
    line: Mutex<Option<Arc<Line>>>,
    /// One request connects, and the others wait for it.
    connecting: tokio::sync::Mutex<()>,
}

/// One connection.
struct Line {
    client: Client,
    driver: AbortHandle,
    prepared: Mutex<HashMap<String, Statement>>,
    under_way: Semaphore,
    /// Statements whose callers went away without the answer. They still occupy the connection, until an answer to a later one shows that
    /// the server is past them.
    abandoned: AtomicUsize,
}

impl Drop for Line {
    fn drop(&mut self) {
        // What the server has not taken yet is not kept for it.
        self.driver.abort();
    }
}

impl Line {
    fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        let known = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = known().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        Ok(known().entry(sql.to_owned()).or_insert(statement).clone())
    }

    async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql).await?;
        self.client.query(&statement, &erased(params)).await
    }

    async fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        let statement = self.prepared(sql).await?;
        self.client.execute(&statement, &erased(params)).await
    }
}

fn erased<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params
        .iter()
        .map(|param| param as &(dyn ToSql + Sync))
        .collect()
}

/// The right to have one statement under way.
struct Turn<'a> {
    line: &'a Line,
    answered: bool,
}

impl<'a> Turn<'a> {
    async fn on(line: &'a Line) -> Option<Self> {
        // Closed only together with the connection.
        line.under_way.acquire().await.ok()?.forget();
        Some(Self {
            line,
            answered: false,
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.answered {
            let abandoned = self.line.abandoned.swap(0, Ordering::Relaxed);
            self.line.under_way.add_permits(abandoned + 1);
        } else {
            self.line.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Place {
    fn open_line(&self) -> Option<Arc<Line>> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.as_ref().filter(|line| line.is_open()).cloned()
    }

    /// Statements under way, to choose the connection that has fewest.
    fn load(&self) -> usize {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.as_ref()
            .map_or(0, |line| UNDER_WAY - line.under_way.available_permits())
    }
}

impl Server {
    pub(super) fn at(location: Location, purpose: Purpose, timeout: Duration) -> Self {
        Self {
            location,
            purpose,
            timeout,
            timers: Timers::default(),
            reading: std::array::from_fn(|_| Place::default()),
            writing: std::array::from_fn(|_| Place::default()),
        }
    }

    /// Connects, if nobody has yet.
    pub(super) async fn reach(&self) -> Result<(), StoreError> {
        let started = Instant::now();
        let reached = self.on(&self.reading, started, async |_| Ok(())).await;
        reached.map_err(|failure| self.told(failure, started))
    }

    pub(super) fn place(&self) -> &str {
        &self.location.place
    }

    fn told(&self, failure: Failure, started: Instant) -> StoreError {
        failure.told(self.purpose, &self.location.place, started.elapsed())
    }

    /// Rows. What was asked on a connection that broke is asked once more: reading twice does no harm.
    pub(super) async fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let started = Instant::now();
        let mut answer = self
            .on(&self.reading, started, async |line| {
                line.query(sql, params).await
            })
            .await;
        if answer.as_ref().is_err_and(Failure::is_broken) {
            answer = self
                .on(&self.reading, started, async |line| {
                    line.query(sql, params).await
                })
                .await;
        }
        answer.map_err(|failure| self.told(failure, started))
    }

    /// How many rows were written; `None` if a key is taken. Never tried again: whether a statement was done on a connection that broke,
    /// nobody can tell.
    pub(super) async fn execute(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Option<u64>, StoreError> {
        let started = Instant::now();
        let answer = self
            .on(&self.writing, started, async |line| {
                line.execute(sql, params).await
            })
            .await;
        match answer {
            Ok(rows) => Ok(Some(rows)),
            Err(failure) if failure.is_taken() => Ok(None),
            Err(failure) => Err(self.told(failure, started)),
        }
    }

    /// Several statements in one text, in one transaction.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        let started = Instant::now();
        let answer = self
            .on(&self.writing, started, async |line| {
                line.client.batch_execute(sql).await
            })
            .await;
        answer.map_err(|failure| self.told(failure, started))
    }

    async fn on<T>(
        &self,
        places: &[Place],
        started: Instant,
        call: impl AsyncFnOnce(&Line) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let deadline = started + self.timeout;
        let line = self.line(places, deadline).await?;
        let answer = async {
            let mut turn = Turn::on(&line).await?;
            let answer = call(&line).await;
            turn.answered = true;
            Some(answer)
        };
        let answer = match self.timers.within(|_| deadline, answer).await {
            Ok(Some(answer)) => answer.map_err(Failure::Driver),
            Ok(None) | Err(Elapsed) => Err(Failure::Silent),
        };
        if answer.as_ref().is_err_and(Failure::spoils) {
            line.driver.abort();
        }
        answer
    }

    async fn line(&self, places: &[Place], deadline: Instant) -> Result<Arc<Line>, Failure> {
        let Some(place) = places.iter().min_by_key(|place| place.load()) else {
            return Err(Failure::Silent);
        };
        if let Some(line) = place.open_line() {
            return Ok(line);
        }
        let connected = timeout_at(deadline, async {
            let _one = place.connecting.lock().await;
            if let Some(line) = place.open_line() {
                return Ok(line);
            }
            let line = Arc::new(self.connect_line().await?);
            *place.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&line));
            Ok(line)
        })
        .await;
        connected.unwrap_or(Err(Failure::Silent))
    }

    async fn connect_line(&self) -> Result<Line, Failure> {
        let connected = self.location.connect().await;
        let (client, connection) = connected.map_err(Failure::Connecting)?;
        let driver = tokio::spawn(async move {
            // Whoever has a statement under way is told too.
            let _ = connection.await;
        });
        let line = Line {
            client,
            driver: driver.abort_handle(),
            prepared: Mutex::default(),
            under_way: Semaphore::new(UNDER_WAY),
            abandoned: AtomicUsize::new(0),
        };
        // The server gives up by itself what nobody waits for any more, and a wait for a lock before that, for the sake of those behind.
        // Comparing and swapping in one statement takes Django's level of isolation, which is also PostgreSQL's unless somebody changed it.
        let setup = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET default_transaction_isolation = 'read committed'",
            self.timeout.as_millis().max(1),
            (self.timeout / 2).as_millis().max(1)
        );
        line.client
            .batch_execute(&setup)
            .await
            .map_err(Failure::Connecting)?;
        Ok(line)
    }
}
