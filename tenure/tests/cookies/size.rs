//! What browsers would drop is an error before it is sent.

use proptest::prelude::*;
use tenure::{SessionError, StoreError, engine::cookies::Revocation, testing};

use crate::site::{Browser, ENGINES, Engine, clock, revoking};

/// Text that does not become any shorter by compression.
fn noise(length: usize) -> String {
    let mut state = 7_u32;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        char::from(letters[(state >> 24) as usize % letters.len()])
    };
    (0..length).map(letter).collect()
}

#[tokio::test]
async fn r11_a_session_that_does_not_fit_is_a_500_and_the_old_one_stays() {
    for engine in ENGINES {
        for revocation in [Revocation::Off, revoking()] {
            let sessions = engine.sessions(&testing::settings(), revocation, &clock());
            let mut browser = Browser::default();
            browser.set(&sessions, "user", 7).await;
            let before = browser.clone();
            for new_key in [false, true] {
                let answer = browser
                    .visit(&sessions, async |session| {
                        session.insert("cart", noise(5000))?;
                        if new_key {
                            session.cycle_key().await
                        } else {
                            Ok(())
                        }
                    })
                    .await;
                let error = answer.unwrap_err();
                assert_eq!(error.status(), 500, "{engine:?}");
                let SessionError::Store(StoreError::CookieTooLarge { size, limit: 4096 }) = error
                else {
                    panic!("{engine:?}: {error}");
                };
                assert!(size > 5000, "{engine:?}: {size}");
                assert!(
                    error.to_string().contains("TENURE_COOKIE_CHUNKS"),
                    "{error}"
                );
                assert_eq!(browser, before, "{engine:?}");
                assert_eq!(browser.sees(&sessions).await, "user=7 ", "{engine:?}");
            }
        }
    }
}

#[tokio::test]
async fn r11_everything_up_to_the_limit_fits_and_nothing_is_sent_beyond_it() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), Revocation::Off, &clock());
        let (mut fits, mut refused) = (0, 0);
        for length in (2600..4200).step_by(7) {
            let mut browser = Browser::default();
            let visited = browser.visit(&sessions, async |session| {
                session.insert("cart", noise(length))
            });
            // The browser checks the length of each header that it takes.
            if visited.await.is_ok() {
                fits += 1;
            } else {
                refused += 1;
                assert!(browser.jar.is_empty());
            }
        }
        assert!(fits > 20 && refused > 20, "{engine:?}: {fits} {refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_opens_to_the_same_data(
        values in prop::collection::btree_map(".{1,8}", ".{0,40}", 0..8),
        chunks in any::<bool>(),
        revoked in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for engine in ENGINES {
                let mut settings = testing::settings();
                settings.cookie_chunks = chunks && engine == Engine::Encrypted;
                let revocation = if revoked { revoking() } else { Revocation::Off };
                let sessions = engine.sessions(&settings, revocation, &clock());
                let mut browser = Browser::default();
                let visited = browser.visit(&sessions, async |session| {
                    for (key, value) in &values {
                        session.insert(key, value)?;
                    }
                    Ok(())
                });
                visited.await.unwrap();
                let visited = browser.visit(&sessions, async |session| {
                    assert_eq!(session.len(), values.len());
                    for (key, value) in &values {
                        assert_eq!(session.get::<String>(key)?.as_ref(), Some(value));
                    }
                    Ok(())
                });
                visited.await.unwrap();
            }
        });
    }
}
