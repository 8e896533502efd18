//! A replica: to read from, and to take over.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use tenure::{
    Sessions, Settings,
    conformance::{Broken, outage},
    engine::{
        self,
        db::{PostgresStore, ReadReplica},
    },
    settings::DatabaseSettings,
    store::{Saved, SessionStore, Store},
};
use testkit::{Postgres, Proxy};

use crate::site::{KEY, OTHER, create, ending, key, record, settings, store};

fn with_replica(primary: String, replica: String) -> Settings {
    let mut settings = settings(primary);
    let replica = DatabaseSettings::new(replica);
    settings.databases.insert("replica".into(), replica);
    settings.read_replica = Some("replica".into());
    settings
}

async fn opened(settings: &Settings) -> Store {
    let store = engine::open(settings).await.unwrap();
    store.prepare().await.unwrap();
    store
}

tenure::conformance!(postgres_with_a_replica, async |settings: &Settings| {
    let primary = Postgres::start();
    let database = primary.create_database();
    let replica = primary.replica();
    let mut settings = settings.clone();
    settings.set_database_url(primary.url(&database));
    let writing = PostgresStore::open(&settings).await.unwrap();
    writing.create_table().await.unwrap();
    replica.catch_up(&primary);
    settings.set_database_url(replica.url(&database));
    let reading = PostgresStore::open(&settings).await.unwrap();
    (ReadReplica::new(writing, reading), (primary, replica))
});

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lags_hides_no_login_and_loses_no_write() {
    let primary = Postgres::start();
    let (elsewhere, database) = store(&primary).await;
    let replica = primary.replica();
    let proxy = Proxy::to_port(replica.port());
    let both = with_replica(
        primary.url(&database),
        replica.url_through(proxy.port(), &database),
    );
    let here = opened(&both).await;

    // Written by another process, and read from the replica.
    let base = create(&elsewhere, r#"{"n":1}"#).await;
    let soon = SystemTime::now() + Duration::from_millis(1);
    elsewhere
        .create(&key(OTHER), &ending("{}", soon))
        .await
        .unwrap();
    let gone = key("logged-out-elsewhere");
    elsewhere.create(&gone, &record("{}")).await.unwrap();
    replica.catch_up(&primary);
    proxy.take_bytes();
    let found = here.load(&key(KEY)).await.unwrap().unwrap();
    assert!(proxy.take_bytes() > 0, "the replica was asked");

    // From now on it lags.
    replica.sql("postgres", "SELECT pg_wal_replay_pause()");
    let saved = elsewhere
        .save(&key(KEY), &record(r#"{"n":2}"#), &base)
        .await;
    assert!(matches!(saved, Ok(Saved::Saved(_))), "{saved:?}");
    let stale = here.load(&key(KEY)).await.unwrap().unwrap();
    assert_eq!(stale.data.to_json(), r#"{"n":1}"#, "as the docs say");
    let saved = here
        .save(&key(KEY), &record(r#"{"n":2}"#), &found.version)
        .await
        .unwrap();
    let Saved::Conflict(current) = saved else {
        panic!("nothing is saved over what another wrote: {saved:?}");
    };
    assert_eq!(current.data.to_json(), r#"{"n":2}"#);
    let saved = here
        .save(&key(KEY), &record(r#"{"n":3}"#), &current.version)
        .await;
    assert!(matches!(saved, Ok(Saved::Saved(_))), "{saved:?}");
    let found = here.load(&key(KEY)).await.unwrap().unwrap();
    assert_eq!(found.data.to_json(), r#"{"n":3}"#, "our own write");

    let login = key("a-login-elsewhere");
    elsewhere.create(&login, &record("{}")).await.unwrap();
    assert!(here.load(&login).await.unwrap().is_some(), "at once");

    // Prolonged elsewhere, though the replica says that it has ended.
    let old = elsewhere.load(&key(OTHER)).await.unwrap().unwrap();
    let later = SystemTime::now() + Duration::from_hours(1);
    let touched = elsewhere.touch(&key(OTHER), later, &old.version).await;
    assert!(touched.unwrap());
    let found = here.load(&key(OTHER)).await.unwrap().unwrap();
    assert!(found.expires_at > SystemTime::now());

    // Ended elsewhere: shown until the replica hears of it, but never brought back.
    elsewhere.delete(&gone).await.unwrap();
    let shown = here.load(&gone).await.unwrap().unwrap();
    let saved = here.save(&gone, &record("{}"), &shown.version).await;
    assert!(matches!(saved, Ok(Saved::Gone)), "{saved:?}");
    assert!(here.load(&gone).await.unwrap().is_none());
    // Ended here: never shown.
    let ours = key("logged-out-here");
    elsewhere.create(&ours, &record("{}")).await.unwrap();
    replica.sql("postgres", "SELECT pg_wal_replay_resume()");
    replica.catch_up(&primary);
    replica.sql("postgres", "SELECT pg_wal_replay_pause()");
    assert!(here.load(&ours).await.unwrap().is_some());
    here.delete(&ours).await.unwrap();
    assert!(here.load(&ours).await.unwrap().is_none());

    // A replica that is away is done without, also at the start.
    proxy.cut();
    assert!(here.load(&login).await.unwrap().is_some());
    let started = opened(&both).await;
    assert!(started.load(&login).await.unwrap().is_some());
}

#[test]
fn a_replica_has_to_be_another_database_of_the_same_kind() {
    let postgres = "postgres://db/site".to_owned();
    for (alias, url) in [
        ("default", postgres.clone()),
        ("nowhere", postgres.clone()),
        ("replica", "mysql://db/site".to_owned()),
    ] {
        let mut settings = with_replica(postgres.clone(), url);
        settings.read_replica = Some(alias.into());
        let error = settings.check().unwrap_err().to_string();
        assert!(error.starts_with("TENURE_READ_REPLICA"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_takes_over_without_a_restart() {
    let primary = Postgres::start();
    let (_, database) = store(&primary).await;
    let replica = primary.replica();
    let proxy = Proxy::to_port(primary.port());
    let mut settings = settings(primary.url_through(proxy.port(), &database));
    settings.store_timeout = Duration::from_secs(2);
    let store = PostgresStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store.clone(), &settings).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], replica.port()));
    let primary = std::cell::RefCell::new(primary);
    // The name leads to the replica before that is promoted: it answers, and writes nothing.
    let failover = outage(
        &sessions,
        Broken::Writes,
        async || {
            replica.catch_up(&primary.borrow());
            primary.borrow_mut().stop();
            proxy.retarget(address);
            while store.load(&key(KEY)).await.is_err() {}
            // Both kinds of connection.
            let error = loop {
                let error = store.delete(&key(KEY)).await.unwrap_err().to_string();
                if !error.contains("broke") {
                    break error;
                }
            };
            assert!(error.contains("may not be written"), "{error}");
        },
        async || replica.promote(),
    );
    failover.await.unwrap();
}
