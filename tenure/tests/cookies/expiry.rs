//! The server says when a session ends, whatever the browser keeps.

use std::time::Duration;

use tenure::{
    Data, Record, SessionKey, Settings,
    engine::cookies::Revocation,
    store::{Created, Saved},
    system::System as _,
    testing,
};

use crate::site::{Browser, ENGINES, Engine, clock, start};

#[tokio::test]
async fn a_session_ends_when_its_own_expiry_says() {
    for engine in ENGINES {
        for absolute in [false, true] {
            let system = clock();
            let sessions = engine.sessions(&testing::settings(), Revocation::Off, &system);
            let mut browser = Browser::default();
            browser
                .visit(&sessions, async |session| {
                    if absolute {
                        session.set_expiry(start() + Duration::from_mins(1))
                    } else {
                        session.set_expiry(Duration::from_mins(1))
                    }
                })
                .await
                .unwrap();
            system.advance(Duration::from_secs(58));
            let sees = browser.sees(&sessions).await;
            assert!(sees.contains("_session_expiry"), "{engine:?} {sees}");
            system.advance(Duration::from_secs(3));
            assert_eq!(browser.sees(&sessions).await, "", "{engine:?}");
        }
    }
}

#[tokio::test]
async fn r19_no_session_outlasts_the_cookie_age() {
    for engine in ENGINES {
        for own in [None, Some(Duration::from_hours(24 * 365))] {
            let system = clock();
            let settings = testing::settings();
            let sessions = engine.sessions(&settings, Revocation::Off, &system);
            let mut browser = Browser::default();
            browser
                .visit(&sessions, async |session| {
                    session.insert("user", 7)?;
                    own.map_or(Ok(()), |own| session.set_expiry(own))
                })
                .await
                .unwrap();
            let last = settings.cookie_age.checked_sub(Duration::from_secs(1));
            system.advance(last.unwrap());
            assert!(
                browser.sees(&sessions).await.contains("user=7"),
                "{engine:?}"
            );
            system.advance(Duration::from_secs(2));
            assert_eq!(browser.sees(&sessions).await, "", "{engine:?}");
        }
    }
}

#[tokio::test]
async fn a_session_in_use_is_prolonged_once_in_a_while_and_not_by_every_request() {
    for engine in ENGINES {
        for own in [1000, 10_000_000] {
            let system = clock();
            let sessions = engine.sessions(&testing::settings(), Revocation::Off, &system);
            let mut browser = Browser::default();
            browser
                .visit(&sessions, async |session| {
                    session.set_expiry(Duration::from_secs(own))
                })
                .await
                .unwrap();
            let mut cookies = 0;
            for _ in 0..100 {
                system.advance(Duration::from_secs(own / 100));
                let before = browser.clone();
                browser.visit(&sessions, async |_| Ok(())).await.unwrap();
                cookies += usize::from(browser != before);
                // With the longer one the cookie age comes first.
                if browser.jar.is_empty() {
                    break;
                }
            }
            assert!((1..=20).contains(&cookies), "{engine:?} {own}: {cookies}");
        }
    }
}

#[tokio::test]
async fn a_cookie_from_the_future_counts_as_none() {
    for engine in ENGINES {
        let settings = testing::settings();
        let system = clock();
        let sessions = engine.sessions(&settings, Revocation::Off, &system);
        let ahead = clock();
        ahead.advance(Duration::from_secs(299));
        let server_ahead = engine.sessions(&settings, Revocation::Off, &ahead);
        let mut browser = Browser::default();
        browser.set(&server_ahead, "user", 7).await;
        assert_eq!(browser.sees(&sessions).await, "user=7 ", "{engine:?}");
        ahead.advance(Duration::from_secs(2));
        browser.set(&server_ahead, "cart", 1).await;
        assert_eq!(browser.sees(&sessions).await, "", "{engine:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_to_end_in_the_past_ends_with_its_request() {
    for engine in ENGINES {
        let system = clock();
        let sessions = engine.sessions(&testing::settings(), Revocation::Off, &system);
        let mut browser = Browser::default();
        browser.set(&sessions, "user", 7).await;
        browser
            .visit(&sessions, async |session| {
                session.set_expiry(start() - Duration::from_secs(10))
            })
            .await
            .unwrap();
        assert_eq!(browser.sees(&sessions).await, "", "{engine:?}");
    }
}

/// Signed times come from whoever has the secret, and are numbers of any size all the same.
#[tokio::test]
async fn absurd_dates_are_no_panic() {
    let settings: Settings = testing::settings();
    let system = clock();
    let sessions = Engine::Encrypted.sessions(&settings, Revocation::Off, &system);
    let store = sessions.store();
    let key = SessionKey::parse("not-used").unwrap();
    for expires_at in [
        std::time::UNIX_EPOCH,
        system.now() + Duration::from_hours(24 * 365 * 9000),
    ] {
        let record = Record::new(Data::new(), expires_at);
        let Ok(Created::Rekeyed(made)) = store.create(&key, &record).await else {
            panic!("it was not made");
        };
        assert!(store.load(&made).await.unwrap().is_some());
        let saved = store
            .save(&made, &record, &tenure::Version::default())
            .await;
        assert!(matches!(saved, Ok(Saved::Rekeyed(_))));
    }
}
