//! Logout means logout, also for whoever has kept a copy of the cookie.

use std::time::Duration;

use tenure::{
    Sessions, StoreError,
    engine::cookies::Revocation,
    testing::{self, MemoryStore},
};

use crate::site::{Browser, ENGINES, Engine, clock, revoking};

/// A visitor who is in, and what a thief has copied of their cookie before and after a further request.
async fn visitor(sessions: &Sessions) -> (Browser, [Browser; 2]) {
    let mut browser = Browser::default();
    browser.set(sessions, "user", 7).await;
    let first = browser.clone();
    browser.set(sessions, "cart", 1).await;
    (browser.clone(), [first, browser])
}

#[tokio::test]
async fn a_copied_cookie_is_dead_after_logout() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let (mut browser, copies) = visitor(&sessions).await;
        browser
            .visit(&sessions, async |session| session.flush().await)
            .await
            .unwrap();
        assert!(browser.jar.is_empty(), "{engine:?}");
        for copy in copies {
            assert_eq!(copy.sees(&sessions).await, "", "{engine:?}");
        }
    }
}

#[tokio::test]
async fn without_revocation_a_copied_cookie_lives_on_as_the_opt_out_says() {
    for engine in ENGINES {
        let system = clock();
        let sessions = engine.sessions(&testing::settings(), Revocation::Off, &system);
        let (mut browser, copies) = visitor(&sessions).await;
        browser
            .visit(&sessions, async |session| session.flush().await)
            .await
            .unwrap();
        assert!(browser.jar.is_empty(), "{engine:?}");
        assert_eq!(copies[0].sees(&sessions).await, "user=7 ", "{engine:?}");
        system.advance(testing::settings().cookie_age + Duration::from_secs(1));
        assert_eq!(copies[0].sees(&sessions).await, "", "{engine:?}");
    }
}

#[tokio::test]
async fn the_anonymous_cookie_from_before_a_login_is_dead_after_it() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let mut browser = Browser::default();
        browser.set(&sessions, "cart", 1).await;
        let planted = browser.clone();
        browser
            .visit(&sessions, async |session| {
                session.cycle_key().await?;
                session.insert("user", 7)
            })
            .await
            .unwrap();
        assert_eq!(planted.sees(&sessions).await, "", "{engine:?}");
        assert_eq!(
            browser.sees(&sessions).await,
            "cart=1 user=7 ",
            "{engine:?}"
        );
        // The one from the login dies at the next change of rights.
        let copy = browser.clone();
        browser
            .visit(&sessions, async |session| session.cycle_key().await)
            .await
            .unwrap();
        assert_eq!(copy.sees(&sessions).await, "", "{engine:?}");
        assert_eq!(
            browser.sees(&sessions).await,
            "cart=1 user=7 ",
            "{engine:?}"
        );
    }
}

#[tokio::test]
async fn another_user_in_the_same_browser_begins_a_session_of_their_own() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let (mut browser, copies) = visitor(&sessions).await;
        browser
            .visit(&sessions, async |session| {
                session.flush().await?;
                session.insert("user", 8)
            })
            .await
            .unwrap();
        assert_eq!(browser.sees(&sessions).await, "user=8 ", "{engine:?}");
        for copy in copies {
            assert_eq!(copy.sees(&sessions).await, "", "{engine:?}");
        }
    }
}

#[tokio::test]
async fn a_request_that_writes_after_a_logout_elsewhere_is_interrupted_and_gets_no_cookie() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let (browser, _) = visitor(&sessions).await;
        for new_key in [false, true] {
            let mut slow = browser.clone();
            let mut quick = browser.clone();
            let before = slow.clone();
            let answer = slow
                .visit(&sessions, async |session| {
                    quick
                        .visit(&sessions, async |session| session.flush().await)
                        .await?;
                    session.insert("late", 1)?;
                    if new_key {
                        session.cycle_key().await
                    } else {
                        Ok(())
                    }
                })
                .await;
            match answer {
                Err(error) => assert_eq!(error.status(), 400, "{engine:?}"),
                // The second round's session is gone before it begins: it is a stranger's then.
                Ok(()) => assert!(new_key, "{engine:?}"),
            }
            if !new_key {
                assert_eq!(slow, before, "{engine:?}");
            }
        }
        assert_eq!(browser.sees(&sessions).await, "", "{engine:?}");
    }
}

