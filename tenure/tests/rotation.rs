//! `SECRET_KEY` is replaced: the old one becomes a fallback, and goes one day. Nobody is logged out, and sessions sign themselves anew on
//! the way.

#[cfg(test)]
mod tests {
    use std::{
        path::{Path, PathBuf},
        sync::Arc,
        time::{Duration, SystemTime, UNIX_EPOCH},
    };

    use tempfile::TempDir;
    use tenure::{
        LazySession, ResponseHeaders, Secret, SessionKey, Sessions, Settings,
        auth::{self, Auth, password::Hasher},
        codec::SignedJson,
        engine::{
            cookies::{EncryptedCookies, Revocation, SignedCookies},
            db::SqliteStore,
            file::FileStore,
        },
        testing::{self, TestSystem},
    };

    const OLD: &str = "the secret of last year, with more than 32 characters";
    const NEW: &str = "the secret of this year, which is not shorter than that";
    const HOUR: Duration = Duration::from_hours(1);

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Engine {
        Db,
        File,
        SignedCookies,
        EncryptedCookies,
    }

    impl Engine {
        const ALL: [Self; 4] = [
            Self::Db,
            Self::File,
            Self::SignedCookies,
            Self::EncryptedCookies,
        ];

        fn is_in_cookies(self) -> bool {
            matches!(self, Self::SignedCookies | Self::EncryptedCookies)
        }
    }

    /// A site on whose disk everything stays when it starts with other secrets.
    struct Site {
        engine: Engine,
        folder: TempDir,
        system: Arc<TestSystem>,
    }

    impl Site {
        fn new(engine: Engine) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("sessions")).unwrap();
            let start = UNIX_EPOCH + Duration::from_millis(1_790_000_000_250);
            Self {
                engine,
                folder,
                system: Arc::new(TestSystem::at(start)),
            }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn settings(&self, secret: &str, fallbacks: &[&str]) -> Settings {
            let mut settings = testing::settings();
            settings.secret_key = Some(Secret::new(secret));
            let fallbacks = fallbacks.iter().map(|secret| Secret::new(*secret));
            settings.secret_key_fallbacks = fallbacks.collect();
            let database = self.path("site.sqlite3");
            settings.set_database_url(format!("sqlite://{}?mode=rwc", database.display()));
            settings.file_path = Some(self.path("sessions"));
            settings
        }

        async fn open(&self, settings: &Settings) -> Sessions {
            testkit::leaks::watch();
            let system = || self.system.clone();
            match self.engine {
                Engine::Db => {
                    let store = SqliteStore::open(settings).await.unwrap();
                    store.create_table().await.unwrap();
                    Sessions::with_system(store.with_system(system()), settings, system())
                }
                Engine::File => {
                    let store = FileStore::open(settings).await.unwrap();
                    Sessions::with_system(store.with_system(system()), settings, system())
                }
                Engine::SignedCookies => {
                    let store = SignedCookies::new(settings, Revocation::Off).unwrap();
                    Sessions::with_system(store.with_system(system()), settings, system())
                }
                Engine::EncryptedCookies => {
                    let store = EncryptedCookies::new(settings, Revocation::Off).unwrap();
                    Sessions::with_system(store.with_system(system()), settings, system())
                }
            }
            .unwrap()
        }

        async fn sessions(&self, secret: &str, fallbacks: &[&str]) -> Sessions {
            self.open(&self.settings(secret, fallbacks)).await
        }

