//! The pools that the application hands to `axum_session`.

use peer_payload::Failure;
use redis::Client;
use redis_pool::{RedisPool, SingleRedisPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
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
    // One connection: SQLite has one writer at a time, and with more they wait for its lock (writes then cost about a fifth more CPU).
    let pool = SqlitePoolOptions::new().max_connections(1);
    Ok(pool.connect_with(options).await?)
}

pub(crate) async fn postgres(url: &str) -> Result<PgPool, Failure> {
    Ok(PgPool::connect(url).await?)
}

pub(crate) async fn mysql(url: &str) -> Result<MySqlPool, Failure> {
    Ok(MySqlPool::connect(url).await?)
}
