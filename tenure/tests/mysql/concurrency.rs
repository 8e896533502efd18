//! Two connections on one row, with locks held on purpose.

use std::time::SystemTime;

use tenure::store::{Created, Renamed, Saved, SessionStore};
use testkit::{Console, MariaDb, wait_until};

use crate::site::{KEY, OTHER, create, key, record, store};

/// Waits until so many statements wait for a lock.
fn until_waiting(console: &mut Console, count: u32) {
    // `innodb_trx` shows what it has shown already to whoever asks often.
    let waiting = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'INNODB_ROW_LOCK_CURRENT_WAITS'";
    tokio::task::block_in_place(|| {
        wait_until("a wait for a lock", || {
            console.run(waiting).concat().parse::<u32>().unwrap() >= count
        });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_does_while_a_save_waits_for_its_lock_is_told_as_it_is() {
    let server = MariaDb::start();
    saving_tells_what_is_there_after_the_wait(&server).await;
    a_new_key_is_taken_or_not_after_the_wait(&server).await;
    a_lock_holds_up_those_alone_who_want_it(&server).await;
}

async fn saving_tells_what_is_there_after_the_wait(server: &MariaDb) {
    let (store, database) = store(server).await;
    let mut holder = server.console(&database);
    let mut looker = server.console(&database);
    for (during, end, expected) in [
        (
            "UPDATE django_session SET session_data = 'other'",
            "COMMIT",
            "conflict",
        ),
        (
            "UPDATE django_session SET session_data = 'other'",
            "ROLLBACK",
            "saved",
        ),
        (
            "UPDATE django_session SET session_data = UPPER(session_data)",
            "COMMIT",
            "conflict",
        ),
        (
            "UPDATE django_session SET expire_date = '2999-01-01'",
            "COMMIT",
            "saved",
        ),
        ("DELETE FROM django_session", "COMMIT", "gone"),
        ("DELETE FROM django_session", "ROLLBACK", "saved"),
        (
            "UPDATE django_session SET session_key = 'another-key'",
            "COMMIT",
            "gone",
        ),
    ] {
        holder.run("DELETE FROM django_session");
        let base = create(&store, r#"{"n":1}"#).await;
        holder.run("BEGIN");
        holder.run(during);
        let saving = tokio::spawn({
            let store = store.clone();
            async move { store.save(&key(KEY), &record(r#"{"n":2}"#), &base).await }
        });
        until_waiting(&mut looker, 1);
        holder.run(end);
        let told = match saving.await.unwrap().unwrap() {
            Saved::Saved(_) => "saved",
            Saved::Conflict(_) => "conflict",
            Saved::Gone => "gone",
            other @ Saved::Rekeyed(_) => panic!("{other:?}"),
        };
        assert_eq!(told, expected, "{during}; {end}");
    }
}

async fn a_new_key_is_taken_or_not_after_the_wait(server: &MariaDb) {
    let (store, database) = store(server).await;
    let mut holder = server.console(&database);
    let mut looker = server.console(&database);
    for (end, taken) in [("COMMIT", true), ("ROLLBACK", false)] {
        holder.run("DELETE FROM django_session");
        let base = create(&store, "{}").await;
        holder.run("BEGIN");
        holder.run(&format!(
            "INSERT INTO django_session VALUES ('{OTHER}', 'x', NOW())"
        ));
        let moving = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .rename(&key(KEY), &key(OTHER), &record("{}"), &base)
                    .await
            }
        });
        until_waiting(&mut looker, 1);
        let creating = tokio::spawn({
            let store = store.clone();
            async move { store.create(&key(OTHER), &record("{}")).await }
        });
        until_waiting(&mut looker, 2);
        holder.run(end);
        let moved = moving.await.unwrap().unwrap();
        let created = creating.await.unwrap().unwrap();
        if taken {
            assert!(matches!(moved, Renamed::Taken), "{moved:?}");
            assert!(matches!(created, Created::Taken), "{created:?}");
        } else {
            // One of the two has the key now.
            assert!(
                matches!(moved, Renamed::Renamed(_)) != matches!(created, Created::Created(_)),
                "{moved:?} {created:?}"
            );
        }
    }
}

async fn a_lock_holds_up_those_alone_who_want_it(server: &MariaDb) {
    let (store, database) = store(server).await;
    let mut holder = server.console(&database);
    let mut looker = server.console(&database);
    let base = create(&store, "{}").await;
    holder.run("BEGIN");
    holder.run(&format!(
        "UPDATE django_session SET session_data = 'other' WHERE session_key = '{KEY}'"
    ));
    let saving = tokio::spawn({
        let store = store.clone();
        async move { store.save(&key(KEY), &record("{}"), &base).await }
    });
    until_waiting(&mut looker, 1);
    for _ in 0..100 {
        assert!(store.load(&key(KEY)).await.unwrap().is_some());
    }
    let created = store.create(&key(OTHER), &record("{}")).await.unwrap();
    assert!(matches!(created, Created::Created(_)), "{created:?}");
    let error = saving.await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("another program has locked"),
        "{error}"
    );
    holder.run("ROLLBACK");
    assert!(store.delete(&key(KEY)).await.unwrap());

    // Sweeping waits too, and then says why it did not go on.
    holder.run("DELETE FROM django_session");
    holder.run(
        "INSERT INTO django_session SELECT CONCAT('session-', seq), 'x', '2020-01-01' FROM seq_1_to_100",
    );
    holder.run("BEGIN");
    holder.run("SELECT * FROM django_session WHERE session_key = 'session-7' FOR UPDATE");
    let error = store.clear_expired(SystemTime::now(), 1000).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("another program has locked"), "{error}");
    holder.run("ROLLBACK");
    let swept = store.clear_expired(SystemTime::now(), 1000).await;
    assert_eq!(swept.unwrap(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeping_beside_logouts_and_another_sweep_meets_no_deadlock() {
    let server = MariaDb::start();
    let (store, database) = store(&server).await;
    server.sql(&database, "INSERT INTO django_session SELECT CONCAT('session-', seq), 'x', '2020-01-01' FROM seq_1_to_6000");
    let now = SystemTime::now();
    let sweeps = (0..2).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut total = 0;
            loop {
                match store.clear_expired(now, 300).await.unwrap() {
                    0 => return total,
                    swept => total += swept,
                }
            }
        })
    });
    let sweeps: Vec<_> = sweeps.collect();
    let mut total = 0;
    for number in (1..=6000).rev().step_by(3) {
        let key = key(&format!("session-{number}"));
        total += u64::from(store.delete_expired(&key, now).await.unwrap());
    }
    for sweep in sweeps {
        total += sweep.await.unwrap();
    }
    assert_eq!(total, 6000, "each was deleted once, and counted once");
    let deadlocks = "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'";
    assert_eq!(server.sql(&database, deadlocks), "Innodb_deadlocks\t0");
}