        /// What is stored of the only session, to the byte; the cookie itself where it is the session.
        fn stored(&self, cookie: &str) -> String {
            match self.engine {
                Engine::Db => row(&self.path("site.sqlite3")).0,
                Engine::File => {
                    let mut files = std::fs::read_dir(self.path("sessions")).unwrap();
                    let file = files.next().unwrap().unwrap().path();
                    std::fs::read_to_string(file).unwrap()
                }
                Engine::SignedCookies | Engine::EncryptedCookies => cookie.to_owned(),
            }
        }
    }

    /// The data and the end of the only row.
    fn row(database: &Path) -> (String, String) {
        let table = rusqlite::Connection::open(database).unwrap();
        let select = "SELECT session_data, expire_date FROM django_session";
        table
            .query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    fn begin(sessions: &Sessions, cookie: &str) -> LazySession {
        sessions.begin([format!("sessionid={cookie}").as_bytes()])
    }

    /// When the session ends, as its store has it.
    async fn ends(sessions: &Sessions, cookie: &str) -> Option<SystemTime> {
        let key = SessionKey::parse(cookie).unwrap();
        let record = sessions.store().load(&key).await.unwrap();
        record.map(|record| record.expires_at)
    }

    /// The value of the cookie that a response sets.
    fn set_cookie(headers: ResponseHeaders) -> Option<String> {
        let line = headers.set_cookie?;
        let (_, value) = line.split(';').next()?.split_once('=')?;
        Some(value.to_owned())
    }

    /// Makes a session with a cart; gives its cookie.
    async fn shopper(sessions: &Sessions) -> String {
        let lazy = sessions.begin([]);
        let session = lazy.load().await.unwrap();
        session.insert("cart", "tea").unwrap();
        set_cookie(sessions.finish(&lazy, 200).await.unwrap()).unwrap()
    }

    /// A request that reads the cart alone: what it saw, and the cookie of the response.
    async fn look(sessions: &Sessions, cookie: &str) -> (String, Option<String>) {
        let lazy = begin(sessions, cookie);
        let cart: Option<String> = lazy.load().await.unwrap().get("cart").unwrap();
        let headers = match sessions.finish_now(&lazy, 200) {
            Some(headers) => headers,
            None => sessions.finish(&lazy, 200).await.unwrap(),
        };
        (cart.unwrap_or_default(), set_cookie(headers))
    }

    fn tea() -> String {
        "tea".to_owned()
    }

    /// CVE-2025-47278 (Flask): with fallbacks set, what was written was signed with the oldest of them.
    #[tokio::test]
    async fn advisory_cve_2025_47278_after_a_rotation_the_output_verifies_under_the_new_secret_alone()
     {
        for engine in Engine::ALL {
            let site = Site::new(engine);
            let before = site.sessions(OLD, &[]).await;
            let mut cookie = shopper(&before).await;
            let end = ends(&before, &cookie).await;
            let old = site.stored(&cookie);

            // A look at it is enough, and one.
            site.system.advance(HOUR);
            let after = site.sessions(NEW, &[OLD]).await;
            let (cart, set) = look(&after, &cookie).await;
            assert_eq!(cart, tea(), "{engine:?}");
            assert_eq!(set.is_some(), engine.is_in_cookies(), "{engine:?}: {set:?}");
            cookie = set.unwrap_or(cookie);
            let new = site.stored(&cookie);
            assert_ne!(new, old, "{engine:?}");
            site.system.advance(HOUR);
            assert_eq!(look(&after, &cookie).await, (tea(), None), "{engine:?}");
            assert_eq!(site.stored(&cookie), new, "{engine:?}");

            let alone = site.sessions(NEW, &[]).await;
            assert_eq!(look(&alone, &cookie).await, (tea(), None), "{engine:?}");
            assert_eq!(ends(&alone, &cookie).await, end, "{engine:?}");
            if matches!(engine, Engine::Db | Engine::File) {
                let opens = |secret| SignedJson::new(&Secret::new(secret), &[]).decode(&new);
                assert!(opens(NEW).is_ok() && opens(OLD).is_err(), "{engine:?}");
            }

            // It was not prolonged.
            let age = site.settings(NEW, &[]).cookie_age;
            site.system
                .advance(age.saturating_sub(2 * HOUR) + Duration::from_secs(1));
            assert_eq!(look(&alone, &cookie).await.0, "", "{engine:?}");
        }
    }

    #[tokio::test]
    async fn a_login_survives_the_three_stages_of_a_rotation() {
        for engine in Engine::ALL {
            let site = Site::new(engine);
            let old = site.settings(OLD, &[]);
            let auth = Auth::open(&old).await.unwrap();
            let auth = auth.with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
            auth.create_table().await.unwrap();
            let ada = auth.create_user("ada", "correct-horse").await.unwrap();

            let sessions = site.open(&old).await;
            let lazy = sessions.begin([]);
            let session = lazy.load().await.unwrap();
            auth::login(&session, &ada).await.unwrap();
            let headers = sessions.finish(&lazy, 200).await.unwrap();
            let mut cookie = set_cookie(headers).unwrap();

            for (secret, fallbacks) in [(NEW, &[OLD][..]), (NEW, &[]), (NEW, &[])] {
                let sessions = site.sessions(secret, fallbacks).await;
                let lazy = begin(&sessions, &cookie);
                let session = lazy.load().await.unwrap();
                let user = auth.user(&session).await.unwrap();
                assert_eq!(
                    user.map(|user| user.username().to_owned()).as_deref(),
                    Some("ada"),
                    "{engine:?}"
                );
                let headers = match sessions.finish_now(&lazy, 200) {
                    Some(headers) => headers,
                    None => sessions.finish(&lazy, 200).await.unwrap(),
                };
                cookie = set_cookie(headers).unwrap_or(cookie);
            }
        }
    }

    #[tokio::test]
    async fn a_failed_response_signs_nothing_anew() {
        let site = Site::new(Engine::Db);
        let cookie = shopper(&site.sessions(OLD, &[]).await).await;
        let old = site.stored(&cookie);
        let after = site.sessions(NEW, &[OLD]).await;
        let lazy = begin(&after, &cookie);
        lazy.load().await.unwrap();
        assert!(after.finish_now(&lazy, 500).is_some());
        assert_eq!(site.stored(&cookie), old);
    }

    #[tokio::test]
    async fn what_another_request_has_written_meanwhile_stands() {
        let site = Site::new(Engine::Db);
        let cookie = shopper(&site.sessions(OLD, &[]).await).await;
        let after = site.sessions(NEW, &[OLD]).await;
        let looking = begin(&after, &cookie);
        looking.load().await.unwrap();

        let writing = begin(&after, &cookie);
        let session = writing.load().await.unwrap();
        session.insert("cart", "coffee").unwrap();
        after.finish(&writing, 200).await.unwrap();
        let written = site.stored(&cookie);

        site.system.advance(HOUR);
        after.finish(&looking, 200).await.unwrap();
        assert_eq!(site.stored(&cookie), written);
        let alone = site.sessions(NEW, &[]).await;
        assert_eq!(look(&alone, &cookie).await.0, "coffee");
    }

    #[tokio::test]
    async fn a_session_that_was_ended_meanwhile_stays_ended() {
        let site = Site::new(Engine::Db);
        let cookie = shopper(&site.sessions(OLD, &[]).await).await;
        let after = site.sessions(NEW, &[OLD]).await;
        let looking = begin(&after, &cookie);
        looking.load().await.unwrap();
        let ending = begin(&after, &cookie);
        ending.load().await.unwrap().flush().await.unwrap();
        let headers = after.finish(&looking, 200).await.unwrap();
        assert_eq!(headers.set_cookie, None);
        assert!(after.store().scan(None, 1).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_store_that_cannot_write_fails_no_request_that_only_reads() {
        let site = Site::new(Engine::Db);
        let cookie = shopper(&site.sessions(OLD, &[]).await).await;
        let old = site.stored(&cookie);
        let table = rusqlite::Connection::open(site.path("site.sqlite3")).unwrap();
        let rename = |from: &str, to: &str| {
            let statement = format!("ALTER TABLE {from} RENAME TO {to}");
            table.execute_batch(&statement).unwrap();
        };
        let after = site.sessions(NEW, &[OLD]).await;
        let lazy = begin(&after, &cookie);
        lazy.load().await.unwrap();
        rename("django_session", "away");
        let headers = after.finish(&lazy, 200).await.unwrap();
        assert_eq!(headers.set_cookie, None);
        rename("away", "django_session");
        assert_eq!(site.stored(&cookie), old);

        // The next one tries again.
        assert_eq!(look(&after, &cookie).await, (tea(), None));
        assert_ne!(site.stored(&cookie), old);
    }

    #[tokio::test]
    async fn a_session_that_is_due_to_be_prolonged_is_signed_with_it() {
        let site = Site::new(Engine::Db);
        let cookie = shopper(&site.sessions(OLD, &[]).await).await;
        let (_, end) = row(&site.path("site.sqlite3"));
        let mut settings = site.settings(NEW, &[OLD]);
        settings.save_every_request = true;
        site.system.advance(HOUR);
        let after = site.open(&settings).await;
        assert_eq!(look(&after, &cookie).await.0, tea());
        let (_, later) = row(&site.path("site.sqlite3"));
        assert!(later > end, "{later}");
        let alone = site.sessions(NEW, &[]).await;
        assert_eq!(look(&alone, &cookie).await.0, tea());
    }
}
