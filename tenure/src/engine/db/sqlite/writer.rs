//! The one writer of a SQLite file: who writes, on which thread, and who comes along.
//!
//! SQLite has one writer at a time, and a commit costs more than the statement before it. So a write queues, lets the requests go first that
//! are ready to run as well, and then takes the turn: whoever has the turn writes all that is queued, in one transaction, and nobody is
//! answered before it is committed. Nobody waits for others to come; those that are there come along.
//!
//! That happens on the thread of the request. A commit in WAL mode waits for no disk and takes some ten microseconds, less than to wake
//! another thread and to be woken by it. What can take longer goes to the writer's thread, which takes the turn over: another program's
//! lock, writes of many rows, all writes to a file in another journal mode, and checkpoints.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, mpsc},
    task::Poll,
    thread,
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::{File, is_busy};
use crate::{error::StoreError, moment::Zone};

/// At most this many writes share a transaction, so that the first of them does not wait long for the last.
const BATCH: usize = 256;
/// At most this many writes wait. More could not be done within a request's deadline anyway.
const WAITING: usize = 4096;
/// After so many writes what stands in the log is brought into the file. A save alone fills two pages and a new row three, and SQLite's own
/// measure is 1,000.
const CHECKPOINT: usize = 160;

/// A write: runs inside the transaction if there is one, and gives what tells the caller once that is committed or lost.
type Write = Box<dyn FnOnce(Option<&Connection>) -> Option<Answer> + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// How much a write has to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// A row or two.
    Little,
    /// So much that a request's thread should not be held up by it.
    Much,
}

/// The writer of one file. Its thread ends with it.
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// Gives the turn to the thread.
    calls: mpsc::Sender<()>,
    /// A commit waits for no disk.
    quick: bool,
}

struct Shared {
    file: Arc<File>,
    connection: Mutex<Connection>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    writes: VecDeque<Write>,
    /// Somebody has the turn, and whoever queues now is not forgotten.
    taken: bool,
    since_checkpoint: usize,
}

impl Queue {
    fn is_checkpoint_due(&self) -> bool {
        self.since_checkpoint >= CHECKPOINT
    }
}