#[tokio::test]
async fn of_two_that_change_the_key_at_once_one_gets_it() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let (browser, _) = visitor(&sessions).await;
        let mut one = browser.clone();
        let mut other = browser.clone();
        let answer = one
            .visit(&sessions, async |session| {
                other
                    .visit(&sessions, async |session| session.cycle_key().await)
                    .await?;
                session.cycle_key().await
            })
            .await;
        assert_eq!(answer.unwrap_err().status(), 400, "{engine:?}");
        assert_eq!(other.sees(&sessions).await, "user=7 cart=1 ", "{engine:?}");
    }
}

/// What Django has signed carries no generation.
#[tokio::test]
async fn a_cookie_that_django_made_dies_with_its_session() {
    let system = clock();
    let django = Engine::Signed.sessions(&testing::settings(), Revocation::Off, &system);
    let sessions = Engine::Signed.sessions(&testing::settings(), revoking(), &system);
    for write_first in [false, true] {
        let mut browser = Browser::default();
        browser.set(&django, "user", 7).await;
        browser.set(&django, "round", write_first).await;
        let mut copies = vec![browser.clone()];
        if write_first {
            browser.set(&sessions, "cart", 1).await;
            copies.push(browser.clone());
        }
        // Django sees the key and carries it along; handlers here do not see it.
        let generation = browser.sees(&django).await.contains("_tenure_generation");
        assert_eq!(generation, write_first);
        browser.set(&django, "back", 1).await;
        if write_first {
            copies.push(browser.clone());
        } else {
            copies = vec![browser.clone()];
        }
        assert!(!browser.sees(&sessions).await.contains("_tenure"));
        browser
            .visit(&sessions, async |session| session.flush().await)
            .await
            .unwrap();
        for copy in copies {
            assert_eq!(copy.sees(&sessions).await, "", "{write_first}");
        }
    }
}

#[tokio::test]
async fn what_is_remembered_outlives_every_cookie_that_it_concerns_and_then_goes() {
    for engine in ENGINES {
        let system = clock();
        let settings = testing::settings();
        let sessions = engine.sessions(&settings, revoking(), &system);
        let (mut browser, copies) = visitor(&sessions).await;
        browser
            .visit(&sessions, async |session| session.flush().await)
            .await
            .unwrap();
        let sweep = async |sessions: &Sessions| {
            let now = tenure::system::System::now(&*system);
            sessions.store().clear_expired(now, 100).await.unwrap()
        };
        system.advance(settings.cookie_age);
        assert_eq!(sweep(&sessions).await, 0, "{engine:?}");
        assert_eq!(copies[1].sees(&sessions).await, "", "{engine:?}");
        system.advance(Duration::from_hours(1));
        assert_eq!(sweep(&sessions).await, 1, "{engine:?}");
        assert_eq!(copies[1].sees(&sessions).await, "", "{engine:?}");
    }
}

/// A store that is away.
#[derive(Default)]
struct Away;

impl tenure::store::SessionStore for Away {
    fn engine(&self) -> &'static str {
        "away"
    }
    async fn load(&self, _: &tenure::SessionKey) -> Result<Option<tenure::Record>, StoreError> {
        Err(StoreError::unavailable("it is away", "pulled plug"))
    }
    async fn create(
        &self,
        _: &tenure::SessionKey,
        _: &tenure::Record,
    ) -> Result<tenure::store::Created, StoreError> {
        Err(StoreError::unavailable("it is away", "pulled plug"))
    }
    async fn save(
        &self,
        _: &tenure::SessionKey,
        _: &tenure::Record,
        _: &tenure::Version,
    ) -> Result<tenure::store::Saved, StoreError> {
        Err(StoreError::unavailable("it is away", "pulled plug"))
    }
    async fn delete(&self, _: &tenure::SessionKey) -> Result<bool, StoreError> {
        Err(StoreError::unavailable("it is away", "pulled plug"))
    }
}

