//! Round trips, counted by a proxy.

use std::time::{Duration, SystemTime};

use tenure::{
    Data, Record, SessionKey,
    engine::cache::Format,
    store::{Created, Renamed, Saved, SessionStore},
    testing,
};
use testkit::{Memcached, Proxy};

use super::site::store_at;

#[tokio::test]
async fn round_trips_are_few() {
    let server = Memcached::start();
    let proxy = Proxy::to_port(server.port());
    let store = store_at(
        proxy.address().to_string(),
        Format::Json,
        &testing::settings(),
    );
    let key = |letter: &str| SessionKey::parse(&letter.repeat(32)).unwrap();
    let (old, new) = (key("a"), key("b"));
    let ends = SystemTime::now() + Duration::from_mins(10);
    let record = Record::new(Data::from_json(b"{\"a\":1}").unwrap(), ends);
    store.load(&old).await.unwrap();
    assert_eq!(proxy.take_round_trips(), 2, "one for the new connection");

    let Created::Created(version) = store.create(&old, &record).await.unwrap() else {
        panic!("the key is free");
    };
    assert_eq!(proxy.take_round_trips(), 1, "new");
    store.load(&old).await.unwrap().unwrap();
    assert_eq!(proxy.take_round_trips(), 1, "read");
    let Saved::Saved(version) = store.save(&old, &record, &version).await.unwrap() else {
        panic!("nobody else writes");
    };
    assert_eq!(proxy.take_round_trips(), 1, "write, after the read");
    let later = ends + Duration::from_hours(1);
    assert!(store.touch(&old, later, &version).await.unwrap());
    assert_eq!(proxy.take_round_trips(), 1, "touch");
    let Saved::Conflict(now) = store.save(&old, &record, &version).await.unwrap() else {
        panic!("a touch changes the number");
    };
    assert_eq!(now.data.to_json(), record.data.to_json());
    assert_eq!(proxy.take_round_trips(), 2, "write after another's");
    let renamed = store
        .rename(&old, &new, &record, &now.version)
        .await
        .unwrap();
    assert!(matches!(renamed, Renamed::Renamed(_)));
    assert_eq!(proxy.take_round_trips(), 2, "new key, after the read");
    assert!(store.delete(&new).await.unwrap());
    assert_eq!(proxy.take_round_trips(), 1, "delete");
}

#[tokio::test]
async fn calls_that_wait_together_travel_together() {
    let server = Memcached::start();
    let proxy = Proxy::to_port(server.port());
    let store = store_at(
        proxy.address().to_string(),
        Format::Json,
        &testing::settings(),
    );
    let key = SessionKey::parse(&"a".repeat(32)).unwrap();
    store.load(&key).await.unwrap();
    proxy.take_round_trips();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { store.load(&key).await.unwrap().is_none() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let trips = proxy.take_round_trips();
    assert!(trips <= 5, "{trips} for 100 reads");
}
