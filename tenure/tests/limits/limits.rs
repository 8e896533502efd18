//! Sessions in use, and sessions that are left.

use std::time::Duration;

use tenure::{Session, SessionError, auth, testing};

use crate::{
    site::{ENGINES, HOUR, MINUTE, SECOND, aal2, short_of},
    visitors::{Browser, start},
};

async fn elevate(session: &Session) -> Result<(), SessionError> {
    auth::elevate(session).await.unwrap();
    Ok(())
}

#[tokio::test]
async fn r06_a_session_in_use_ends_after_a_day_and_one_that_is_left_after_an_hour() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let (mut active, mut left) = (site.visitor().await, site.visitor().await);
        for _ in 0..24 {
            site.clock.advance(59 * MINUTE);
            assert!(site.poke(&mut active).await, "{engine:?}");
        }
        // 23:36, and 23:59:59.
        site.clock.advance(short_of(24 * MINUTE, SECOND));
        assert!(site.poke(&mut active).await, "{engine:?}");
        let copy = active.clone();
        site.clock.advance(SECOND);
        assert!(!site.poke(&mut active).await, "{engine:?}");
        assert!(active.jar.is_empty(), "{engine:?}");
        assert!(!site.is_there(&copy).await, "{engine:?}");

        assert!(!site.poke(&mut left).await, "{engine:?}");
        let mut left = site.visitor().await;
        site.clock.advance(short_of(HOUR, SECOND));
        assert!(site.is_there(&left).await, "{engine:?}");
        site.clock.advance(SECOND);
        assert!(!site.poke(&mut left).await, "{engine:?}");
    }
}

#[tokio::test]
async fn r06_proving_again_who_they_are_gives_a_user_both_limits_anew() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let mut browser = site.visitor().await;
        for _ in 0..23 {
            site.clock.advance(59 * MINUTE);
            assert!(site.poke(&mut browser).await, "{engine:?}");
        }
        let before = browser.clone();
        site.clock.advance(59 * MINUTE);
        browser.visit(&site.sessions, elevate).await.unwrap();
        assert!(!site.is_there(&before).await, "{engine:?}");
        for _ in 0..24 {
            site.clock.advance(59 * MINUTE);
            assert!(site.poke(&mut browser).await, "{engine:?}");
        }
        site.clock.advance(24 * MINUTE);
        assert!(!site.poke(&mut browser).await, "{engine:?}");
    }
}

#[tokio::test]
async fn a_session_can_have_limits_of_its_own_that_are_shorter() {
    for engine in ENGINES {
        for settings in [testing::settings(), aal2()] {
            let site = engine.site(&settings).await;
            let limit = async |idle: Duration, absolute: Duration| {
                let mut browser = site.visitor().await;
                let set = browser.visit(&site.sessions, async |session| {
                    session.set_idle_limit(Some(idle))?;
                    session.set_absolute_limit(Some(absolute))
                });
                set.await.unwrap();
                browser
            };
            let mut active = limit(10 * MINUTE, HOUR).await;
            let left = limit(10 * MINUTE, HOUR).await;
            for _ in 0..6 {
                site.clock.advance(9 * MINUTE);
                assert!(site.poke(&mut active).await, "{engine:?}");
            }
            assert!(!site.is_there(&left).await, "{engine:?}");
            site.clock.advance(6 * MINUTE);
            assert!(!site.poke(&mut active).await, "{engine:?}");

            // Longer ones than the settings' change nothing.
            let longer = limit(2 * HOUR, 48 * HOUR).await;
            site.clock.advance(HOUR);
            let limited = settings.idle_limit.is_some();
            assert_eq!(site.is_there(&longer).await, !limited, "{engine:?}");
        }
    }
}

#[tokio::test]
async fn a_limit_can_be_taken_back_and_is_at_least_a_second() {
    let site = ENGINES[0].site(&testing::settings()).await;
    let mut browser = site.visitor().await;
    browser
        .visit(&site.sessions, async |session| {
            for wrong in [Duration::ZERO, Duration::from_millis(999)] {
                let refused = session.set_idle_limit(Some(wrong));
                assert!(matches!(refused, Err(SessionError::ZeroExpiry)));
                let refused = session.set_absolute_limit(Some(wrong));
                assert!(matches!(refused, Err(SessionError::ZeroExpiry)));
            }
            session.set_idle_limit(Some(HOUR))?;
            session.set_absolute_limit(Some(HOUR))?;
            session.set_idle_limit(None)?;
            session.set_absolute_limit(None)
        })
        .await
        .unwrap();
    site.clock.advance(2 * HOUR);
    assert_eq!(browser.sees(&site.sessions).await, "user=7 ");
}

#[tokio::test]
async fn djangos_expiry_holds_beside_the_limits() {
    for engine in ENGINES {
        for fixed in [false, true] {
            let site = engine.site(&aal2()).await;
            let short = 30 * MINUTE;
            let long = 40 * HOUR;
            for (own, ends) in [(short, short), (long, HOUR)] {
                let mut browser = site.visitor().await;
                let at = site.now() + own;
                let set = browser.visit(&site.sessions, async |session| {
                    if fixed {
                        session.set_expiry(at)
                    } else {
                        session.set_expiry(own)
                    }
                });
                set.await.unwrap();
                site.clock.advance(short_of(ends, 2 * SECOND));
                assert!(site.is_there(&browser).await, "{engine:?} {fixed} {own:?}");
                site.clock.advance(2 * SECOND);
                assert!(!site.is_there(&browser).await, "{engine:?} {fixed} {own:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_in_use_is_written_at_most_twenty_times_in_the_idle_limit() {
    for engine in ENGINES {
        for expiry in [None, Some(start() + 40 * HOUR)] {
            let site = engine.site(&aal2()).await;
            let mut browser = site.visitor().await;
            if let Some(expiry) = expiry {
                let set = browser.visit(&site.sessions, async |session| session.set_expiry(expiry));
                set.await.unwrap();
            }
            let mut cookies = 0;
            for _ in 0..240 {
                site.clock.advance(15 * SECOND);
                let looked = browser.answered(&site.sessions, 200, async |_| Ok(()));
                let headers = looked.await.unwrap();
                cookies += usize::from(headers.set_cookie.is_some());
                browser.take(headers);
            }
            assert!((18..=20).contains(&cookies), "{engine:?}: {cookies}");
            assert!(site.is_there(&browser).await, "{engine:?}");
        }
    }
}

#[tokio::test]
async fn the_cookie_ends_with_the_session() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let mut browser = site.visitor().await;
        let write = async |browser: &mut Browser| {
            let wrote = browser.answered(&site.sessions, 200, async |session| {
                session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
                assert_eq!(session.expiry_date(), site.now() + left(session));
                Ok(())
            });
            let headers = wrote.await.unwrap();
            let line = headers.set_cookie.clone().unwrap();
            browser.take(headers);
            line
        };
        assert!(write(&mut browser).await.contains("; Max-Age=3600;"));
        for _ in 0..24 {
            site.clock.advance(58 * MINUTE);
            site.poke(&mut browser).await;
        }
        // Of the day, 48 minutes are left; the clock shows a quarter of a second past a whole one, and the begin is noted in whole ones.
        let line = write(&mut browser).await;
        assert!(line.contains("; Max-Age=2879;"), "{engine:?} {line}");
    }
}

/// What is left by the session's own account, to the quarter of a second.
fn left(session: &Session) -> Duration {
    let left = u64::try_from(session.expiry_age()).unwrap();
    let fraction = if left < 3600 { 750 } else { 0 };
    Duration::from_secs(left) + Duration::from_millis(fraction)
}
