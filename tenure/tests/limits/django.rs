//! Sessions that another program writes too, which knows of no limits.

use std::time::SystemTime;

use tenure::{
    Data, Record, SessionError, Sessions,
    testing::{self, MemoryStore},
};

use crate::{
    site::{ENGINES, Engine, HOUR, MINUTE, SECOND, aal2, short_of},
    stage::Stage,
    visitors::{Browser, clock},
};

#[tokio::test]
async fn r06_the_absolute_limit_holds_whatever_date_the_store_has() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let mut browser = site.visitor().await;
        for _ in 0..24 {
            site.clock.advance(59 * MINUTE);
            site.saved_by_django(&mut browser).await;
            assert!(site.is_there(&browser).await, "{engine:?}");
        }
        site.clock.advance(short_of(24 * MINUTE, SECOND));
        assert!(site.is_there(&browser).await, "{engine:?}");
        site.clock.advance(SECOND);
        let copy = browser.clone();
        assert!(!site.poke(&mut browser).await, "{engine:?}");
        assert!(browser.jar.is_empty(), "{engine:?}");
        assert!(!site.is_there(&copy).await, "{engine:?}");
    }
}

#[tokio::test]
async fn r06_the_idle_limit_counts_from_the_last_save_of_the_other_program() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        for (left, there) in [(short_of(HOUR, 2 * SECOND), true), (HOUR + SECOND, false)] {
            let mut browser = site.visitor().await;
            site.clock.advance(50 * MINUTE);
            site.saved_by_django(&mut browser).await;
            site.clock.advance(left);
            assert_eq!(site.is_there(&browser).await, there, "{engine:?} {left:?}");
        }
    }
}

#[tokio::test]
async fn the_first_request_after_the_other_program_brings_the_date_back() {
    for engine in ENGINES {
        let site = engine.site(&aal2()).await;
        let mut browser = site.visitor().await;
        site.saved_by_django(&mut browser).await;
        site.clock.advance(MINUTE);
        assert!(site.poke(&mut browser).await);
        let ends = site.record(&browser).await.expires_at;
        assert!(
            ends <= site.now() + HOUR && ends > site.now() + HOUR - 2 * SECOND,
            "{engine:?}"
        );
        for _ in 0..3 {
            site.clock.advance(59 * MINUTE);
            assert!(site.poke(&mut browser).await, "{engine:?}");
        }
    }
}

#[tokio::test]
async fn a_session_without_a_begin_begins_with_its_first_request_here() {
    // Two sites that share what the cookies hold.
    for engine in [Engine::SignedCookies, Engine::EncryptedCookies] {
        let (clock, mut settings) = (clock(), testing::settings());
        let before = engine.site_at(&settings, clock.clone()).await;
        let mut browser = before.visitor().await;
        assert_eq!(browser.sees(&before.sessions).await, "user=7 ");
        settings.absolute_limit = aal2().absolute_limit;
        let site = engine.site_at(&settings, clock).await;
        site.clock.advance(48 * HOUR);
        assert!(site.poke(&mut browser).await, "{engine:?}");
        let sees = browser.sees(&site.sessions).await;
        assert!(sees.contains("_tenure_since="), "{engine:?} {sees}");
        site.clock.advance(short_of(24 * HOUR, SECOND));
        assert!(site.is_there(&browser).await, "{engine:?}");
        site.clock.advance(SECOND);
        assert!(!site.poke(&mut browser).await, "{engine:?}");
    }
}

#[tokio::test]
async fn without_limits_a_session_is_djangos_to_the_byte() {
    for engine in ENGINES {
        let site = engine.site(&testing::settings()).await;
        let browser = site.visitor().await;
        let record = site.record(&browser).await;
        assert_eq!(record.data.to_json(), r#"{"user":7}"#, "{engine:?}");
    }
}

/// A store in memory with a session that was made without limits, and a site that has some.
async fn stage() -> (Stage<MemoryStore>, Sessions, Browser) {
    let stage = Stage::new(MemoryStore::default());
    let clock = clock();
    let site = |settings: &_| Sessions::with_system(stage.clone(), settings, clock.clone());
    let mut browser = Browser::default();
    let before = site(&testing::settings()).unwrap();
    browser.set(&before, "user", 7).await;
    let sessions = site(&aal2()).unwrap();
    (stage, sessions, browser)
}

#[tokio::test]
async fn a_logout_while_a_request_only_looks_is_no_fault_of_that_request() {
    let (stage, sessions, mut browser) = stage().await;
    let (other, mut same) = (sessions.clone(), browser.clone());
    stage.before("save", async move {
        same.visit(&other, async |session| session.flush().await)
            .await
            .unwrap();
    });
    let looked = browser.visit(&sessions, async |_| Ok(())).await;
    assert!(looked.is_ok(), "{looked:?}");
    assert!(stage.rows().await.is_empty());

    let wrote = browser
        .visit(&sessions, async |session| session.insert("cart", 1))
        .await;
    assert!(wrote.is_ok());
}

#[tokio::test]
async fn a_session_that_reaches_its_limit_while_a_request_works_is_not_saved() {
    let mut settings = testing::settings();
    settings.absolute_limit = Some(HOUR);
    for engine in [Engine::Db, Engine::File, Engine::Cache] {
        let site = engine.site(&settings).await;
        let mut browser = site.visitor().await;
        let mut other = browser.clone();
        site.clock.advance(59 * MINUTE);
        let wrote = browser.visit(&site.sessions, async |session| {
            site.saved_by_django(&mut other).await;
            site.clock.advance(2 * MINUTE);
            session.insert("cart", 1)
        });
        let wrote = wrote.await;
        assert!(
            matches!(wrote, Err(SessionError::Interrupted)),
            "{engine:?} {wrote:?}"
        );
    }
}

#[tokio::test]
async fn a_look_does_not_overwrite_what_cannot_be_read() {
    let (stage, sessions, mut browser) = stage().await;
    let key = tenure::SessionKey::parse(&browser.jar["sessionid"]).unwrap();
    let store = sessions.store();
    let version = store.load(&key).await.unwrap().unwrap().version;
    let mut damaged = Record::new(Data::new(), SystemTime::now() + 24 * 365 * HOUR);
    damaged.damage = Some(tenure::Damage::Signature);
    store.save(&key, &damaged, &version).await.unwrap();
    stage.take_calls();
    let looked: Result<(), SessionError> = browser.visit(&sessions, async |_| Ok(())).await;
    looked.unwrap();
    assert_eq!(stage.take_calls(), ["load"]);
}
