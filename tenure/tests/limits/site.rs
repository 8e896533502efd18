//! Sites on engines of every kind, by a clock that the tests set.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tenure::{
    Record, SessionKey, Sessions, Settings,
    engine::{
        cache::{CacheStore, Format, MemoryCache},
        cookies::{EncryptedCookies, Revocation, SignedCookies},
        db::SqliteStore,
        file::FileStore,
    },
    settings::{AssuranceLevel, CacheSettings},
    store::{Saved, SessionStore},
    system::System as _,
    testing::{self, MemoryStore, TestSystem},
};

use crate::visitors::{Browser, clock};

pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A moment before `whole` has passed.
pub(crate) fn short_of(whole: Duration, by: Duration) -> Duration {
    whole.checked_sub(by).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    Db,
    File,
    Cache,
    SignedCookies,
    EncryptedCookies,
}

pub(crate) const ENGINES: [Engine; 5] = [
    Engine::Db,
    Engine::File,
    Engine::Cache,
    Engine::SignedCookies,
    Engine::EncryptedCookies,
];

/// The limits of AAL2: one hour idle, a day at most.
pub(crate) fn aal2() -> Settings {
    let mut settings = testing::settings();
    settings.set_assurance_level(AssuranceLevel::Aal2);
    settings
}

pub(crate) struct Site {
    pub(crate) sessions: Sessions,
    pub(crate) clock: Arc<TestSystem>,
    _folder: tempfile::TempDir,
}

impl Engine {
    pub(crate) async fn site(self, settings: &Settings) -> Site {
        self.site_at(settings, clock()).await
    }

    pub(crate) async fn site_at(self, settings: &Settings, clock: Arc<TestSystem>) -> Site {
        testkit::leaks::watch();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings.clone();
        settings.file_path = Some(folder.path().to_owned());
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let revocation = Revocation::store(MemoryStore::default(), &settings);
        let system = clock.clone();
        let sessions = match self {
            Self::Db => {
                let store = SqliteStore::open(&settings).await.unwrap();
                store.create_table().await.unwrap();
                Self::on(store.with_system(system), &settings, &clock)
            }
            Self::File => {
                let store = FileStore::open(&settings).await.unwrap();
                Self::on(store.with_system(system), &settings, &clock)
            }
            Self::Cache => {
                let cache = Arc::new(MemoryCache::default().with_system(system.clone()));
                let entry = CacheSettings::default();
                let store = CacheStore::new(cache, Format::Json, &entry, &settings);
                Self::on(store.with_system(system), &settings, &clock)
            }
            Self::SignedCookies => {
                let store = SignedCookies::new(&settings, revocation).unwrap();
                Self::on(store.with_system(system), &settings, &clock)
            }
            Self::EncryptedCookies => {
                let store = EncryptedCookies::new(&settings, revocation).unwrap();
                Self::on(store.with_system(system), &settings, &clock)
            }
        };
        Site {
            sessions,
            clock,
            _folder: folder,
        }
    }

    fn on(store: impl SessionStore, settings: &Settings, clock: &Arc<TestSystem>) -> Sessions {
        Sessions::with_system(store, settings, clock.clone()).unwrap()
    }
}

impl Site {
    /// A visitor who has a session that says `user=7`.
    pub(crate) async fn visitor(&self) -> Browser {
        let mut browser = Browser::default();
        browser.set(&self.sessions, "user", 7).await;
        browser
    }

    /// A request that only looks; whether the session was there.
    pub(crate) async fn poke(&self, browser: &mut Browser) -> bool {
        let mut there = false;
        browser
            .visit(&self.sessions, async |session| {
                there = session.contains_key("user");
                Ok(())
            })
            .await
            .unwrap();
        there
    }

    /// Whether the session is there, found out without prolonging it.
    pub(crate) async fn is_there(&self, browser: &Browser) -> bool {
        let header = browser.header();
        let lazy = self.sessions.begin(header.as_deref().map(str::as_bytes));
        lazy.set_passive();
        lazy.load().await.unwrap().contains_key("user")
    }

    /// What the store has for this browser.
    pub(crate) async fn record(&self, browser: &Browser) -> Record {
        let record = self.sessions.store().load(&key(browser)).await;
        record.unwrap().unwrap()
    }

    /// Writes the record as another program would, which knows of no limits.
    pub(crate) async fn write(&self, browser: &mut Browser, record: &Record) {
        let store = self.sessions.store();
        match store.save(&key(browser), record, &record.version).await {
            Ok(Saved::Saved(_)) => {}
            Ok(Saved::Rekeyed(key)) => {
                let value = key.as_str().to_owned();
                browser.jar.insert("sessionid".into(), value);
            }
            other => panic!("{other:?}"),
        }
    }

    /// What a save by Django does, under a cookie age of two weeks.
    pub(crate) async fn saved_by_django(&self, browser: &mut Browser) {
        let mut record = self.record(browser).await;
        record.expires_at = self.now() + Duration::from_hours(14 * 24);
        self.write(browser, &record).await;
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }
}

fn key(browser: &Browser) -> SessionKey {
    SessionKey::parse(&browser.jar["sessionid"]).unwrap()
}