impl Writer {
    /// With this connection, which does not wait for locks and does no checkpoints.
    pub(super) fn start(
        file: Arc<File>,
        connection: Connection,
        quick: bool,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            file,
            connection: Mutex::new(connection),
            queue: Mutex::default(),
        });
        let (calls, called) = mpsc::channel();
        let by_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("tenure-sqlite".to_owned())
            .spawn(move || by_thread.serve(&called))
            .map_err(|error| {
                StoreError::unavailable("no thread could be started to write to SQLite", error)
            })?;
        Ok(Self {
            shared,
            calls,
            quick,
        })
    }

    /// The writer's connection, unless it writes. It knows what was written last; another would have to read it from the file.
    pub(super) fn idle_connection(&self) -> Option<MutexGuard<'_, Connection>> {
        match self.shared.connection.try_lock() {
            Ok(connection) => Some(connection),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Runs `statement` and waits until it is committed.
    ///
    /// A caller that has gone away by the time its turn comes is passed over: nothing is written for it.
    pub(super) async fn write<T, S>(&self, work: Work, statement: S) -> Result<T, StoreError>
    where
        T: Send + 'static,
        S: FnOnce(&Connection, &Zone) -> rusqlite::Result<T> + Send + 'static,
    {
        let (sender, mut receiver) = oneshot::channel();
        let file = Arc::clone(&self.shared.file);
        let write: Write = Box::new(move |connection| {
            if sender.is_closed() {
                return None;
            }
            let run =
                |connection| statement(connection, &file.zone).map_err(|error| file.error(&error));
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
        self.shared.queue(write)?;
        if self.quick && work == Work::Little {
            others_first().await;
            if let Ok(answer) = receiver.try_recv() {
                return answer;
            }
            if let Some(_turn) = self.turn() {
                self.shared.round(Duration::ZERO);
            }
        } else {
            // It ends with a write in the queue, and so is the thread's.
            drop(self.turn());
        }
        receiver.await.map_err(|_| stopped())?
    }

    fn turn(&self) -> Option<Turn<'_>> {
        let mut queue = self.shared.lock_queue();
        if queue.taken || queue.writes.is_empty() {
            return None;
        }
        queue.taken = true;
        Some(Turn(self))
    }
}

/// Lets whatever is ready to run go first, without a look at sockets and timers as `yield_now` takes: that would be one more system call
/// for each write.
async fn others_first() {
    let mut went = false;
    poll_fn(|context| {
        if std::mem::replace(&mut went, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The right to write what is queued. If something is queued at its end, or a checkpoint is due, it goes to the thread.
struct Turn<'a>(&'a Writer);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.shared.lock_queue();
        let more = !queue.writes.is_empty() || queue.is_checkpoint_due();
        queue.taken = more && self.0.calls.send(()).is_ok();
        if !queue.taken {
            // Without a thread, those who wait are told so.
            queue.writes.clear();
        }
    }
}

impl Shared {
    fn lock_queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self, write: Write) -> Result<(), StoreError> {
        let mut queue = self.lock_queue();
        if queue.writes.len() >= WAITING {
            return Err(StoreError::Unavailable {
                what: format!("more than {WAITING} writes to SQLite wait already"),
                source: None,
            });
        }
        queue.writes.push_back(write);
        Ok(())
    }

    /// The thread: ends when the last handle is gone.
    fn serve(&self, called: &mpsc::Receiver<()>) {
        while called.recv().is_ok() {
            loop {
                if self.lock_queue().is_checkpoint_due() {
                    self.checkpoint();
                } else if self.has_more() {
                    self.round(self.file.timeout);
                } else {
                    break;
                }
            }
        }
    }

    /// Brings what stands in the log into the file. Others wait for their turn meanwhile: beside them the log would never be read to its
    /// end, and only then it begins anew rather than grow.
    fn checkpoint(&self) {
        let connection = self.lock_connection();
        // One that another program is in the way of is made up for by the next.
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)");
        self.lock_queue().since_checkpoint = 0;
    }

    /// Whether there is more to write; the turn ends if there is not.
    fn has_more(&self) -> bool {
        let mut queue = self.lock_queue();
        queue.taken = !queue.writes.is_empty();
        queue.taken
    }

    /// Writes the first of those that wait, in one transaction. If another program is writing and `patience` is zero, they wait on.
    fn round(&self, patience: Duration) {
        let connection = self.lock_connection();
        if let Err(error) = begin(&connection, patience) {
            if patience.is_zero() && is_busy(&error) {
                return;
            }
            drop(connection);
            // Whoever waits now has waited for the lock already, and must not wait as long again.
            let writes = std::mem::take(&mut self.lock_queue().writes);
            let answers = writes.into_iter().filter_map(|write| write(None));
            tell(answers, Some(&self.file.error(&error)));
            return;
        }
        let mut batch = self.batch();
        let mut answers = Vec::with_capacity(batch.len());
        while !connection.is_autocommit()
            && let Some(write) = batch.pop_front()
        {
            answers.extend(write(Some(&connection)));
        }
        // SQLite gives up the transaction by itself when the disk is full. Then nothing of this round is in the file.
        let failed = if connection.is_autocommit() {
            Some(given_up(&self.file))
        } else {
            commit(&connection)
                .err()
                .map(|error| self.file.error(&error))
        };
        drop(connection);
        if !batch.is_empty() {
            let mut queue = self.lock_queue();
            batch.append(&mut queue.writes);
            queue.writes = batch;
        }
        tell(answers.into_iter(), failed.as_ref());
    }

    fn batch(&self) -> VecDeque<Write> {
        let mut queue = self.lock_queue();
        let size = queue.writes.len().min(BATCH);
        queue.since_checkpoint += size;
        queue.writes.drain(..size).collect()
    }
}

/// Begins a transaction that others cannot write beside, waiting so long for theirs.
fn begin(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    if !patience.is_zero() {
        connection.busy_timeout(patience)?;
    }
    // Prepared once, as the statements of sessions are.
    let begun = connection
        .prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.execute([]));
    if !patience.is_zero() {
        connection.busy_timeout(Duration::ZERO)?;
    }
    begun.map(drop)
}

fn commit(connection: &Connection) -> rusqlite::Result<()> {
    let committed = connection
        .prepare_cached("COMMIT")
        .and_then(|mut commit| commit.execute([]));
    if committed.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    committed.map(drop)
}

fn tell(answers: impl Iterator<Item = Answer>, failed: Option<&StoreError>) {
    for answer in answers {
        answer(failed.map_or(Ok(()), |error| Err(again(error))));
    }
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

fn stopped() -> StoreError {
    StoreError::Unavailable {
        what: "the thread that writes to SQLite has stopped".into(),
        source: None,
    }
}
