//! Connections to one SQLite file: reads on the calling thread, writes on a thread of their own.
//!
//! A read by key takes about three microseconds, less than handing it to another thread would. In WAL mode a reader never waits for
//! the writer. Where it has to (a database in another journal mode, a checkpoint), the read is moved to a blocking thread.
//!
//! SQLite has one writer at a time, so one thread does all writing. Writes that wait together are committed together, in one
//! transaction: under load one commit then serves many requests, and none is answered before its own change is in the file.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tokio::sync::oneshot;

use super::{failure::advice, url::Location};
use crate::{error::StoreError, moment::Zone};

/// At most this many writes share a transaction, so that the first of them does not wait long for the last.
const BATCH: usize = 256;
/// At most this many writes wait. More could not be done within a request's deadline anyway.
const WAITING: usize = 4096;

/// A write: runs inside the transaction if there is one, and gives what tells the caller once that is committed or lost.
type Write = Box<dyn FnOnce(Option<&Connection>) -> Option<Answer> + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// One SQLite file: `django_session` in it is a [`SessionTable`](super::super::SessionTable).
pub struct Sqlite {
    shared: Arc<File>,
    queue: mpsc::SyncSender<Write>,
}

struct File {
    location: Location,
    zone: Zone,
    timeout: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl Sqlite {
    pub(super) fn connect(
        location: Location,
        zone: Zone,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        if location.create {
            // Session keys will be in it, and a key is a login. What SQLite makes by itself, everybody may read.
            make_private(&location.path);
        }
        let file = File {
            location,
            zone,
            timeout,
            idle: Mutex::default(),
        };
        let failed = |error| failure(&file.location.path, &error);
        let mut writer = file.open(timeout).map_err(failed)?;
        // Is it a database at all? One that is locked at the moment is.
        match writer.query_row("PRAGMA schema_version", [], |_| Ok(())) {
            Err(error) if !is_busy(&error) => return Err(failed(error)),
            _ => {}
        }
        if !file.location.read_only {
            file.prepare(&writer);
        }
        let shared = Arc::new(file);
        let (queue, waiting) = mpsc::sync_channel(WAITING);
        let file = Arc::clone(&shared);
        let name = "tenure-sqlite".to_owned();
        thread::Builder::new()
            .name(name)
            .spawn(move || write_all(&file, &mut writer, &waiting))
            .map_err(|error| {
                StoreError::unavailable("no thread could be started to write to SQLite", error)
            })?;
        Ok(Self { shared, queue })
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        failure(&self.shared.location.path, error)
    }

    /// Runs `query` on this thread, or on a blocking one if it would have to wait for a lock.
    pub(crate) async fn read<T, Q>(&self, query: Q) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Q: Fn(&Connection, &Zone) -> rusqlite::Result<T> + Send + 'static,
    {
        match self.shared.read(&query, Duration::ZERO) {
            Err(error) if is_busy(&error) => {}
            answer => return answer.map_err(|error| self.error(&error)),
        }
        let shared = Arc::clone(&self.shared);
        let waited = tokio::task::spawn_blocking(move || shared.read(&query, shared.timeout)).await;
        match waited {
            Ok(answer) => answer.map_err(|error| self.error(&error)),
            Err(error) => Err(StoreError::unavailable(
                "reading from SQLite was broken off",
                error,
            )),
        }
    }

    /// Runs `statement` on the writer's thread and waits until it is committed.
    ///
    /// A caller that has gone away by the time its turn comes is passed over: nothing is written for it.
    pub(crate) async fn write<T, S>(&self, statement: S) -> Result<T, StoreError>
    where
        T: Send + 'static,
        S: FnOnce(&Connection, &Zone) -> rusqlite::Result<T> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let write: Write = Box::new(move |connection| {
            if sender.is_closed() {
                return None;
            }
            let run = |connection| {
                statement(connection, &shared.zone)
                    .map_err(|error| failure(&shared.location.path, &error))
            };
            let result = connection.map(run);
            Some(Box::new(move |committed: Result<(), StoreError>| {
                // Its own failure tells a caller more than that of the round.
                let answer = match result {
                    Some(Err(error)) => Err(error),
                    Some(Ok(value)) => committed.map(|()| value),
                    None => Err(committed.err().unwrap_or_else(stopped)),
                };
                // Whoever does not wait any more does not want to know.
                let _ = sender.send(answer);
            }))
        });
        self.queue.try_send(write).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => StoreError::Unavailable {
                what: format!("more than {WAITING} writes to SQLite wait already"),
                source: None,
            },
            mpsc::TrySendError::Disconnected(_) => stopped(),
        })?;
        receiver.await.map_err(|_| stopped())?
    }
}

