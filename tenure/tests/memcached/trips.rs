//! Round trips, counted by a proxy.

use tenure::{SessionKey, engine::cache::Format, store::SessionStore, testing};
use testkit::{Memcached, Proxy};

use super::site::store_at;

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
