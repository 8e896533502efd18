//! Real cache servers that go away, come back, and cannot keep everything, while visitors come and go.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tenure::{LazySession, SessionError, SessionKey, Sessions, Settings, store::SessionStore as _};
use testkit::{Flavour, Memcached, Proxy, Redis};

use crate::servers::{self, MEMCACHED, REDIS, sessions};

/// Little patience, of which the cache has a quarter.
fn hurried(database: &Path, backend: &str, location: String) -> Settings {
    let mut settings = servers::settings(database, servers::entry(backend, location));
    settings.store_timeout = Duration::from_secs(4);
    settings
}

/// The value that a request finds.
async fn found(sessions: &Sessions, cookie: &str) -> Option<u32> {
    let session = sessions.begin([cookie.as_bytes()]).load().await.unwrap();
    session.get("n").unwrap()
}

/// The cookie after a request.
async fn respond(sessions: &Sessions, lazy: &LazySession) -> Option<String> {
    let headers = match sessions.finish_now(lazy, 200) {
        Some(headers) => headers,
        None => sessions.finish(lazy, 200).await.unwrap(),
    };
    let set_cookie = headers.set_cookie?;
    Some(set_cookie.split(';').next().unwrap().to_owned())
}

async fn set(sessions: &Sessions, cookie: &str, value: u32) -> Option<String> {
    let lazy = sessions.begin([cookie.as_bytes()]);
    let session = lazy.load().await.unwrap();
    session.insert("n", value).unwrap();
    respond(sessions, &lazy).await
}

async fn visitor(sessions: &Sessions) -> String {
    set(sessions, "", 7).await.unwrap()
}

async fn end(sessions: &Sessions, cookie: &str) -> Result<(), SessionError> {
    let session = sessions.begin([cookie.as_bytes()]).load().await?;
    session.flush().await
}