impl File {
    fn open(&self, busy_timeout: Duration) -> rusqlite::Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if self.location.read_only {
            flags |= OpenFlags::SQLITE_OPEN_READ_ONLY;
        } else {
            flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
        }
        let connection = Connection::open_with_flags(&self.location.path, flags)?;
        connection.busy_timeout(busy_timeout)?;
        Ok(connection)
    }

    /// Has readers and the writer not wait for each other. Sessions work without, if less smoothly.
    fn prepare(&self, writer: &Connection) {
        // NORMAL: a commit survives the death of the process at once, and that of the machine from the next checkpoint on; the file
        // is whole in any case. Full durability costs an fsync per commit.
        let prepared = writer
            .pragma_update(None, "journal_mode", "wal")
            .and_then(|()| writer.pragma_update(None, "synchronous", "normal"));
        if let Err(error) = prepared {
            let path = self.location.path.display();
            tracing::warn!(%error, "{path} stays in its present journal mode");
        }
    }

    fn read<T>(
        &self,
        query: impl Fn(&Connection, &Zone) -> rusqlite::Result<T>,
        busy_timeout: Duration,
    ) -> rusqlite::Result<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = idle().pop();
        let connection = match connection {
            Some(connection) => connection,
            None => self.open(Duration::ZERO)?,
        };
        if !busy_timeout.is_zero() {
            connection.busy_timeout(busy_timeout)?;
        }
        let answer = query(&connection, &self.zone);
        if !busy_timeout.is_zero() {
            connection.busy_timeout(Duration::ZERO)?;
        }
        idle().push(connection);
        answer
    }
}

/// The writer's thread: ends when the last handle is gone.
fn write_all(file: &File, writer: &mut Connection, queue: &mpsc::Receiver<Write>) {
    while let Ok(first) = queue.recv() {
        let mut batch = std::iter::once(first).chain(queue.try_iter()).take(BATCH);
        let mut answers = Vec::new();
        let failed = match writer.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(transaction) => {
                while !transaction.is_autocommit()
                    && let Some(write) = batch.next()
                {
                    answers.extend(write(Some(&transaction)));
                }
                // SQLite gives up the transaction by itself when the disk is full. Then nothing of this round is in the file.
                if transaction.is_autocommit() {
                    Some(given_up(file))
                } else {
                    commit(file, transaction)
                }
            }
            // Whoever waits now has waited for the lock already, and must not wait as long again.
            Err(error) => {
                answers.extend(
                    batch
                        .chain(queue.try_iter())
                        .filter_map(|write| write(None)),
                );
                Some(failure(&file.location.path, &error))
            }
        };
        for answer in answers {
            answer(failed.as_ref().map_or(Ok(()), |error| Err(again(error))));
        }
    }
}

fn commit(file: &File, transaction: rusqlite::Transaction<'_>) -> Option<StoreError> {
    let error = transaction.commit().err()?;
    Some(failure(&file.location.path, &error))
}

fn given_up(file: &File) -> StoreError {
    let path = file.location.path.display();
    let what = format!(
        "SQLite gave up writing to {path}, together with another write that failed: is the disk full?"
    );
    StoreError::Unavailable { what, source: None }
}

/// The same error for one more caller.
fn again(error: &StoreError) -> StoreError {
    let source = std::error::Error::source(error).map(|source| source.to_string().into());
    match error {
        StoreError::Unavailable { what, .. } => StoreError::Unavailable {
            what: what.clone(),
            source,
        },
        other => StoreError::Unavailable {
            what: other.to_string(),
            source,
        },
    }
}

/// Makes an empty file that only its owner can read, unless there is one. Where that fails, SQLite will say why.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

fn stopped() -> StoreError {
    StoreError::Unavailable {
        what: "the thread that writes to SQLite has stopped".into(),
        source: None,
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn failure(path: &Path, error: &rusqlite::Error) -> StoreError {
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    let text = error.to_string();
    StoreError::unavailable(advice(&path.display().to_string(), code, &text), text)
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.shared.location.path)
            .finish_non_exhaustive()
    }
}
