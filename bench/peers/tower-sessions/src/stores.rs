//! Each store set up as its own documentation does it.

use peer_payload::Failure;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::sqlx::mysql::MySqlConnectOptions;
use tower_sessions_sqlx_store::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use tower_sessions_sqlx_store::sqlx::{MySqlPool, PgPool};
use tower_sessions_sqlx_store::{MySqlStore, PostgresStore, SqliteStore};

pub(crate) async fn redis(url: &str) -> Result<RedisStore<Pool>, Failure> {
    // One connection: fred sends the commands of many requests down it without waiting, and more were no faster from one thread.
    let pool = Pool::new(Config::from_url(url)?, None, None, None, 1)?;
    pool.connect();
    pool.wait_for_connect().await?;
    Ok(RedisStore::new(pool))
}

pub(crate) async fn sqlite(path: &str) -> Result<SqliteStore, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    // One connection: SQLite has one writer at a time, and with more they wait for its lock (writes then cost about a fifth more CPU).
    let pool = SqlitePoolOptions::new().max_connections(1);
    let store = SqliteStore::new(pool.connect_with(options).await?);
    store.migrate().await?;
    Ok(store)
}

pub(crate) async fn postgres(url: &str) -> Result<PostgresStore, Failure> {
    let store = PostgresStore::new(PgPool::connect(url).await?);
    store.migrate().await?;
    Ok(store)
}

pub(crate) async fn mysql(url: &str) -> Result<MySqlStore, Failure> {
    let options: MySqlConnectOptions = url.parse()?;
    let database = options.get_database().ok_or("the URL names no database")?;
    let database = database.to_owned();
    // Into the URL's database, as the store's own default is another that the user may not be allowed to make.
    let store =
        MySqlStore::new(MySqlPool::connect_with(options).await?).with_schema_name(database)?;
    store.migrate().await?;
    Ok(store)
}
