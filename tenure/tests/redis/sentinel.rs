//! A primary that a sentinel knows.

use tenure::{
    Settings,
    conformance::{self, Broken},
    store::Saved,
};
use testkit::{Sentinel, wait_until};

use crate::site::{self, kept, record, told};

pub(crate) fn settings(group: &Sentinel) -> Settings {
    let mut settings = site::settings(&format!("redis://{}/0", Sentinel::NAME));
    let sentinels = format!("[[\"127.0.0.1\", {}]]", group.port());
    let entry = settings.caches.get_mut("default").unwrap();
    entry.options.insert("SENTINELS".into(), sentinels);
    settings
}

#[tokio::test]
async fn visitors_come_through_a_failover() {
    let mut group = Sentinel::start();
    let settings = settings(&group);
    let sessions = site::sessions(&settings).await;
    let store = sessions.store();

    // In good order: the old primary becomes a replica, and refuses writes.
    let (key, base) = kept(store).await;
    replicated(&mut group);
    group.promote();
    site::recovered(store, &key).await;
    let saved = store.save(&key, &record("new"), &base).await.unwrap();
    assert!(matches!(saved, Saved::Saved(_)));

    // By a crash. Connections are refused at once, and the sentinel takes a second to believe it.
    let before = group.primary();
    wait_until("the old primary follows", || {
        let nodes = group.nodes();
        let info = nodes[0].command(&["INFO", "replication"]);
        info.contains("role:slave") && info.contains("master_link_status:up")
    });
    site::recovered(store, &key).await;
    let group = std::sync::Mutex::new(group);
    let outcome = conformance::outage(
        &sessions,
        Broken::Everything,
        async || {
            let mut group = group.lock().unwrap();
            replicated(&mut group);
            group.nodes()[1].server().kill();
        },
        async || {
            let group = group.lock().unwrap();
            group.wait_for_another(&before);
        },
    );
    outcome.await.unwrap();
}

/// Waits until both servers have the same: replication is asynchronous, and what the replica has not got is lost with the primary.
fn replicated(group: &mut Sentinel) {
    let offset = |info: String| {
        let line = info
            .lines()
            .find(|line| line.starts_with("master_repl_offset"));
        line.map(str::to_owned)
    };
    let nodes = group.nodes();
    wait_until("the replica has it all", || {
        let [one, other] =
            [0, 1].map(|node: usize| offset(nodes[node].command(&["INFO", "replication"])));
        one == other
    });
}

#[tokio::test]
async fn an_unknown_primary_and_silent_sentinels_are_told_in_words() {
    let mut group = Sentinel::start();
    let mut wrong = settings(&group);
    let entry = wrong.caches.get_mut("default").unwrap();
    entry.location = vec!["redis://carts/0".into()];
    let error = format!("{:?}", site::open(&wrong).await.unwrap_err());
    assert!(
        error.contains("(primary carts) know no primary of this name"),
        "{error}"
    );

    let settings = settings(&group);
    let store = site::open(&settings).await.unwrap();
    let (key, _) = kept(&store).await;
    group.server().stop();
    // Nobody needs the sentinel as long as the primary is there.
    assert!(store.load(&key).await.unwrap().is_some());
    group.nodes()[0].server().kill();
    let error = store.load(&key).await.unwrap_err();
    told(&error, &["could not be reached", &group.port().to_string()]);
}
