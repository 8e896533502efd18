//! Connections to one SQLite file. Writes: `writer.rs`.
//!
//! A read by key takes about three microseconds, less than handing it to another thread would. In WAL mode a reader never waits for
//! the writer. Where it has to (a database in another journal mode, a checkpoint), the read is moved to a blocking thread.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    failure::advice,
    url::Location,
    writer::{Work, Writer},
};
use crate::{error::StoreError, moment::Zone};

/// More than the statements of sessions and of their index.
const STATEMENTS: usize = 32;

/// One SQLite file: `django_session` in it is a [`SessionTable`](super::super::SessionTable).
pub struct Sqlite {
    file: Arc<File>,
    writer: Writer,
}

pub(super) struct File {
    pub(super) location: Location,
    pub(super) zone: Zone,
    pub(super) timeout: Duration,
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
        let failed = |error| file.error(&error);
        let writer = file.open(timeout).map_err(failed)?;
        // Is it a database at all? One that is locked at the moment is.
        match writer.query_row("PRAGMA schema_version", [], |_| Ok(())) {
            Err(error) if !is_busy(&error) => return Err(failed(error)),
            _ => {}
        }
        let quick = !file.location.read_only && file.prepare(&writer);
        writer.busy_timeout(Duration::ZERO).map_err(failed)?;
        let file = Arc::new(file);
        let writer = Writer::start(Arc::clone(&file), writer, quick)?;
        Ok(Self { file, writer })
    }

    /// Runs `query` on this thread, or on a blocking one if it would have to wait for a lock.
    pub(crate) async fn read<T, Q>(&self, query: Q) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Q: Fn(&Connection, &Zone) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = match self.writer.idle_connection() {
            Some(connection) => query(&connection, &self.file.zone),
            None => self.file.read(&query, Duration::ZERO),
        };
        match answer {
            Err(error) if is_busy(&error) => {}
            answer => return answer.map_err(|error| self.file.error(&error)),
        }
        let file = Arc::clone(&self.file);
        let waited = tokio::task::spawn_blocking(move || file.read(&query, file.timeout)).await;
        match waited {
            Ok(answer) => answer.map_err(|error| self.file.error(&error)),
            Err(error) => Err(StoreError::unavailable(
                "reading from SQLite was broken off",
                error,
            )),
        }
    }

    /// Runs `statement`, which writes a row or two, and waits until it is committed.
    pub(crate) async fn write<T, S>(&self, statement: S) -> Result<T, StoreError>
    where
        T: Send + 'static,
        S: FnOnce(&Connection, &Zone) -> rusqlite::Result<T> + Send + 'static,
    {
        self.writer.write(Work::Little, statement).await
    }

    /// As [`write`](Self::write), for what may write many rows.
    pub(crate) async fn write_much<T, S>(&self, statement: S) -> Result<T, StoreError>
    where
        T: Send + 'static,
        S: FnOnce(&Connection, &Zone) -> rusqlite::Result<T> + Send + 'static,
    {
        self.writer.write(Work::Much, statement).await
    }
}

impl File {
    pub(super) fn open(&self, busy_timeout: Duration) -> rusqlite::Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if self.location.read_only {
            flags |= OpenFlags::SQLITE_OPEN_READ_ONLY;
        } else {
            flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
        }
        let connection = Connection::open_with_flags(&self.location.path, flags)?;
        connection.busy_timeout(busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }

    /// Has readers and the writer not wait for each other, and tells whether that could be had. Sessions work without, if less smoothly.
    fn prepare(&self, writer: &Connection) -> bool {
        // NORMAL: a commit survives the death of the process at once, and that of the machine from the next checkpoint on; the file
        // is whole in any case. Full durability costs an fsync per commit. Checkpoints, which wait for the disk, are the thread's.
        let prepared = writer
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))
            .and_then(|mode| {
                writer.pragma_update(None, "synchronous", "normal")?;
                writer.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
                Ok(mode == "wal")
            });
        prepared.unwrap_or_else(|error| {
            let path = self.location.path.display();
            tracing::warn!(%error, "{path} stays in its present journal mode");
            false
        })
    }

    pub(super) fn error(&self, error: &rusqlite::Error) -> StoreError {
        let path = self.location.path.display().to_string();
        let code = error.sqlite_error().map_or(0, |error| error.extended_code);
        let text = error.to_string();
        StoreError::unavailable(advice(&path, code, &text), text)
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

/// Makes an empty file that only its owner can read, unless there is one. Where that fails, SQLite will say why.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.file.location.path)
            .finish_non_exhaustive()
    }
}