/// Waits until another process has heard of a change that the cache was not told at once.
async fn heard(sessions: &Sessions, cookie: &str, expected: Option<u32>) {
    let started = Instant::now();
    while found(sessions, cookie).await != expected {
        assert!(started.elapsed() < Duration::from_secs(30), "{expected:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Visitors of two processes live through an outage of the cache. No call fails, and none takes longer than a store may: the store's
/// deadline would be an error.
async fn outage(settings: &Settings, break_it: impl FnOnce(), heal: impl FnOnce()) {
    let (one, other) = (sessions(settings).await, sessions(settings).await);
    let mut cookies = Vec::new();
    for _ in 0..4 {
        let cookie = visitor(&one).await;
        // In the cache for sure.
        assert_eq!(found(&other, &cookie).await, Some(7));
        cookies.push(cookie);
    }
    let [reader, writer, leaver, mover] = &*cookies else {
        panic!("there are four")
    };

    break_it();
    assert_eq!(found(&one, reader).await, Some(7));
    assert_eq!(set(&one, writer, 8).await.as_ref(), Some(writer));
    end(&one, leaver).await.unwrap();
    let lazy = one.begin([mover.as_bytes()]);
    lazy.load().await.unwrap().cycle_key().await.unwrap();
    let elsewhere = respond(&one, &lazy).await.unwrap();
    let new = visitor(&one).await;
    let after = [
        (reader, Some(7)),
        (writer, Some(8)),
        (leaver, None),
        (mover, None),
        (&elsewhere, Some(7)),
        (&new, Some(7)),
    ];
    for sessions in [&one, &other] {
        for (cookie, value) in after {
            assert_eq!(found(sessions, cookie).await, value);
        }
    }

    heal();
    for (cookie, value) in after {
        assert_eq!(found(&one, cookie).await, value);
        heard(&other, cookie, value).await;
    }
    assert_eq!(set(&other, reader, 9).await.as_ref(), Some(reader));
    assert_eq!(found(&other, reader).await, Some(9));
    // The other may still have left the cache alone for the rest of its second.
    heard(&one, reader, Some(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_logged_out_while_redis_is_away() {
    let folder = tempfile::tempdir().unwrap();
    // It comes back with all that it had, old values and sessions that have ended among them.
    let kept = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut server = Redis::with(Flavour::Redis, &kept);
    let path = folder.path().join("site.sqlite3");
    let settings = hurried(&path, REDIS, server.url());
    servers::database(&settings).await;

    let id = server.server();
    outage(&settings, || id.pause(), || id.resume()).await;
    let stopped = std::cell::RefCell::new(&mut server);
    outage(
        &settings,
        || stopped.borrow_mut().stop(),
        || stopped.borrow_mut().start_again(),
    )
    .await;

    // A program that starts meanwhile starts.
    server.stop();
    let started = sessions(&settings).await;
    let cookie = visitor(&started).await;
    assert_eq!(found(&started, &cookie).await, Some(7));
    server.start_again();
    let other = sessions(&settings).await;
    assert_eq!(found(&other, &cookie).await, Some(7));
    end(&other, &cookie).await.unwrap();
    heard(&started, &cookie, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_logged_out_while_memcached_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Memcached::start();
    let path = folder.path().join("site.sqlite3");
    let settings = hurried(&path, MEMCACHED, server.location());
    servers::database(&settings).await;

    outage(&settings, || server.pause(), || server.resume()).await;
    let stopped = std::cell::RefCell::new(&mut server);
    outage(
        &settings,
        || stopped.borrow_mut().stop(),
        || stopped.borrow_mut().start_again(),
    )
    .await;
}

/// As when a firewall forgot the connection: nothing comes back on it, and a new one works.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_went_silent_is_made_anew() {
    for backend in [REDIS, MEMCACHED] {
        let folder = tempfile::tempdir().unwrap();
        let (redis, memcached) = (Redis::start(), Memcached::start());
        let (port, scheme) = match backend {
            REDIS => (redis.port(), "redis://"),
            _ => (memcached.port(), ""),
        };
        let line = Proxy::to_port(port);
        let location = format!("{scheme}{}", line.address());
        let path = folder.path().join("site.sqlite3");
        let settings = hurried(&path, backend, location);
        servers::database(&settings).await;
        let sessions = sessions(&settings).await;
        let cookie = visitor(&sessions).await;
        line.forget_present();
        let started = Instant::now();
        assert_eq!(found(&sessions, &cookie).await, Some(7));
        line.take_round_trips();
        // The cache is in use again.
        while line.take_round_trips() == 0 {
            assert!(started.elapsed() < Duration::from_secs(30), "{backend}");
            assert_eq!(found(&sessions, &cookie).await, Some(7));
        }
    }
}

/// What one session is too large for does not keep the others from the cache.
#[tokio::test]
async fn a_session_that_the_cache_cannot_keep_is_served_from_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = Memcached::start();
    let path = folder.path().join("site.sqlite3");
    let entry = servers::entry(MEMCACHED, server.location());
    let mut settings = servers::settings(&path, entry);
    settings.max_size = 4 << 20;
    let database = servers::database(&settings).await;
    let (one, other) = (sessions(&settings).await, sessions(&settings).await);
    let (small, large) = (visitor(&one).await, visitor(&one).await);
    assert_eq!(found(&other, &large).await, Some(7));
    for n in [8, 9] {
        let lazy = one.begin([large.as_bytes()]);
        let session = lazy.load().await.unwrap();
        session.insert("text", "x".repeat(2 << 20)).unwrap();
        session.insert("n", n).unwrap();
        respond(&one, &lazy).await;
        for sessions in [&one, &other] {
            assert_eq!(found(sessions, &large).await, Some(n));
        }
    }
    // The other visitor's needs no database.
    let (_, key) = small.split_once('=').unwrap();
    let key = SessionKey::parse(key).unwrap();
    assert!(database.delete(&key).await.unwrap());
    assert_eq!(found(&one, &small).await, Some(7));
}
