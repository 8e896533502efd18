//! The server is away, refuses, or forgets; and comes back.

use std::{fs, time::Duration};

use tenure::{
    Sessions,
    conformance::{self, Broken},
    store::{Created, Saved},
};
use testkit::{Flavour, Proxy, Redis};

use crate::site::{self, free_key, kept, record, told};

#[tokio::test]
async fn visitors_come_through_a_server_that_goes_away_and_comes_back() {
    for flavour in [Flavour::Redis, Flavour::Valkey] {
        // What was answered is on the disk, so that a restart loses nothing.
        let kept = ["--appendonly", "yes", "--appendfsync", "always"];
        let mut server = Redis::with(flavour, &kept);
        let sessions = site::sessions(&site::settings(&server.url())).await;
        check(&sessions, &mut server, Redis::stop, Redis::start_again).await;
        let kill = |server: &mut Redis| server.server().kill();
        check(&sessions, &mut server, kill, Redis::start_again).await;
        let pause = |server: &mut Redis| server.server().pause();
        let resume = |server: &mut Redis| server.server().resume();
        check(&sessions, &mut server, pause, resume).await;
    }
}

#[tokio::test]
async fn visitors_come_through_a_line_that_is_cut_or_goes_silent() {
    let server = Redis::start();
    let mut line = Proxy::to_port(server.port());
    let sessions = site::sessions(&site::settings(&site::through(&line))).await;
    let heal = |line: &mut Proxy| line.heal();
    check(&sessions, &mut line, |line| line.cut(), heal).await;
    check(&sessions, &mut line, |line| line.hold(), heal).await;
}

async fn check<T>(
    sessions: &Sessions,
    server: &mut T,
    break_it: impl FnOnce(&mut T),
    heal: impl FnOnce(&mut T),
) {
    let server = std::sync::Mutex::new(server);
    let outcome = conformance::outage(
        sessions,
        Broken::Everything,
        async || break_it(&mut server.lock().unwrap()),
        async || heal(&mut server.lock().unwrap()),
    );
    outcome.await.unwrap();
}

#[tokio::test]
async fn visitors_come_through_a_server_that_refuses_writes() {
    let server = Redis::start();
    let sessions = site::sessions(&site::settings(&server.url())).await;
    let (full, roomy) = (
        ["CONFIG", "SET", "maxmemory", "1"],
        ["CONFIG", "SET", "maxmemory", "0"],
    );
    let (demote, promote) = (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]);
    for (break_it, heal, words) in [
        (&full[..], &roomy[..], "is full and evicts nothing"),
        (&demote, &promote, "is a replica and takes no writes"),
    ] {
        let store = sessions.store();
        let (key, base) = kept(store).await;
        server.command(break_it);
        for error in [
            store.create(&free_key(), &record("new")).await.unwrap_err(),
            store.save(&key, &record("new"), &base).await.unwrap_err(),
            store
                .rename(&key, &free_key(), &record("new"), &base)
                .await
                .unwrap_err(),
        ] {
            told(&error, &[words, "127.0.0.1"]);
        }
        server.command(heal);

        let outcome = conformance::outage(
            &sessions,
            Broken::Writes,
            async || drop(server.command(break_it)),
            async || drop(server.command(heal)),
        );
        outcome.await.unwrap();
    }
}

