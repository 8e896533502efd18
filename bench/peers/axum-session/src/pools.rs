//! The pools that the application hands to `axum_session`.

use peer_payload::Failure;
use redis::Client;
use redis_pool::{RedisPool, SingleRedisPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{MySqlPool, PgPool, SqlitePool};

/// The pool's own number of connections that it keeps.
const KEPT: usize = 16;

pub(crate) fn redis(url: &str) -> Result<SingleRedisPool, Failure> {
    // Never more than are kept: by default it opens up to 512 and closes those that are too many after each command.
    Ok(RedisPool::new(Client::open(url)?, KEPT, Some(KEPT)))
}

pub(crate) async fn sqlite(path: &str) -> Result<SqlitePool, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    Ok(SqlitePool::connect_with(options).await?)
}

pub(crate) async fn postgres(url: &str) -> Result<PgPool, Failure> {
    Ok(PgPool::connect(url).await?)
}

pub(crate) async fn mysql(url: &str) -> Result<MySqlPool, Failure> {
    Ok(MySqlPool::connect(url).await?)
}
