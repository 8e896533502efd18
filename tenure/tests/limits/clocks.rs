//! Clocks that are set.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use proptest::prelude::*;
use tenure::{
    SessionError, Sessions, auth,
    system::{RandomError, System},
    testing::{self, MemoryStore},
};

use crate::{
    site::{ENGINES, Engine, HOUR, MINUTE, SECOND, aal2},
    visitors::{Browser, start},
};

#[tokio::test]
async fn a_session_that_begins_in_the_future_counts_as_ended() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let mut browser = site.visitor().await;
        for (ahead, there) in [(299 * SECOND, true), (302 * SECOND, false)] {
            let mut record = site.record(&browser).await;
            let since = site.now() + ahead;
            let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            let json = tenure::Json::of(&since.as_secs()).unwrap();
            record.data.insert("_tenure_since", json);
            site.write(&mut browser, &record).await;
            assert_eq!(site.is_there(&browser).await, there, "{engine:?} {ahead:?}");
        }
    }
}

#[tokio::test]
async fn a_begin_that_is_no_time_counts_as_long_ago() {
    let site = Engine::Db.site(&aal2()).await;
    for json in ["\"yesterday\"", "null", "[1]", "1e400"] {
        let mut browser = site.visitor().await;
        let mut record = site.record(&browser).await;
        let text = format!("{{\"user\":7,\"_tenure_since\":{json}}}");
        record.data = tenure::Data::from_json(text.as_bytes()).unwrap();
        site.write(&mut browser, &record).await;
        assert!(!site.is_there(&browser).await, "{json}");
    }
}

/// What a request does, after the clock has gone on or was set.
#[derive(Clone, Copy, Debug)]
enum Does {
    Look,
    LookPassively,
    Write,
    WriteAndFail,
    Elevate,
    SavedByDjango,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Does)>> {
    let does = prop_oneof![
        4 => Just(Does::Look),
        1 => Just(Does::LookPassively),
        2 => Just(Does::Write),
        1 => Just(Does::WriteAndFail),
        1 => Just(Does::Elevate),
        1 => Just(Does::SavedByDjango),
    ];
    // Mostly on, within the idle limit; now and then a day back or on.
    let seconds = prop_oneof![
        6 => 0..3600_i64,
        1 => -86_400..=86_400_i64,
    ];
    prop::collection::vec((seconds, does), 1..60)
}

/// A visitor whose requests are made at any time by any clock.
async fn live_through(engine: Engine, steps: &[(i64, Does)]) {
    let settings = aal2();
    let site = engine.site(&settings).await;
    let mut browser = site.visitor().await;
    // By the server's clock: since when the session may last a day, and when its user was last active for sure.
    let (mut since, mut latest) = (site.now(), site.now());
    for (seconds, does) in steps {
        site.clock.set(if *seconds < 0 {
            site.now() - Duration::from_secs(seconds.unsigned_abs())
        } else {
            site.now() + Duration::from_secs(seconds.unsigned_abs())
        });
        let now = site.now();
        if let Does::SavedByDjango = does {
            if browser.jar.contains_key("sessionid")
                && let Ok(Some(_)) = load(&site.sessions, &browser).await
            {
                site.saved_by_django(&mut browser).await;
                latest = latest.max(now);
            }
            continue;
        }
        let lived = request(&site.sessions, &mut browser, *does).await;
        let trace = format!("{engine:?} {steps:?}");
        if lived {
            assert!(now < since + 24 * HOUR, "past the absolute limit: {trace}");
            assert!(now < latest + HOUR, "past the idle limit: {trace}");
            assert!(
                now + 5 * MINUTE + SECOND >= since,
                "before its begin: {trace}"
            );
            match does {
                Does::Elevate => (since, latest) = (now, latest.max(now)),
                Does::Look | Does::Write => latest = latest.max(now),
                _ => {}
            }
        } else {
            browser = site.visitor().await;
            (since, latest) = (now, now);
        }
    }
}

async fn load(
    sessions: &Sessions,
    browser: &Browser,
) -> Result<Option<tenure::Record>, tenure::StoreError> {
    let key = tenure::SessionKey::parse(&browser.jar["sessionid"]).unwrap();
    sessions.store().load(&key).await
}

/// Whether the session was there.
async fn request(sessions: &Sessions, browser: &mut Browser, does: Does) -> bool {
    let header = browser.header();
    let lazy = sessions.begin(header.as_deref().map(str::as_bytes));
    if let Does::LookPassively = does {
        lazy.set_passive();
    }
    let session = lazy.load().await.unwrap();
    let lived = session.contains_key("user");
    let status = if let Does::WriteAndFail = does {
        500
    } else {
        200
    };
    match does {
        _ if !lived => {}
        Does::Write | Does::WriteAndFail => {
            session
                .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
                .unwrap();
        }
        Does::Elevate => auth::elevate(&session).await.unwrap(),
        Does::Look | Does::LookPassively | Does::SavedByDjango => {}
    }
    let headers = match sessions.finish_now(&lazy, status) {
        Some(headers) => Ok(headers),
        None => sessions.finish(&lazy, status).await,
    };
    match headers {
        Ok(headers) => browser.take(headers),
        Err(SessionError::Interrupted) => {}
        Err(error) => panic!("{error}"),
    }
    lived
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn r06_no_clock_takes_a_session_past_its_limits(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for engine in [Engine::Cache, Engine::SignedCookies, Engine::EncryptedCookies] {
            runtime.block_on(live_through(engine, &steps));
        }
    }
}

/// Counts how often it is asked for the time.
#[derive(Debug)]
struct Counting(Mutex<u32>);

impl System for Counting {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap() += 1;
        start()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        tenure::system::OperatingSystem.fill_random(bytes)
    }
}

#[tokio::test]
async fn without_limits_the_end_of_a_request_that_only_looked_asks_for_no_time() {
    let counting = Arc::new(Counting(Mutex::default()));
    let (store, settings) = (MemoryStore::default(), testing::settings());
    let sessions = Sessions::with_system(store, &settings, counting.clone()).unwrap();
    let mut browser = Browser::default();
    browser.set(&sessions, "user", 7).await;
    let header = browser.header().unwrap();
    let asked = || std::mem::take(&mut *counting.0.lock().unwrap());
    asked();
    let lazy = sessions.begin([header.as_bytes()]);
    assert!(sessions.finish_now(&lazy, 200).is_some());
    assert_eq!(asked(), 0);
    let lazy = sessions.begin([header.as_bytes()]);
    lazy.load().await.unwrap();
    // Whether it has ended is all that matters.
    assert_eq!(asked(), 1);
    assert!(sessions.finish_now(&lazy, 200).is_some());
    assert_eq!(asked(), 0);
}
