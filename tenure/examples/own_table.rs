//! Sessions in a table of your own, with columns beside the session: here the user and the address, so that a site can show where a user
//! is logged in, and log out everywhere. Run it with `cargo run -p tenure --example own_table`.
//!
//! The first four methods of the store are all that it needs. The others make it better: see `powers`.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tenure::{
    Data, Record, SessionKey, Sessions, StoreError, Version,
    store::{Created, Listed, Powers, Renamed, Saved, SessionStore},
    testing,
};

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS visit (
    key TEXT PRIMARY KEY, user_id INTEGER, ip TEXT, data TEXT NOT NULL, ends_at INTEGER NOT NULL, version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS visit_user ON visit (user_id);
CREATE INDEX IF NOT EXISTS visit_ends_at ON visit (ends_at);";

#[derive(Clone)]
pub(crate) struct VisitTable(Arc<Mutex<Connection>>);

impl VisitTable {
    pub(crate) fn new(connection: Connection) -> rusqlite::Result<Self> {
        connection.execute_batch(TABLE)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// What the table is for: the addresses from which a user is logged in.
    pub(crate) async fn addresses(&self, user: i64) -> Result<Vec<String>, StoreError> {
        self.run(move |db| {
            let mut query =
                db.prepare_cached("SELECT ip FROM visit WHERE user_id = ?1 ORDER BY ip")?;
            query.query_map([user], |row| row.get(0))?.collect()
        })
        .await
    }

    /// And: out, everywhere.
    pub(crate) async fn log_out_everywhere(&self, user: i64) -> Result<usize, StoreError> {
        self.run(move |db| db.execute("DELETE FROM visit WHERE user_id = ?1", [user]))
            .await
    }

    /// Runs `work` on a thread that may wait, to its end also if the visitor goes away.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        let failed = |error| StoreError::unavailable("the table `visit` could not be used", error);
        match done.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(Box::<dyn Error + Send + Sync>::from(error))),
            Err(error) => Err(failed(error.into())),
        }
    }
}

/// A row to be written.
struct Visit {
    user_id: Option<i64>,
    ip: Option<String>,
    data: String,
    ends_at: i64,
}

impl From<&Record> for Visit {
    fn from(record: &Record) -> Self {
        Self {
            // What is missing, or of another type, leaves the column empty: the session is in `data`, whole.
            user_id: record.data.get("user_id").ok().flatten(),
            ip: record.data.get("ip").ok().flatten(),
            data: record.data.to_json(),
            ends_at: micros(record.expires_at),
        }
    }
}

fn micros(moment: SystemTime) -> i64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

fn moment(micros: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros.unsigned_abs())
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let (data, ends_at, version): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let decoded = Data::from_json(data.as_bytes());
    let damage = decoded.as_ref().err().map(Into::into);
    let mut record = Record::new(decoded.unwrap_or_default(), moment(ends_at));
    record.damage = damage;
    Ok(record.with_version(Version::from_text(version.to_string())))
}

fn find(db: &Connection, key: &str) -> rusqlite::Result<Option<Record>> {
    let sql = "SELECT data, ends_at, version FROM visit WHERE key = ?1";
    db.prepare_cached(sql)?.query_row([key], record).optional()
}

/// Replaces the row in version `base`, moving it to `new`; the new version.
fn update(
    db: &Connection,
    key: &str,
    new: &str,
    visit: &Visit,
    base: &Version,
) -> rusqlite::Result<Option<Version>> {
    let Some(base) = base.as_text().and_then(|text| text.parse::<i64>().ok()) else {
        return Ok(None);
    };
    let sql = "UPDATE visit SET key = ?2, user_id = ?3, ip = ?4, data = ?5, ends_at = ?6, version = version + 1
               WHERE key = ?1 AND version = ?7";
    let Visit {
        user_id,
        ip,
        data,
        ends_at,
    } = visit;
    let rows = db
        .prepare_cached(sql)?
        .execute(params![key, new, user_id, ip, data, ends_at, base])?;
    Ok((rows == 1).then(|| Version::from_text((base + 1).to_string())))
}

