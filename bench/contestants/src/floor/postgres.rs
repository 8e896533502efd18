//! PostgreSQL through tokio-postgres: one connection, on which statements follow each other without waiting for answers.

use std::sync::Arc;

use tokio_postgres::{Client, NoTls, Row, Statement, types::ToSql};

use super::{Floor, end, now};
use crate::Error;

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS bench_session (key text PRIMARY KEY, data text NOT NULL, ends bigint NOT NULL);
CREATE INDEX IF NOT EXISTS bench_session_ends ON bench_session (ends);";

#[derive(Clone)]
pub(super) struct Postgres(Arc<Prepared>);

struct Prepared {
    client: Client,
    load: Statement,
    swap: Statement,
    create: Statement,
}

/// The row holds the bytes as they came from the server.
pub(super) struct Session(Row);

impl AsRef<str> for Session {
    fn as_ref(&self) -> &str {
        self.0.try_get(0).unwrap_or_default()
    }
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("the connection to PostgreSQL broke: {error}");
            }
        });
        client.batch_execute(TABLE).await?;
        let load = "SELECT data FROM bench_session WHERE key = $1 AND ends > $2";
        let swap = "UPDATE bench_session SET data = $1, ends = $2 WHERE key = $3 AND data = $4";
        let create = "INSERT INTO bench_session (key, data, ends) VALUES ($1, $2, $3)";
        Ok(Self(Arc::new(Prepared {
            load: client.prepare(load).await?,
            swap: client.prepare(swap).await?,
            create: client.prepare(create).await?,
            client,
        })))
    }

    pub(super) async fn swap_text(&self, key: &str, old: &str, new: &str) -> Result<bool, Error> {
        let ends = end()?;
        let values: [&(dyn ToSql + Sync); 4] = [&new, &ends, &key, &old];
        Ok(self.0.client.execute(&self.0.swap, &values).await? == 1)
    }
}

impl Floor for Postgres {
    type Session = Session;

    async fn load(&self, key: &str) -> Result<Option<Session>, Error> {
        let now = now()?;
        let row = self.0.client.query_opt(&self.0.load, &[&key, &now]).await?;
        Ok(row.map(Session))
    }

    async fn swap(&self, key: &str, old: &Session, new: &str) -> Result<bool, Error> {
        self.swap_text(key, old.as_ref(), new).await
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        let ends = end()?;
        let values: [&(dyn ToSql + Sync); 3] = [&key, &json, &ends];
        self.0.client.execute(&self.0.create, &values).await?;
        Ok(())
    }
}
