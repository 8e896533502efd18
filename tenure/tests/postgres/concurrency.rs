//! Two connections on one row, with locks held on purpose.

use std::time::{Duration, SystemTime};

use tenure::{
    engine::db::PostgresStore,
    store::{Created, Renamed, Saved, SessionStore},
};
use testkit::{Console, Postgres, wait_until};

use crate::site::{KEY, OTHER, create, key, record, settings, store};

/// Waits until a statement waits for a lock.
fn until_somebody_waits(console: &mut Console) {
    let waiting = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted";
    tokio::task::block_in_place(|| {
        wait_until("a wait for a lock", || console.run(waiting) == ["t"]);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_does_while_a_save_waits_for_its_lock_is_told_as_it_is() {
    let server = Postgres::start();
    let (store, database) = store(&server).await;
    let mut holder = server.console(&database);
    let mut looker = server.console(&database);
    for (during, expected) in [
        (
            "UPDATE django_session SET session_data = 'other'",
            "conflict",
        ),
        (
            "UPDATE django_session SET expire_date = '2999-01-01'",
            "saved",
        ),
        ("DELETE FROM django_session", "gone"),
        (
            "UPDATE django_session SET session_key = 'another-key'",
            "gone",
        ),
        (
            "UPDATE django_session SET session_data = 'other'; UPDATE django_session SET session_data = (SELECT data FROM old)",
            "saved",
        ),
    ] {
        holder.run("ROLLBACK; DROP TABLE IF EXISTS old; DELETE FROM django_session");
        let base = create(&store, r#"{"n":1}"#).await;
        holder.run("CREATE TEMP TABLE old AS SELECT session_data AS data FROM django_session");
        holder.run("BEGIN");
        holder.run(during);
        let saving = tokio::spawn({
            let (store, base) = (store.clone(), base.clone());
            async move { store.save(&key(KEY), &record(r#"{"n":2}"#), &base).await }
        });
        until_somebody_waits(&mut looker);
        holder.run("COMMIT");
        let told = match saving.await.unwrap().unwrap() {
            Saved::Saved(_) => "saved",
            Saved::Conflict(record) => {
                assert_eq!(record.version.as_text(), Some("other"), "what is there now");
                "conflict"
            }
            Saved::Gone => "gone",
            other @ Saved::Rekeyed(_) => panic!("{other:?}"),
        };
        assert_eq!(told, expected, "{during}");
        // What was rolled back has not been.
        holder.run("DELETE FROM django_session");
        let base = create(&store, r#"{"n":1}"#).await;
        holder.run("BEGIN");
        holder.run("UPDATE django_session SET session_data = 'other'");
        let saving = tokio::spawn({
            let store = store.clone();
            async move { store.save(&key(KEY), &record(r#"{"n":2}"#), &base).await }
        });
        until_somebody_waits(&mut looker);
        holder.run("ROLLBACK");
        assert!(matches!(saving.await.unwrap().unwrap(), Saved::Saved(_)));
    }

    // The new key is taken while the move waits for whoever takes it, or is not.
    for (end, expected) in [("COMMIT", "taken"), ("ROLLBACK", "renamed")] {
        holder.run("DELETE FROM django_session");
        let base = create(&store, "{}").await;
        holder.run("BEGIN");
        holder.run(&format!(
            "INSERT INTO django_session VALUES ('{OTHER}', 'x', now())"
        ));
        let moving = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .rename(&key(KEY), &key(OTHER), &record("{}"), &base)
                    .await
            }
        });
        let creating = tokio::spawn({
            let store = store.clone();
            async move { store.create(&key(OTHER), &record("{}")).await }
        });
        until_somebody_waits(&mut looker);
        holder.run(end);
        let moved = moving.await.unwrap().unwrap();
        let created = creating.await.unwrap().unwrap();
        match expected {
            "taken" => {
                assert!(matches!(moved, Renamed::Taken), "{moved:?}");
                assert!(matches!(created, Created::Taken), "{created:?}");
            }
            // One of the two has the key now.
            _ => assert!(
                matches!(moved, Renamed::Renamed(_)) != matches!(created, Created::Created(_)),
                "{moved:?} {created:?}"
            ),
        }
    }
    sweeping_passes_over_what_others_hold(&server).await;
    sweeping_goes_on_to_the_end(&server).await;
    reads_do_not_wait_for_locks(&server).await;
}

async fn sweeping_passes_over_what_others_hold(server: &Postgres) {
    let (store, database) = store(server).await;
    let mut holder = server.console(&database);
    holder.run("INSERT INTO django_session SELECT 'session-' || i, 'x', '2020-01-01' FROM generate_series(1, 100) i");
    holder.run("BEGIN");
    holder.run(
        "UPDATE django_session SET expire_date = '2999-01-01' WHERE session_key = 'session-7'",
    );
    let now = SystemTime::now();
    assert_eq!(store.clear_expired(now, 1000).await.unwrap(), 99);
    holder.run("COMMIT");
    assert_eq!(store.clear_expired(now, 1000).await.unwrap(), 0);
    assert!(store.load(&key("session-7")).await.unwrap().is_some());

    // Two at once share the work.
    holder.run("INSERT INTO django_session SELECT 'more-' || i, 'x', '2020-01-01' FROM generate_series(1, 5000) i");
    let sweeps = (0..2).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut total = 0;
            loop {
                match store.clear_expired(now, 100).await.unwrap() {
                    0 => return total,
                    swept => total += swept,
                }
            }
        })
    });
    let mut total = 0;
    for sweep in sweeps.collect::<Vec<_>>() {
        total += sweep.await.unwrap();
    }
    assert_eq!(total, 5000);
}

/// Deletes what ended before now, `limit` at a time, as `tenure clearsessions` does.
async fn clear(store: &PostgresStore, limit: usize) -> u64 {
    let now = SystemTime::now();
    let mut total = 0;
    loop {
        let swept = store.clear_expired(now, limit).await.unwrap();
        total += swept;
        if swept < limit as u64 {
            return total;
        }
    }
}

async fn sweeping_goes_on_to_the_end(server: &Postgres) {
    let (store, database) = store(server).await;
    let mut holder = server.console(&database);
    let insert = "INSERT INTO django_session SELECT 'session-' || i, 'x', '2020-01-01'::timestamptz + i * interval '1 second' FROM generate_series(1, 100) i";
    // What a sweep comes to first is held all the while.
    holder.run(insert);
    holder.run("BEGIN");
    holder.run("SELECT FROM django_session WHERE expire_date <= '2020-01-01 00:00:20' FOR UPDATE");
    assert_eq!(clear(&store, 7).await, 80);
    holder.run("COMMIT");
    assert_eq!(clear(&store, 7).await, 20);

    // What a sweep comes to is written between its look at the table and its lock: the first row lets it go on only afterwards.
    holder.run(insert);
    holder.run(
        "CREATE FUNCTION gate() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN true; END'",
    );
    holder.run("ALTER TABLE django_session ENABLE ROW LEVEL SECURITY");
    holder.run("CREATE POLICY gate ON django_session USING (session_key <> 'session-1' OR gate())");
    holder.run("CREATE ROLE sweeper LOGIN PASSWORD 'sesame'");
    holder.run("GRANT ALL ON django_session TO sweeper");
    let url = server.url(&database).replace("tenure:", "sweeper:");
    let bound = PostgresStore::open(&settings(url)).await.unwrap();
    holder.run("SELECT pg_advisory_lock(1)");
    let sweeping = tokio::spawn(async move { clear(&bound, 7).await });
    until_somebody_waits(&mut server.console(&database));
    holder.run("UPDATE django_session SET session_data = 'y' WHERE session_key IN ('session-2', 'session-3')");
    holder.run("SELECT pg_advisory_unlock(1)");
    assert_eq!(sweeping.await.unwrap(), 100);
}

async fn reads_do_not_wait_for_locks(server: &Postgres) {
    let (store, database) = store(server).await;
    let base = create(&store, "{}").await;
    let mut holder = server.console(&database);
    holder.run("BEGIN");
    holder.run("UPDATE django_session SET session_data = 'other'");
    let started = std::time::Instant::now();
    let saving = tokio::spawn({
        let store = store.clone();
        async move { store.save(&key(KEY), &record("{}"), &base).await }
    });
    for _ in 0..100 {
        assert!(store.load(&key(KEY)).await.unwrap().is_some());
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    let error = saving.await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("another program has locked"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(4));
    holder.run("ROLLBACK");
    assert!(store.delete(&key(KEY)).await.unwrap());
}
