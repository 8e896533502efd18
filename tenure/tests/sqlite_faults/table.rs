//! Django's own table, and many writes to it.

use std::sync::Arc;

use rusqlite::Connection;
use tenure::{SessionKey, engine::db::SqliteStore, store::SessionStore};

use crate::site::{KEY, LATER, Site, path, settings, signed};

/// Text of every table and index.
fn schema(connection: &Connection) -> Vec<(String, String, Option<String>)> {
    let mut statement = connection
        .prepare("SELECT type, name, sql FROM sqlite_master ORDER BY name")
        .unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_table_is_made_as_django_makes_it_and_left_as_django_made_it() {
    let djangos = Site::new().await;
    let expected = schema(&djangos.other);
    assert_eq!(expected.len(), 3, "table, index of the key, index of dates");
    djangos.store.create_table().await.unwrap();
    assert_eq!(schema(&djangos.other), expected);

    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&settings(folder.path(), "?mode=rwc"))
        .await
        .unwrap();
    store.create_table().await.unwrap();
    let other = Connection::open(path(folder.path())).unwrap();
    assert_eq!(schema(&other), expected);
    store.create_table().await.unwrap();
    assert_eq!(schema(&other), expected);
}

#[tokio::test]
async fn a_table_that_django_made_serves_a_whole_visit() {
    let site = Site::new().await;
    let session = site.sessions.new_session().load().await.unwrap();
    session.insert("cart", [1, 2]).unwrap();
    session.save().await.unwrap();
    session.cycle_key().await.unwrap();
    let key = session.key().unwrap();
    let again = site.sessions.session(key.as_str()).load().await.unwrap();
    assert_eq!(again.get("cart").unwrap(), Some(vec![1, 2]));
    let date: String = site
        .other
        .query_row("SELECT expire_date FROM django_session", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(date.as_bytes()[10], b' ', "{date}");
    again.flush().await.unwrap();
    assert_eq!(site.rows(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_writes_at_once_all_land() {
    let site = Site::new().await;
    let barrier = Arc::new(tokio::sync::Barrier::new(500));
    let tasks: Vec<_> = (0..500_u32)
        .map(|number| {
            let (sessions, barrier) = (site.sessions.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                let session = sessions.new_session().load().await.unwrap();
                session.insert("number", number).unwrap();
                barrier.wait().await;
                session.save().await.unwrap();
                session.key().unwrap()
            })
        })
        .collect();
    for (number, task) in (0..500_u32).zip(tasks) {
        let key = task.await.unwrap();
        let session = site.sessions.session(key.as_str()).load().await.unwrap();
        assert_eq!(session.get("number").unwrap(), Some(number));
    }
    assert_eq!(site.rows(), 500);
}

#[tokio::test]
async fn one_bad_write_in_a_batch_does_not_spoil_the_others() {
    let site = Site::new().await;
    site.other
        .execute_batch(
            "CREATE TRIGGER picky BEFORE DELETE ON django_session BEGIN SELECT RAISE(ABORT, 'kept'); END",
        )
        .unwrap();
    let key = SessionKey::parse(KEY).unwrap();
    site.put(signed("{}"), LATER);
    let session = site.sessions.new_session().load().await.unwrap();
    session.insert("cart", 1).unwrap();
    // Queued together while the writer waits for the lock.
    site.other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (deleted, saved, ()) = tokio::join!(site.store.delete(&key), session.save(), async {
        site.other.execute_batch("COMMIT").unwrap();
    });
    assert!(deleted.is_err());
    saved.unwrap();
    assert_eq!(site.rows(), 2);
}

#[tokio::test]
async fn the_log_beside_the_file_does_not_grow_with_every_write() {
    let site = Site::new().await;
    let session = site.sessions.new_session().load().await.unwrap();
    for visit in 0..1000 {
        session.insert("visits", visit).unwrap();
        session.save().await.unwrap();
    }
    let log = path(site.folder.path()).with_extension("sqlite3-wal");
    let bytes = std::fs::metadata(log).unwrap().len();
    // A thousand writes fill nearly three of these.
    assert!(bytes < 3 << 20, "{bytes} bytes");
}
