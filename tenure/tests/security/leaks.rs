//! No key of a session in a log, an error, a page or an event.

use std::time::{Duration, Instant};

use testkit::leaks;

use crate::{
    places::{self, Place},
    site::{Seen, Site},
};

const UNKNOWN: &str = "sessionid=k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f";

/// Takes the new cookie, if there is one: its value is never to be seen from now on.
fn take(cookie: &mut String, seen: &Seen) {
    if let Some(new) = &seen.cookie {
        new.clone_into(cookie);
        if let Some((_, key)) = new.split_once('=') {
            leaks::never(key.trim_matches('"'));
        }
    }
}

/// A whole life, and what goes wrong in one. `leaks` looks at the log and the pages all the while.
async fn live(place: Place) {
    let name = place.name;
    let site = Site::new(place.sessions);
    let mut cookie = String::new();
    for (path, expected) in [
        ("/write", "cart=1"),
        ("/read", "cart=1"),
        ("/new-key", "cart=1"),
        ("/write", "cart=2"),
    ] {
        let seen = site.get(path, &cookie).await;
        assert_eq!(seen.status, 200, "{name}: {path}: {}", seen.body);
        take(&mut cookie, &seen);
        assert_eq!(site.sees(&cookie).await, expected, "{name}: {path}");
    }

    let (slow, quick) = site.slow_and("/write", &cookie).await;
    assert_eq!((slow.status, quick.status), (200, 200), "{name}");
    take(&mut cookie, &quick);
    take(&mut cookie, &slow);
    let (slow, quick) = site.slow_and("/log-out", &cookie).await;
    assert_eq!((slow.status, quick.status), (400, 200), "{name}");
    assert_eq!(site.errors().len(), 1, "{name}: it was told why");
    assert_eq!(site.sees(&cookie).await, "", "{name}: after the logout");

    let mut short = String::new();
    take(&mut short, &site.get("/short", "").await);
    let started = Instant::now();
    while !site.sees(&short).await.is_empty() {
        assert!(started.elapsed().as_secs() < 10, "{name}: after its end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    for stranger in [
        UNKNOWN,
        &format!("{UNKNOWN}; {UNKNOWN}0"),
        "sessionid=short",
    ] {
        assert_eq!(site.sees(stranger).await, "", "{name}");
    }

    let (mut one, mut other) = (String::new(), String::new());
    take(&mut one, &site.get("/write", "").await);
    take(&mut other, &site.get("/write", "").await);
    assert_eq!(site.sees(&format!("{one}; {other}")).await, "", "{name}");

    if let Some(damage) = place.damage {
        damage();
        assert_eq!(site.sees(&one).await, "", "{name}: damaged");
    }
    if let Some(take_away) = place.take_away {
        take_away();
        for path in ["/read", "/write", "/log-out", "/new-key"] {
            let seen = site.get(path, &other).await;
            assert_eq!(seen.status, 503, "{name}: {path}");
        }
        let errors = site.errors();
        assert!(!errors.is_empty(), "{name}");
        for error in errors {
            leaks::search("an error", &error);
        }
    }
}

#[tokio::test]
async fn r09_no_live_key_in_logs_errors_and_pages_of_a_whole_life() {
    leaks::watch();
    for place in places::without_servers().await {
        live(place).await;
    }
}

/// The drivers log too: from `TRACE` on, all of it is looked at.
#[tokio::test(flavor = "multi_thread")]
async fn r09_no_live_key_in_what_drivers_log() {
    leaks::watch();
    live(places::postgres().await).await;
    live(places::mariadb().await).await;
    live(places::redis().await).await;
    live(places::memcached()).await;
}
