//! SQLite: what is its own there.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    Sqlite, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tenure::{
    Sessions, Settings,
    codec::SignedJson,
    engine::db::{SqliteStore, SqlxStore},
    testing,
};

use crate::{
    exchange::exchange,
    visits::{KEY, told, visits},
};

fn options(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join("site.sqlite3"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
}

/// A pool of this many connections, and a table.
async fn site(
    folder: &Path,
    connections: u32,
    settings: &Settings,
) -> (SqlitePool, SqlxStore<Sqlite>) {
    let pool = SqlitePoolOptions::new().max_connections(connections);
    let pool = pool.connect_with(options(folder)).await.unwrap();
    let store = SqlxStore::from_pool(pool.clone(), settings).unwrap();
    store.create_table().await.unwrap();
    (pool, store)
}

fn settings() -> Settings {
    let mut settings = testing::settings();
    settings.store_timeout = Duration::from_secs(1);
    settings
}

tenure::conformance!(sqlite, async |settings: &Settings| {
    let folder = tempfile::tempdir().unwrap();
    let (_, one) = site(folder.path(), 4, settings).await;
    let (_, other) = site(folder.path(), 4, settings).await;
    ([one, other], folder)
});

#[tokio::test]
async fn what_a_pool_writes_our_own_driver_reads_and_the_reverse() {
    for zone in ["", "Europe/Paris"] {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings();
        if !zone.is_empty() {
            settings.use_tz = false;
            settings.time_zone = zone.to_owned();
        }
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}", path.display()));
        let (_, pooled) = site(folder.path(), 4, &settings).await;
        let own = SqliteStore::open(&settings).await.unwrap();
        exchange(&pooled, &own).await;
        exchange(&own, &pooled).await;
    }
}

#[tokio::test]
async fn the_programs_own_transaction_and_connections_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (pool, store) = site(folder.path(), 2, &settings()).await;
    let count = "SELECT count(*) FROM django_session";
    let mut transaction = pool.begin().await.unwrap();
    let rows: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(rows, 0);

    // Many at a time, on the one connection that is left.
    let sessions = Sessions::new(store, &settings()).unwrap();
    visits(&sessions, 50).await;
    assert!(pool.size() <= 2, "{}", pool.size());

    // The program's transaction does not see them, and does not take them back.
    let rows: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(rows, 0);
    transaction.rollback().await.unwrap();
    let rows: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 50);
}

#[tokio::test]
async fn a_pool_without_a_free_connection_is_told_in_time_and_works_when_it_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let (pool, store) = site(folder.path(), 1, &settings()).await;
    let sessions = Sessions::new(store, &settings()).unwrap();
    let transaction = pool.begin().await.unwrap();
    let started = Instant::now();
    let told = told(sessions.session(KEY).load().await.unwrap_err());
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(told.contains("`max_connections`"), "{told}");
    drop(transaction);
    sessions.session(KEY).load().await.unwrap();
}

#[tokio::test]
async fn a_locked_database_is_told_in_time_and_works_when_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let (pool, store) = site(folder.path(), 2, &settings()).await;
    let sessions = Sessions::new(store, &settings()).unwrap();
    let session = sessions.new_session().load().await.unwrap();
    session.insert("cart", 1).unwrap();
    let transaction = pool.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let started = Instant::now();
    let told = told(session.save().await.unwrap_err());
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(
        told.contains("site.sqlite3 did not answer") && told.contains("locked"),
        "{told}"
    );
    transaction.rollback().await.unwrap();
    session.save().await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM django_session")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_missing_table_is_told_with_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let pool = SqlitePool::connect_with(options(folder.path()))
        .await
        .unwrap();
    let store = SqlxStore::from_pool(pool, &settings()).unwrap();
    let sessions = Sessions::new(store, &settings()).unwrap();
    let told = told(sessions.session(KEY).load().await.unwrap_err());
    assert!(told.contains("`tenure init`"), "{told}");
}

#[tokio::test]
async fn what_is_no_text_counts_as_empty_and_is_healed_by_the_next_write() {
    let folder = tempfile::tempdir().unwrap();
    let (pool, store) = site(folder.path(), 2, &settings()).await;
    let sessions = Sessions::new(store, &settings()).unwrap();
    let codec = SignedJson::new(settings().secret_key.as_ref().unwrap(), &[]);
    let values = [
        "x'00ff'",
        "CAST(x'61ff62' AS TEXT)",
        "x'74657874'",
        "42",
        "4.5",
    ];
    for value in values {
        let put = format!(
            "INSERT OR REPLACE INTO django_session VALUES ('{KEY}', {value}, '2999-01-01 00:00:00')"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(put))
            .execute(&pool)
            .await
            .unwrap();
        let session = sessions.session(KEY).load().await.unwrap();
        assert!(session.is_empty(), "{value}");
        assert_eq!(session.key().unwrap().as_str(), KEY, "{value}");
        session.insert("new", 1).unwrap();
        session.save().await.unwrap();
        let text: String = sqlx::query_scalar("SELECT session_data FROM django_session")
            .fetch_one(&pool)
            .await
            .unwrap();
        let data = codec.decode(&text).unwrap();
        assert_eq!(data.to_json(), r#"{"new":1}"#, "{value}");
    }
}
