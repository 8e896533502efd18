//! Two processes write one session.

use std::time::Duration;

use tenure::{Sessions, Settings};

use crate::{
    engines::Site,
    worker::{Worker, runtime, say, settings},
};

const ROUNDS: u32 = 1000;

/// The job: counts the same value further and sets one of its own, round after round.
pub(crate) async fn count(settings: Settings, argument: &str) {
    let (key, mine) = argument.split_once(' ').unwrap();
    let sessions = Sessions::open(settings).await.unwrap();
    say("ready");
    // So that neither is done before the other has begun.
    while !sessions
        .session(key)
        .load()
        .await
        .unwrap()
        .contains_key("go")
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for round in 1..=ROUNDS {
        let session = sessions.session(key).load().await.unwrap();
        session
            .update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)
            .unwrap();
        session.insert(mine, round).unwrap();
        session.save().await.unwrap();
    }
}

pub(crate) fn two_processes_lose_nothing((engine, _guard): Site) {
    runtime().block_on(async {
        let sessions = Sessions::open(settings(&engine)).await.unwrap();
        sessions.store().prepare().await.unwrap();
        let session = sessions.new_session().load().await.unwrap();
        session.insert("visits", 0).unwrap();
        session.save().await.unwrap();
        let key = session.key().unwrap();
        let start = |mine| Worker::start("count", &engine, &format!("{} {mine}", key.as_str()));
        let mut workers = ["one", "other"].map(start);
        for worker in &mut workers {
            assert_eq!(worker.hear().as_deref(), Some("ready"));
        }
        session.insert("go", true).unwrap();
        session.save().await.unwrap();
        workers.into_iter().for_each(Worker::finish);
        let session = sessions.session(key.as_str()).load().await.unwrap();
        let found = ["visits", "one", "other"].map(|name| session.get::<u32>(name).unwrap());
        assert_eq!(found, [Some(2 * ROUNDS), Some(ROUNDS), Some(ROUNDS)]);
    });
}