#[tokio::test]
async fn while_the_revocation_store_is_away_nobody_is_logged_in_or_out() {
    for engine in ENGINES {
        let settings = testing::settings();
        let system = clock();
        let memory = revoking();
        let sessions = engine.sessions(&settings, memory.clone(), &system);
        let away = Revocation::store(Away, &settings);
        let away = engine.sessions(&settings, away, &system);
        let (browser, _) = visitor(&sessions).await;
        let mut during = browser.clone();
        let answer = during.visit(&away, async |_| Ok(())).await;
        assert_eq!(answer.unwrap_err().status(), 503, "{engine:?}");
        assert_eq!(during, browser, "{engine:?}");
        // A stranger needs no answer, and a cookie that is not ours none either.
        Browser::default()
            .visit(&away, async |_| Ok(()))
            .await
            .unwrap();
        assert_eq!(browser.sees(&sessions).await, "user=7 cart=1 ");
    }
}

#[tokio::test]
async fn a_logout_that_cannot_be_remembered_is_an_error() {
    for engine in ENGINES {
        let settings = testing::settings();
        let system = clock();
        let sessions = engine.sessions(&settings, revoking(), &system);
        let (browser, _) = visitor(&sessions).await;
        let nothing = testing_cookie_store(&settings);
        let sessions = engine.sessions(&settings, nothing, &system);
        let mut during = browser.clone();
        let answer = during.visit(&sessions, async |session| session.flush().await);
        assert_eq!(answer.await.unwrap_err().status(), 503, "{engine:?}");
        assert_eq!(during, browser, "{engine:?}");
    }
}

/// A revocation store that keeps nothing on the server either.
fn testing_cookie_store(settings: &tenure::Settings) -> Revocation {
    let store = tenure::engine::cookies::EncryptedCookies::new(settings, Revocation::Off);
    Revocation::store(store.unwrap(), settings)
}

#[tokio::test]
async fn one_look_up_for_each_request_that_uses_its_session_and_none_for_the_others() {
    use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed};
    #[derive(Default)]
    struct Counted(MemoryStore, Arc<AtomicUsize>);
    impl tenure::store::SessionStore for Counted {
        fn engine(&self) -> &'static str {
            "counted"
        }
        async fn load(
            &self,
            key: &tenure::SessionKey,
        ) -> Result<Option<tenure::Record>, StoreError> {
            self.1.fetch_add(1, Relaxed);
            self.0.load(key).await
        }
        async fn create(
            &self,
            key: &tenure::SessionKey,
            record: &tenure::Record,
        ) -> Result<tenure::store::Created, StoreError> {
            self.1.fetch_add(1, Relaxed);
            self.0.create(key, record).await
        }
        async fn save(
            &self,
            key: &tenure::SessionKey,
            record: &tenure::Record,
            base: &tenure::Version,
        ) -> Result<tenure::store::Saved, StoreError> {
            self.1.fetch_add(1, Relaxed);
            self.0.save(key, record, base).await
        }
        async fn delete(&self, key: &tenure::SessionKey) -> Result<bool, StoreError> {
            self.1.fetch_add(1, Relaxed);
            self.0.delete(key).await
        }
    }
    for engine in ENGINES {
        let settings = testing::settings();
        let counted = Counted::default();
        let calls = counted.1.clone();
        let revocation = Revocation::store(counted, &settings);
        let sessions = engine.sessions(&settings, revocation, &clock());
        let mut browser = Browser::default();
        let mut cost = Vec::new();
        let mut count = || cost.push(calls.swap(0, Relaxed));
        browser.set(&sessions, "user", 7).await;
        count();
        let header = browser.header();
        let lazy = sessions.begin(header.as_deref().map(str::as_bytes));
        assert!(sessions.finish_now(&lazy, 200).is_some());
        count();
        browser.sees(&sessions).await;
        count();
        browser.set(&sessions, "cart", 1).await;
        count();
        browser
            .visit(&sessions, async |session| session.cycle_key().await)
            .await
            .unwrap();
        count();
        browser
            .visit(&sessions, async |session| session.flush().await)
            .await
            .unwrap();
        count();
        assert_eq!(
            cost,
            [0, 0, 1, 2, 2, 2],
            "{engine:?}: new, untouched, read, write, new key, logout"
        );
    }
}
