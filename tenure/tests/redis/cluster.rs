//! A cluster: slots move, nodes die.

use std::time::Duration;

use tenure::{
    conformance::{self, Broken},
    store::Saved,
};
use testkit::{RedisCluster, wait_until};

use crate::site::{self, kept, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visitors_come_through_slots_that_move_and_nodes_that_die() {
    let cluster = RedisCluster::start();
    let settings = site::settings(&cluster.url());
    let sessions = site::sessions(&settings).await;
    let store = sessions.store().clone();

    // A slot moves while requests run: none of them fails, none is lost.
    let (key, mut base) = kept(&store).await;
    let full = format!(":1:django.contrib.sessions.cache{}", key.as_str());
    let target = (cluster.owner(&full) + 1) % 3;
    let stopped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writing = tokio::spawn({
        let (store, key, stopped) = (store.clone(), key.clone(), stopped.clone());
        async move {
            let mut count = 0;
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                count += 1;
                let saved = store
                    .save(&key, &record(&count.to_string()), &base)
                    .await
                    .unwrap();
                let Saved::Saved(version) = saved else {
                    panic!("{saved:?}")
                };
                base = version;
                let found = store.load(&key).await.unwrap().unwrap();
                assert_eq!(found.version, base);
            }
            (base, count)
        }
    });
    let moving = tokio::task::spawn_blocking(move || {
        cluster.begin_to_move(&full, target);
        std::thread::sleep(Duration::from_millis(300));
        cluster.end_move(&full, target);
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(cluster.owner(&full), target);
        cluster
    });
    let mut cluster = moving.await.unwrap();
    stopped.store(true, std::sync::atomic::Ordering::Relaxed);
    let (base, count) = writing.await.unwrap();
    assert!(count > 10, "{count} writes");

    // The node dies; a replica of its takes over.
    let everything = cluster.nodes()[target].command(&["INFO", "replication"]);
    assert!(everything.contains("connected_slaves:1"), "{everything}");
    wait_until("the replica has it all", || {
        let info = cluster.nodes()[target].command(&["INFO", "replication"]);
        let offset = |name: &str| {
            let tail = info.split_once(name)?.1;
            tail.split([',', '\r', '\n']).next().map(str::to_owned)
        };
        offset("offset=") == offset("master_repl_offset:")
    });
    cluster.nodes()[target].server().kill();
    let error = store.load(&key).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1"), "{error}");
    site::recovered(&store, &key).await;
    let saved = store.save(&key, &record("new"), &base).await.unwrap();
    assert!(matches!(saved, Saved::Saved(_)));

    // Without two of three, nobody can say what is true.
    let other = (target + 1) % 3;
    cluster.nodes()[other].server().kill();
    cluster.nodes()[(target + 2) % 3].server().kill();
    wait_until("the cluster is down", || {
        cluster.nodes().iter().all(|node| {
            let info = node.command(&["CLUSTER", "INFO"]);
            info.is_empty() || info.contains("cluster_state:fail")
        })
    });
    let error = store.load(&key).await.unwrap_err().to_string();
    assert!(
        error.contains("cluster that misses nodes") || error.contains("could not be reached"),
        "{error}"
    );
}

#[tokio::test]
async fn visitors_come_through_a_cluster_that_goes_silent() {
    let cluster = RedisCluster::start();
    let sessions = site::sessions(&site::settings(&cluster.url())).await;
    let cluster = std::sync::Mutex::new(cluster);
    let outcome = conformance::outage(
        &sessions,
        Broken::Everything,
        async || {
            for node in cluster.lock().unwrap().nodes() {
                node.server().pause();
            }
        },
        async || {
            let mut cluster = cluster.lock().unwrap();
            for node in cluster.nodes() {
                node.server().resume();
            }
            cluster.wait();
        },
    );
    outcome.await.unwrap();
}
