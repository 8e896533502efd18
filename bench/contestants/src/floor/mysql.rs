//! MySQL and MariaDB through `mysql_async`: as many connections as there are statements under way, since one can carry but one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mysql_async::{Conn, Opts, OptsBuilder, Params, Statement, Value, prelude::Queryable as _};

use super::{Floor, end, now};
use crate::Error;

/// Compared by bytes, as a key and a version have to be.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS bench_session (id varchar(40) NOT NULL PRIMARY KEY, data longtext NOT NULL, ends bigint NOT NULL, INDEX (ends)) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
const LOAD: &str = "SELECT data FROM bench_session WHERE id = ? AND ends > ?";
const SWAP: &str = "UPDATE bench_session SET data = ?, ends = ? WHERE id = ? AND data = ?";
const CREATE: &str = "INSERT INTO bench_session (id, data, ends) VALUES (?, ?, ?)";

#[derive(Clone)]
pub(super) struct Mysql(Arc<Pool>);

struct Pool {
    opts: Opts,
    idle: Mutex<Vec<Line>>,
}

/// A connection and what is prepared on it.
struct Line {
    connection: Conn,
    load: Statement,
    swap: Statement,
    create: Statement,
}

impl Mysql {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let opts = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
        let pool = Self(Arc::new(Pool {
            opts: opts.into(),
            idle: Mutex::default(),
        }));
        Conn::new(pool.0.opts.clone())
            .await?
            .query_drop(TABLE)
            .await?;
        let line = pool.line().await?;
        pool.idle().push(line);
        Ok(pool)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn line(&self) -> Result<Line, Error> {
        let idle = self.idle().pop();
        if let Some(line) = idle {
            return Ok(line);
        }
        let mut connection = Conn::new(self.0.opts.clone()).await?;
        Ok(Line {
            load: connection.prep(LOAD).await?,
            swap: connection.prep(SWAP).await?,
            create: connection.prep(CREATE).await?,
            connection,
        })
    }
}

fn params<const N: usize>(values: [Value; N]) -> Params {
    Params::Positional(values.into())
}

impl Floor for Mysql {
    type Session = String;

    async fn load(&self, key: &str) -> Result<Option<String>, Error> {
        let mut line = self.line().await?;
        let values = params([key.into(), now()?.into()]);
        let found = line.connection.exec_first(&line.load, values).await?;
        self.idle().push(line);
        Ok(found)
    }

    async fn swap(&self, key: &str, old: &String, new: &str) -> Result<bool, Error> {
        let mut line = self.line().await?;
        let values = params([new.into(), end()?.into(), key.into(), old.into()]);
        line.connection.exec_drop(&line.swap, values).await?;
        let swapped = line.connection.affected_rows() == 1;
        self.idle().push(line);
        Ok(swapped)
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        let mut line = self.line().await?;
        let values = params([key.into(), json.into(), end()?.into()]);
        line.connection.exec_drop(&line.create, values).await?;
        self.idle().push(line);
        Ok(())
    }
}