/// A reply that ends anywhere is no reply: a read is sent again, and after a write there is what was there or what was written.
#[tokio::test]
async fn a_reply_may_break_at_any_byte() {
    let server = Redis::start();
    let line = Proxy::to_port(server.port());
    let settings = site::settings(&site::through(&line));
    let store = site::open(&settings).await.unwrap();
    let (key, mut base) = kept(&store).await;
    let mut broken = 0;
    for bytes in 1..=60 {
        store.load(&key).await.unwrap();
        line.take_round_trips();
        line.cut_in_reply(bytes);
        let found = store.load(&key).await.unwrap().unwrap();
        assert_eq!(found.version, base, "after {bytes} bytes");
        broken += u64::from(line.take_round_trips() > 1);
        line.heal();
    }
    assert!(broken > 20, "{broken} replies broke");
    let mut old = "{\"name\":\"Ada\"}".to_owned();
    for bytes in 1..=4 {
        let new = record(&bytes.to_string());
        line.cut_in_reply(bytes);
        let saved = store.save(&key, &new, &base).await;
        line.heal();
        let found = store.load(&key).await.unwrap().unwrap();
        let text = found.data.to_json();
        match saved {
            // Its last byte came through.
            Ok(Saved::Saved(version)) => assert_eq!((bytes, found.version), (4, version)),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                told(&error, &["127.0.0.1"]);
                assert!([old, new.data.to_json()].contains(&text), "{text}");
                base = found.version;
            }
        }
        old = text;
    }
}

#[tokio::test]
async fn nobody_notices_a_connection_that_ended_in_a_quiet_hour() {
    let server = Redis::start();
    let store = site::open(&site::settings(&server.url())).await.unwrap();
    let (key, base) = kept(&store).await;
    server.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert!(store.load(&key).await.unwrap().is_some());
    let saved = store.save(&key, &record("new"), &base).await.unwrap();
    assert!(matches!(saved, Saved::Saved(_)));
}

#[tokio::test]
async fn scripts_that_the_server_forgot_cost_one_more_round_trip_once() {
    let server = Redis::start();
    let line = Proxy::to_port(server.port());
    let store = site::open(&site::settings(&site::through(&line)))
        .await
        .unwrap();
    let (key, _) = kept(&store).await;
    for _ in 0..3 {
        store.load(&key).await.unwrap();
        server.command(&["SCRIPT", "FLUSH"]);
        line.take_round_trips();
        store.load(&key).await.unwrap();
        assert_eq!(line.take_round_trips(), 2);
        store.load(&key).await.unwrap();
        assert_eq!(line.take_round_trips(), 1);
    }
}

/// What waits for a silent server is forgotten with its deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat_while_the_server_is_silent() {
    let mut server = Redis::start();
    let mut settings = site::settings(&server.url());
    settings.store_timeout = Duration::from_millis(500);
    let store = site::open(&settings).await.unwrap();
    let (key, base) = kept(&store).await;
    server.server().pause();
    let mut sizes = Vec::new();
    for _ in 0..6 {
        let mut requests = tokio::task::JoinSet::new();
        for _ in 0..2000 {
            let (store, key, base) = (store.clone(), key.clone(), base.clone());
            requests.spawn(async move {
                let large = record(&"x".repeat(2000));
                store.save(&key, &large, &base).await.unwrap_err();
            });
        }
        requests.join_all().await;
        sizes.push(resident_kib());
    }
    server.server().resume();
    assert!(
        sizes[5] < sizes[1] + 8 * 1024,
        "resident memory after each wave, in KiB: {sizes:?}"
    );
    site::recovered(&store, &key).await;
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_words() {
    let server = Redis::with(Flavour::Redis, &["--requirepass", "hunter2"]);
    let address = server.url();
    let wrong = address.replace("://", "://:hunter3@");
    for (url, words) in [
        (address.as_str(), "wants a password"),
        (&wrong, "refuses the user or the password"),
        ("redis://127.0.0.1:1", "could not be reached, tried for"),
        (
            "redis://no-such-host.invalid",
            "could not be reached, tried for",
        ),
    ] {
        let error = site::open(&site::settings(url)).await.unwrap_err();
        let said = format!("{error:?}");
        assert!(said.contains(words), "{said}");
        assert!(!said.contains("hunter"), "{said}");
    }
    let right = site::settings(&address.replace("://", "://:hunter2@"));
    let store = site::open(&right).await.unwrap();
    let created = store.create(&free_key(), &record("Ada")).await.unwrap();
    assert!(matches!(created, Created::Created(_)));
}
