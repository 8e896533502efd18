//! A server that is away, refuses, or changes its role.

use std::time::{Duration, Instant};

use tenure::{
    engine::db::PostgresStore,
    store::{Saved, SessionStore},
};
use testkit::{Disk, Postgres, Proxy, free_port};

use crate::full::nobody_is_logged_out;
use crate::site::{KEY, create, healed, key, record, settings, store, told};

async fn refused(url: String) -> String {
    let error = PostgresStore::open(&settings(url)).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(
        !text.contains("sesame") && !text.contains("guess"),
        "{text}"
    );
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_what_to_do() {
    let mut server = Postgres::start();
    let database = server.create_database();
    let url = server.url(&database);
    let place = format!(
        "PostgreSQL at 127.0.0.1:{} (database \"{database}\")",
        server.port()
    );

    let away = free_port();
    let text = refused(server.url_through(away, &database)).await;
    assert!(
        text.contains(&format!("127.0.0.1:{away}"))
            && text.contains("tried for")
            && text.contains("refused"),
        "{text}"
    );
    let text = refused(url.replace("sesame", "guess")).await;
    assert!(
        text.contains(&place) && text.contains("check user and password"),
        "{text}"
    );
    let text = refused(server.url("nowhere")).await;
    assert!(
        text.contains("(database \"nowhere\") does not exist"),
        "{text}"
    );

    // By way of a unix socket.
    let socket = server
        .socket_folder()
        .display()
        .to_string()
        .replace('/', "%2F");
    let local = url.replace("127.0.0.1", &socket);
    PostgresStore::open(&settings(local)).await.unwrap();

    let store = PostgresStore::open(&settings(url)).await.unwrap();
    let error = store.load(&key(KEY)).await.unwrap_err();
    assert!(told(&error).contains("tenure init"), "{error}");
    // The same store, once somebody has made the table.
    store.create_table().await.unwrap();
    let base = create(&store, "{}").await;

    server.sql(
        "postgres",
        &format!("ALTER DATABASE {database} SET default_transaction_read_only = on"),
    );
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenure'",
    );
    let error = retried(async || store.save(&key(KEY), &record("{}"), &base).await).await;
    assert!(
        told(&error).contains("may not be written"),
        "{}",
        told(&error)
    );
    assert!(store.load(&key(KEY)).await.unwrap().is_some());
    server.sql(
        "postgres",
        &format!("ALTER DATABASE {database} RESET default_transaction_read_only"),
    );
    let saved = store.save(&key(KEY), &record("{}"), &base).await.unwrap();
    assert!(matches!(saved, Saved::Saved(_)), "{saved:?}");

    // Stopped, and started again.
    server.stop();
    let error = store.load(&key(KEY)).await.unwrap_err();
    assert!(told(&error).contains(&place), "{}", told(&error));
    server.start_again();
    assert!(store.load(&key(KEY)).await.unwrap().is_some());
    assert!(store.delete(&key(KEY)).await.unwrap());
}

/// The error that is not that of a connection which was just ended.
async fn retried<T: std::fmt::Debug>(
    call: impl AsyncFn() -> Result<T, tenure::StoreError>,
) -> tenure::StoreError {
    loop {
        let error = call().await.unwrap_err();
        if !error.to_string().contains("broke") {
            return error;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_fails_is_told_in_time_and_heals() {
    let server = Postgres::start();
    let (direct, database) = store(&server).await;
    create(&direct, r#"{"n":1}"#).await;
    let proxy = Proxy::to_port(server.port());
    let mut settings = settings(server.url_through(proxy.port(), &database));
    let patient = PostgresStore::open(&settings).await.unwrap();
    settings.store_timeout = Duration::from_secs(1);
    let store = PostgresStore::open(&settings).await.unwrap();
    let load = async || store.load(&key(KEY)).await;
    assert!(load().await.unwrap().is_some());

    let started = Instant::now();
    proxy.hold();
    let error = load().await.unwrap_err();
    assert!(
        told(&error).contains("did not answer within"),
        "{}",
        told(&error)
    );
    assert!(started.elapsed() < Duration::from_secs(1));
    proxy.heal();
    healed(&store).await;

    server.pause();
    let calls = (0..2000).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.load(&key(KEY)).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let error = call.await.unwrap().unwrap_err();
        assert!(!told(&error).is_empty());
    }
    server.resume();
    healed(&store).await;

    proxy.cut();
    let error = load().await.unwrap_err();
    assert!(told(&error).contains("127.0.0.1"), "{}", told(&error));
    proxy.heal();
    healed(&store).await;

    // In mid-reply, at each byte of it. Reading is tried again by itself.
    let store = patient;
    let load = async || store.load(&key(KEY)).await;
    for bytes in 1..300 {
        // So that it is this reading, and not the connecting before it.
        proxy.heal();
        healed(&store).await;
        proxy.cut_in_reply(bytes);
        let found = load().await.unwrap().unwrap();
        assert_eq!(found.data.to_json(), r#"{"n":1}"#, "{bytes}");
    }
    // A write is not, and has happened whole or not at all.
    proxy.heal();
    let mut number = 1;
    let mut broken = 0;
    for bytes in 1..60 {
        let found = load().await.unwrap().unwrap();
        assert_eq!(found.data.to_json(), format!(r#"{{"n":{number}}}"#));
        // So that the write's own line is there, and what it has prepared.
        let saved = store.save(&key(KEY), &found, &found.version).await.unwrap();
        let Saved::Saved(base) = saved else {
            panic!("{saved:?}")
        };
        proxy.cut_in_reply(bytes);
        let next = format!(r#"{{"n":{}}}"#, number + 1);
        broken += usize::from(store.save(&key(KEY), &record(&next), &base).await.is_err());
        proxy.heal();
        let found = direct.load(&key(KEY)).await.unwrap().unwrap();
        if found.data.to_json() == next {
            number += 1;
        }
    }
    assert!(broken > 10, "{broken}");
}

#[tokio::test]
async fn a_full_disk_logs_nobody_out() {
    let server = Postgres::start();
    let disk = Disk::new("32m");
    let folder = disk.server_folder("tables").display().to_string();
    server.sql(
        "postgres",
        &format!("CREATE TABLESPACE small LOCATION '{folder}'"),
    );
    server.sql("postgres", "CREATE DATABASE site TABLESPACE small");
    let store = PostgresStore::open(&settings(server.url("site")))
        .await
        .unwrap();
    store.create_table().await.unwrap();
    nobody_is_logged_out(store, &disk).await;
}
