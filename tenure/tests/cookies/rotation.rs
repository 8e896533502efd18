//! Secrets come and go.

use tenure::{Secret, Settings, engine::cookies::Revocation, testing};

use crate::site::{Browser, ENGINES, clock};

fn secret(number: u8) -> Secret {
    Secret::new(format!(
        "the secret of year {number}, made of many different characters"
    ))
}

fn settings(current: u8, fallbacks: &[u8]) -> Settings {
    let mut settings = testing::settings();
    settings.secret_key = Some(secret(current));
    settings.secret_key_fallbacks = fallbacks.iter().map(|number| secret(*number)).collect();
    settings
}

#[tokio::test]
async fn a_session_survives_rotation_and_is_sealed_with_the_newest_secret_alone() {
    for engine in ENGINES {
        let system = clock();
        let site = |current, fallbacks: &[u8]| {
            engine.sessions(&settings(current, fallbacks), Revocation::Off, &system)
        };
        let mut browser = Browser::default();
        browser.set(&site(1, &[]), "user", 7).await;
        let rotated = site(2, &[0, 1]);
        assert_eq!(browser.sees(&rotated).await, "user=7 ", "{engine:?}");
        assert_eq!(browser.sees(&site(2, &[])).await, "", "{engine:?}");
        browser.set(&rotated, "cart", 1).await;
        assert_eq!(
            browser.sees(&site(2, &[])).await,
            "user=7 cart=1 ",
            "{engine:?}"
        );
        assert_eq!(browser.sees(&site(1, &[0])).await, "", "{engine:?}");
    }
}

#[tokio::test]
async fn what_was_revoked_before_a_rotation_stays_revoked() {
    for engine in ENGINES {
        let system = clock();
        let revocation = crate::site::revoking();
        let before = engine.sessions(&settings(1, &[]), revocation.clone(), &system);
        let after = engine.sessions(&settings(2, &[1]), revocation, &system);
        let mut browser = Browser::default();
        browser.set(&before, "user", 7).await;
        let copy = browser.clone();
        browser.set(&after, "cart", 1).await;
        browser
            .visit(&after, async |session| session.flush().await)
            .await
            .unwrap();
        assert_eq!(copy.sees(&after).await, "", "{engine:?}");
        assert_eq!(copy.sees(&before).await, "", "{engine:?}");
    }
}