impl SessionStore for VisitTable {
    fn engine(&self) -> &'static str {
        "visit_table"
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let key = key.as_str().to_owned();
        self.run(move |db| find(db, &key)).await
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let (key, visit) = (key.as_str().to_owned(), Visit::from(record));
        self.run(move |db| {
            let sql = "INSERT INTO visit VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT DO NOTHING";
            let Visit {
                user_id,
                ip,
                data,
                ends_at,
            } = visit;
            let rows = db.execute(sql, params![key, user_id, ip, data, ends_at])?;
            Ok(match rows {
                1 => Created::Created(Version::from_text("1")),
                _ => Created::Taken,
            })
        })
        .await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let (key, visit, base) = (key.as_str().to_owned(), Visit::from(record), base.clone());
        self.run(move |db| {
            if let Some(version) = update(db, &key, &key, &visit, &base)? {
                return Ok(Saved::Saved(version));
            }
            Ok(find(db, &key)?.map_or(Saved::Gone, Saved::Conflict))
        })
        .await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let key = key.as_str().to_owned();
        self.run(move |db| Ok(db.execute("DELETE FROM visit WHERE key = ?1", [key])? == 1))
            .await
    }

    // From here on, what a database can do better than the defaults.

    fn powers(&self) -> Powers {
        Powers {
            compare_and_swap: true,
            atomic_rename: true,
            touch: true,
            scan: true,
            clear_expired: true,
            in_key: false,
        }
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        let (old, new) = (old.as_str().to_owned(), new.as_str().to_owned());
        let (visit, base) = (Visit::from(record), base.clone());
        self.run(move |db| {
            match update(db, &old, &new, &visit, &base) {
                Ok(Some(version)) => return Ok(Renamed::Renamed(version)),
                Ok(None) => {}
                Err(_) if find(db, &new)?.is_some() => return Ok(Renamed::Taken),
                Err(error) => return Err(error),
            }
            Ok(find(db, &old)?.map_or(Renamed::Gone, Renamed::Conflict))
        })
        .await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        let key = key.as_str().to_owned();
        let base = base.as_text().unwrap_or_default().to_owned();
        self.run(move |db| {
            let sql = "UPDATE visit SET ends_at = max(ends_at, ?2) WHERE key = ?1 AND version = CAST(?3 AS INTEGER)";
            Ok(db.execute(sql, params![key, micros(expires_at), base])? == 1)
        })
        .await
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(move |db| {
            let sql = "DELETE FROM visit WHERE key IN (SELECT key FROM visit WHERE ends_at < ?1 LIMIT ?2)";
            Ok(db.execute(sql, params![micros(now), limit])? as u64)
        })
        .await
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = after.unwrap_or_default().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(move |db| {
            let sql = "SELECT key, ends_at, data FROM visit WHERE key > ?1 ORDER BY key LIMIT ?2";
            let mut query = db.prepare_cached(sql)?;
            let listed = query.query_map(params![after, limit], |row| {
                let (key, data): (String, String) = (row.get(0)?, row.get(2)?);
                Ok(Listed::new(key, moment(row.get(1)?), data.len()))
            })?;
            listed.collect()
        })
        .await
    }
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    use std::io::Write as _;

    let table = VisitTable::new(Connection::open_in_memory()?)?;
    let sessions = Sessions::new(table.clone(), &testing::settings())?;
    for ip in ["192.0.2.1", "198.51.100.2"] {
        let session = sessions.new_session().load().await?;
        session.insert("user_id", 7)?;
        session.insert("ip", ip)?;
        session.save().await?;
    }
    let addresses = table.addresses(7).await?;
    assert_eq!(addresses, ["192.0.2.1", "198.51.100.2"]);
    writeln!(std::io::stdout(), "user 7 is logged in from {addresses:?}")?;
    assert_eq!(table.log_out_everywhere(7).await?, 2);
    writeln!(std::io::stdout(), "and now nowhere")?;
    Ok(())
}
