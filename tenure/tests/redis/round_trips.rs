//! What a request costs, counted on the line.

use tenure::Sessions;
use testkit::{Proxy, Redis};

use crate::site;

#[tokio::test]
async fn a_request_costs_as_many_round_trips_as_promised() {
    let server = Redis::start();
    let line = Proxy::to_port(server.port());
    let sessions = site::sessions(&site::settings(&site::through(&line))).await;
    let mut key = new(&sessions).await;
    // Once without counting: the server learns the scripts.
    for counted in [false, true] {
        let count = |what: &str, promised: u64| {
            let took = line.take_round_trips();
            assert!(
                !counted || took == promised,
                "{what} took {took} round trips, not {promised}"
            );
        };
        count("before", 0);

        let untouched = sessions.session(&key);
        assert!(sessions.finish_now(&untouched, 200).is_some());
        count("a request that does not touch its session", 0);

        let reading = sessions.session(&key);
        let session = reading.load().await.unwrap();
        assert_eq!(session.get::<u8>("user").unwrap(), Some(1));
        sessions.finish(&reading, 200).await.unwrap();
        count("a read", 1);

        let writing = sessions.session(&key);
        writing
            .load()
            .await
            .unwrap()
            .insert("cart", 1 + u8::from(counted))
            .unwrap();
        sessions.finish(&writing, 200).await.unwrap();
        count("a write", 2);

        new(&sessions).await;
        count("a new session", 1);

        let changing = sessions.session(&key);
        let session = changing.load().await.unwrap();
        session.cycle_key().await.unwrap();
        count("a new key", 2);
        key = session.key().unwrap().as_str().to_owned();
        sessions.finish(&changing, 200).await.unwrap();
        line.take_round_trips();

        let store = sessions.store();
        let key = tenure::SessionKey::parse(&key).unwrap();
        let found = store.load(&key).await.unwrap().unwrap();
        line.take_round_trips();
        let later = found.expires_at + std::time::Duration::from_mins(1);
        assert!(store.touch(&key, later, &found.version).await.unwrap());
        count("prolonging", 1);
    }
}

async fn new(sessions: &Sessions) -> String {
    let lazy = sessions.new_session();
    let session = lazy.load().await.unwrap();
    session.insert("user", 1).unwrap();
    sessions.finish(&lazy, 200).await.unwrap();
    session.key().unwrap().as_str().to_owned()
}
