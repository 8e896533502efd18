//! A server that is away, refuses, or changes its role.

use std::time::{Duration, Instant};

use tenure::{
    engine::db::MysqlStore,
    store::{Saved, SessionStore},
};
use testkit::{Disk, MariaDb, Proxy, free_port};

use crate::full::nobody_is_logged_out;
use crate::site::{KEY, create, djangos_statements, healed, key, record, settings, store, told};

async fn refused(url: String) -> String {
    let error = MysqlStore::open(&settings(url)).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(
        !text.contains("sesame") && !text.contains("guess"),
        "{text}"
    );
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_what_to_do() {
    let mut server = MariaDb::start();
    let database = server.create_database();
    let url = server.url(&database);
    let place = format!(
        "MySQL at 127.0.0.1:{} (database \"{database}\")",
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

    let store = MysqlStore::open(&settings(url.replace("mysql:", "mariadb:")))
        .await
        .unwrap();
    let error = store.load(&key(KEY)).await.unwrap_err();
    assert!(told(&error).contains("tenure init"), "{error}");
    // The same store, once somebody has made the table.
    store.create_table().await.unwrap();
    create(&store, "{}").await;
    server.stop();
    let error = store.load(&key(KEY)).await.unwrap_err();
    assert!(told(&error).contains(&place), "{}", told(&error));
    server.start_again();
    assert!(store.load(&key(KEY)).await.unwrap().is_some());
    // Without anything in between that could notice.
    server.stop();
    server.start_again();
    assert!(store.load(&key(KEY)).await.unwrap().is_some());
    assert!(store.delete(&key(KEY)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_fails_is_told_in_time_and_heals() {
    let server = MariaDb::start();
    let (direct, database) = store(&server).await;
    create(&direct, r#"{"n":1}"#).await;
    let proxy = Proxy::to_port(server.port());
    let mut settings = settings(server.url_through(proxy.port(), &database));
    let patient = MysqlStore::open(&settings).await.unwrap();
    settings.store_timeout = Duration::from_secs(1);
    let store = MysqlStore::open(&settings).await.unwrap();
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
        assert!(
            told(&error).contains("did not answer within"),
            "{}",
            told(&error)
        );
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
        // So that the statement is prepared.
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
    let server = MariaDb::start();
    let disk = Disk::new("4m");
    let folder = disk.server_folder("tables").display().to_string();
    let database = server.create_database();
    let [table, index] = <[String; 2]>::try_from(djangos_statements("mysql")).unwrap();
    server.sql(
        &database,
        &format!(
            "{} DATA DIRECTORY = '{folder}'",
            table.trim_end_matches(';')
        ),
    );
    server.sql(&database, &index);
    let store = MysqlStore::open(&settings(server.url(&database)))
        .await
        .unwrap();
    nobody_is_logged_out(store, &disk).await;
}
