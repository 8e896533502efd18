//! A database that is damaged, locked, missing, or not ours alone.

#[cfg(test)]
mod tests {
    use std::{
        cell::RefCell,
        path::{Path, PathBuf},
        sync::{Arc, Once},
        time::{Duration, SystemTime},
    };

    use rusqlite::Connection;
    use tenure::{
        Damage, Session, SessionError, SessionKey, Sessions, Settings, StoreError,
        codec::SignedJson,
        engine::db::DbStore,
        store::SessionStore,
        testing::{self, TestSystem},
    };

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
    const LATER: &str = "2999-01-01 00:00:00";

    struct Site {
        folder: tempfile::TempDir,
        /// A connection as another program has it.
        other: Connection,
        sessions: Sessions,
        store: DbStore,
    }

    fn path(folder: &Path) -> PathBuf {
        folder.join("site.sqlite3")
    }

    fn settings(folder: &Path, query: &str) -> Settings {
        let mut settings = testing::settings();
        settings.store_timeout = Duration::from_secs(1);
        settings.set_database_url(format!("sqlite://{}{query}", path(folder).display()));
        settings
    }

    fn codec() -> SignedJson {
        SignedJson::new(testing::settings().secret_key.as_ref().unwrap(), &[])
    }

    fn signed(json: &str) -> String {
        let data = tenure::Data::from_json(json.as_bytes()).unwrap();
        codec().encode(&data, SystemTime::now())
    }

    /// Django's statements, from the vectors.
    fn djangos_statements() -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/vectors/schema.json");
        let file: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let cases = file["cases"].as_array().unwrap();
        let sqlite = cases.iter().find(|case| case["name"] == "sqlite").unwrap();
        let statements = sqlite["django_session"].as_array().unwrap();
        statements
            .iter()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    }

    impl Site {
        /// A table that Django made.
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let other = Connection::open(path(folder.path())).unwrap();
            for statement in djangos_statements() {
                other.execute_batch(&statement).unwrap();
            }
            Self::open(folder, other, "").await
        }

        async fn open(folder: tempfile::TempDir, other: Connection, query: &str) -> Self {
            let settings = settings(folder.path(), query);
            let store = DbStore::open(&settings).await.unwrap();
            let sessions = Sessions::new(store.clone(), &settings).unwrap();
            Self {
                folder,
                other,
                sessions,
                store,
            }
        }

        fn put(&self, data: impl rusqlite::ToSql, expire_date: impl rusqlite::ToSql) {
            self.other
                .execute(
                    "INSERT OR REPLACE INTO django_session VALUES (?1, ?2, ?3)",
                    rusqlite::params![KEY, data, expire_date],
                )
                .unwrap();
        }

        async fn load(&self) -> Result<Session, SessionError> {
            self.sessions.session(KEY).load().await
        }

        fn text(&self) -> String {
            self.other
                .query_row("SELECT session_data FROM django_session", [], |row| {
                    row.get(0)
                })
                .unwrap()
        }

        fn rows(&self) -> u32 {
            self.other
                .query_row("SELECT count(*) FROM django_session", [], |row| row.get(0))
                .unwrap()
        }

        /// The session is empty, keeps its key, and the next write makes it whole.
        async fn assert_heals(&self, what: &str) {
            let session = self.load().await.unwrap();
            assert!(session.is_empty(), "{what}");
            let key = session.key().unwrap_or_else(|| panic!("{what}: no key"));
            assert_eq!(key.as_str(), KEY, "{what}");
            session.insert("new", 1).unwrap();
            let saved = session.save().await;
            saved.unwrap_or_else(|error| panic!("{what}: {error}"));
            let text = self.text();
            let data = codec().decode(&text).unwrap();
            assert_eq!(data.to_json(), r#"{"new":1}"#, "{what}");
            assert_eq!(self.rows(), 1, "{what}");
        }
    }

    /// The message, its cause and its status.
    fn told(error: SessionError) -> (String, u16) {
        let status = error.status();
        let SessionError::Store(error) = error else {
            panic!("{error}");
        };
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        (format!("{error} [{}]", cause.unwrap_or_default()), status)
    }

    thread_local! {
        static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    struct Log;

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What was logged on this thread since this was last asked.
    ///
    /// One subscriber for all threads: with one for this thread alone, a test on another thread could switch a message off for all.
    fn logged() -> String {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing_subscriber::fmt().with_writer(|| Log).init();
            tracing::callsite::rebuild_interest_cache();
        });
        String::from_utf8(LOGGED.take()).unwrap()
    }

    #[tokio::test]
    async fn a_tampered_row_counts_as_empty_is_reported_and_healed_by_the_next_write() {
        let site = Site::new().await;
        let whole = signed(r#"{"user":7,"password_hint":"blue"}"#);
        for place in 0..whole.len() {
            let mut bytes = whole.clone().into_bytes();
            bytes[place] ^= 1;
            let flipped = String::from_utf8(bytes).unwrap();
            site.put(&flipped, LATER);
            logged();
            site.assert_heals(&format!("flipped at {place}")).await;
            let logged = logged();
            assert!(
                logged.contains("WARN") && logged.contains("session data corrupted"),
                "{place}: {logged}"
            );
            assert!(
                !logged.contains(KEY) && !logged.contains("blue"),
                "{logged}"
            );
        }
    }

    #[tokio::test]
    async fn a_row_cut_anywhere_counts_as_empty_and_is_healed_by_the_next_write() {
        let site = Site::new().await;
        let long = format!(r#"{{"text":"{}"}}"#, "z".repeat(500));
        for whole in [signed(r#"{"user":7}"#), signed(&long)] {
            for length in 0..whole.len() {
                site.put(&whole[..length], LATER);
                site.assert_heals(&format!("cut to {length}")).await;
            }
        }
    }

    #[tokio::test]
    async fn the_store_says_what_is_wrong_with_a_row() {
        let site = Site::new().await;
        let key = SessionKey::parse(KEY).unwrap();
        let damage = async || site.store.load(&key).await.unwrap().unwrap().damage;
        site.put("nonsense", LATER);
        assert_eq!(damage().await, Some(Damage::Signature));
        let signer = tenure::codec::signing::Signer::new(
            "django.contrib.sessions.SessionStore",
            testing::settings().secret_key.as_ref().unwrap(),
            &[],
        );
        site.put(signer.sign("bm8ganNvbg:1tPzqQ"), LATER);
        assert_eq!(damage().await, Some(Damage::Content));
        site.put(signed("{}"), LATER);
        assert_eq!(damage().await, None);
    }

    #[tokio::test]
    async fn a_blob_or_a_number_in_the_data_column_is_healed_by_the_next_write() {
        let site = Site::new().await;
        for (what, value) in [
            ("a blob", rusqlite::types::Value::Blob(vec![0, 255, 254])),
            (
                "a blob of text",
                rusqlite::types::Value::Blob(b"text".to_vec()),
            ),
            ("an empty blob", rusqlite::types::Value::Blob(Vec::new())),
            ("a number", rusqlite::types::Value::Integer(42)),
            ("a real", rusqlite::types::Value::Real(4.5)),
        ] {
            site.put(value, LATER);
            site.assert_heals(what).await;
        }
        site.other
            .execute(
                "UPDATE django_session SET session_data = CAST(x'61ff62' AS TEXT)",
                [],
            )
            .unwrap();
        site.assert_heals("text that is no UTF-8").await;
    }

    #[tokio::test]
    async fn a_blob_of_a_rightly_signed_text_can_be_read_and_given_a_new_key() {
        let site = Site::new().await;
        site.put(signed(r#"{"user":7}"#).into_bytes(), LATER);
        let session = site.load().await.unwrap();
        assert_eq!(session.get::<u32>("user").unwrap(), Some(7));
        session.cycle_key().await.unwrap();
        assert_eq!(site.rows(), 1);
        assert!(site.load().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn null_in_a_table_without_djangos_constraints_is_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(path(folder.path())).unwrap();
        other
            .execute_batch(
                "CREATE TABLE django_session (session_key TEXT PRIMARY KEY, session_data, expire_date)",
            )
            .unwrap();
        let site = Site::open(folder, other, "").await;
        site.put(None::<String>, LATER);
        site.assert_heals("NULL data").await;
        site.put(signed(r#"{"user":7}"#), None::<String>);
        let session = site.load().await.unwrap();
        assert!(session.is_empty() && session.key().is_none());
    }

    #[tokio::test]
    async fn a_date_that_nobody_can_read_has_passed() {
        let site = Site::new().await;
        for date in ["", "tomorrow", "12", "2999-13-01 00:00:00", "9e99", "\u{0}"] {
            site.put(signed(r#"{"user":7}"#), date);
            let session = site.load().await.unwrap();
            assert!(session.is_empty() && session.key().is_none(), "{date:?}");
        }
        site.put(signed(r#"{"user":7}"#), vec![255_u8, 0]);
        assert!(site.load().await.unwrap().key().is_none());
    }

    #[tokio::test]
    async fn dates_with_and_without_a_fraction_end_at_their_microsecond() {
        let site = Site::new().await;
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_499_200);
        let microsecond = Duration::from_micros(1);
        for (date, end) in [
            ("2030-01-01 12:00:00", noon),
            ("2030-01-01 12:00:00.000001", noon + microsecond),
            (
                "2030-01-01 12:00:00.250000",
                noon + Duration::from_millis(250),
            ),
        ] {
            for (now, alive) in [(end - microsecond, true), (end, false)] {
                site.put(signed(r#"{"user":7}"#), date);
                let settings = settings(site.folder.path(), "");
                let clock = Arc::new(TestSystem::at(now));
                let sessions = Sessions::with_system(site.store.clone(), &settings, clock).unwrap();
                let session = sessions.session(KEY).load().await.unwrap();
                assert_eq!(session.key().is_some(), alive, "{date} at {now:?}");
                assert_eq!(site.rows(), u32::from(alive), "{date} at {now:?}");
            }
            site.put(signed("{}"), date);
            let swept = site.store.clear_expired(end, 100).await.unwrap();
            assert_eq!(swept, 0, "a sweep at {date} is as Django's: only before");
            let swept = site.store.clear_expired(end + microsecond, 100).await;
            assert_eq!(swept.unwrap(), 1);
        }
    }

    #[tokio::test]
    async fn a_locked_database_still_reads_and_says_that_it_is_locked() {
        let site = Site::new().await;
        site.put(signed(r#"{"user":7}"#), LATER);
        let session = site.load().await.unwrap();
        site.other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(
            site.load().await.unwrap().get::<u32>("user").unwrap(),
            Some(7)
        );
        session.insert("cart", 1).unwrap();
        let (message, status) = told(session.save().await.unwrap_err());
        assert!(message.contains("another program has locked"), "{message}");
        assert!(message.contains("TENURE_STORE_TIMEOUT"), "{message}");
        assert_eq!(status, 503);
        site.other.execute_batch("ROLLBACK").unwrap();
        session.save().await.unwrap();
        let session = site.load().await.unwrap();
        assert_eq!(session.get::<u32>("cart").unwrap(), Some(1));
    }

    #[tokio::test]
    async fn reads_take_no_write_lock_in_any_journal_mode() {
        for mode in ["wal", "delete"] {
            let folder = tempfile::tempdir().unwrap();
            let other = Connection::open(path(folder.path())).unwrap();
            for statement in djangos_statements() {
                other.execute_batch(&statement).unwrap();
            }
            other.pragma_update(None, "journal_mode", mode).unwrap();
            // Held from before the opening on, so that the journal mode stays.
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            other
                .execute(
                    "INSERT INTO django_session VALUES ('theirs00', 'x', 'y')",
                    [],
                )
                .unwrap();
            let site = Site::open(folder, other, "").await;
            let key = SessionKey::parse(KEY).unwrap();
            for _ in 0..10 {
                assert!(site.store.load(&key).await.unwrap().is_none());
                assert!(site.store.scan(None, 9).await.unwrap().is_empty());
            }
            site.other.execute_batch("COMMIT").unwrap();
            let present: String = site
                .other
                .query_row("PRAGMA journal_mode", [], |row| row.get(0))
                .unwrap();
            assert_eq!(present, mode);
            assert_eq!(site.store.scan(None, 9).await.unwrap().len(), 1);
            let session = site.sessions.new_session().load().await.unwrap();
            session.save().await.unwrap();
            assert_eq!(site.rows(), 2, "{mode}");
        }
    }

    #[tokio::test]
    async fn a_read_only_database_reads_and_refuses_to_write() {
        let site = Site::new().await;
        site.put(signed(r#"{"user":7}"#), LATER);
        let settings = settings(site.folder.path(), "?mode=ro");
        let store = DbStore::open(&settings).await.unwrap();
        let sessions = Sessions::new(store.clone(), &settings).unwrap();
        let session = sessions.session(KEY).load().await.unwrap();
        assert_eq!(session.get::<u32>("user").unwrap(), Some(7));
        session.insert("cart", 1).unwrap();
        let (message, status) = told(session.save().await.unwrap_err());
        assert!(message.contains("may not be written"), "{message}");
        assert_eq!(status, 503);
        assert_eq!(site.load().await.unwrap().get::<u32>("cart").unwrap(), None);
    }

    #[tokio::test]
    async fn a_read_only_database_can_be_opened_when_nobody_else_has_it_open() {
        let site = Site::new().await;
        site.put(signed(r#"{"user":7}"#), LATER);
        let Site {
            folder,
            other,
            sessions,
            store,
        } = site;
        drop((other, sessions, store));
        let settings = settings(folder.path(), "?mode=ro");
        let store = DbStore::open(&settings).await.unwrap();
        let key = SessionKey::parse(KEY).unwrap();
        assert!(store.load(&key).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_called_so() {
        let folder = tempfile::tempdir().unwrap();
        let text = "SECRET_KEY = 'this is a settings file, not a database'\n".repeat(100);
        std::fs::write(path(folder.path()), &text).unwrap();
        let error = DbStore::open(&settings(folder.path(), ""))
            .await
            .unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("is damaged, or no SQLite database"),
            "{message}"
        );
        assert_eq!(std::fs::read_to_string(path(folder.path())).unwrap(), text);
    }

    #[tokio::test]
    async fn a_missing_table_says_how_to_make_it() {
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(path(folder.path())).unwrap();
        let site = Site::open(folder, other, "").await;
        let expected = "has no table `django_session`: make it with `tenure init`";
        let (message, status) = told(site.load().await.unwrap_err());
        assert!(message.contains(expected), "{message}");
        assert_eq!(status, 503);
        let session = site.sessions.new_session().load().await.unwrap();
        let (message, _) = told(session.save().await.unwrap_err());
        assert!(message.contains(expected), "{message}");
        site.store.create_table().await.unwrap();
        session.save().await.unwrap();
    }

    #[tokio::test]
    async fn a_missing_file_is_not_made() {
        for query in ["", "?mode=rw", "?mode=ro"] {
            let folder = tempfile::tempdir().unwrap();
            let error = DbStore::open(&settings(folder.path(), query))
                .await
                .unwrap_err();
            let message = error.to_string();
            assert!(message.contains("cannot be opened"), "{message}");
            assert!(message.contains("tenure init"), "{message}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[tokio::test]
    async fn a_session_that_inflates_beyond_the_limit_is_refused_and_left_as_it_is() {
        let site = Site::new().await;
        let bomb = signed(&format!(r#"{{"text":"{}"}}"#, "z".repeat(100_000)));
        assert!(bomb.len() < 1000, "compressed");
        let mut settings = settings(site.folder.path(), "");
        settings.max_size = 10_000;
        let store = DbStore::open(&settings).await.unwrap();
        let sessions = Sessions::new(store, &settings).unwrap();
        site.put(signed("{}"), LATER);
        let loaded_before = sessions.session(KEY).load().await.unwrap();
        loaded_before.insert("cart", 1).unwrap();
        site.put(&bomb, LATER);
        let too_large = |error: &SessionError| {
            matches!(
                error,
                SessionError::Store(StoreError::TooLarge { limit: 10_000 })
            )
        };
        let error = sessions.session(KEY).load().await.unwrap_err();
        assert!(too_large(&error), "{error}");
        assert_eq!(error.status(), 503);
        assert!(too_large(&loaded_before.save().await.unwrap_err()));
        assert!(too_large(&loaded_before.cycle_key().await.unwrap_err()));
        assert_eq!(site.text(), bomb);
        let session = site.load().await.unwrap();
        assert!(session.contains_key("text"), "the default limit allows it");
    }

    /// Text of every table and index.
    fn schema(connection: &Connection) -> Vec<(String, String, Option<String>)> {
        let mut statement = connection
            .prepare("SELECT type, name, sql FROM sqlite_master ORDER BY name")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn the_table_is_made_as_django_makes_it_and_left_as_django_made_it() {
        let djangos = Site::new().await;
        let expected = schema(&djangos.other);
        assert_eq!(expected.len(), 3, "table, index of the key, index of dates");
        djangos.store.create_table().await.unwrap();
        assert_eq!(schema(&djangos.other), expected);

        let folder = tempfile::tempdir().unwrap();
        let store = DbStore::open(&settings(folder.path(), "?mode=rwc"))
            .await
            .unwrap();
        store.create_table().await.unwrap();
        let other = Connection::open(path(folder.path())).unwrap();
        assert_eq!(schema(&other), expected);
        store.create_table().await.unwrap();
        assert_eq!(schema(&other), expected);
    }

    #[tokio::test]
    async fn a_table_that_django_made_serves_a_whole_visit() {
        let site = Site::new().await;
        let session = site.sessions.new_session().load().await.unwrap();
        session.insert("cart", [1, 2]).unwrap();
        session.save().await.unwrap();
        session.cycle_key().await.unwrap();
        let key = session.key().unwrap();
        let again = site.sessions.session(key.as_str()).load().await.unwrap();
        assert_eq!(again.get("cart").unwrap(), Some(vec![1, 2]));
        let date: String = site
            .other
            .query_row("SELECT expire_date FROM django_session", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(date.as_bytes()[10], b' ', "{date}");
        again.flush().await.unwrap();
        assert_eq!(site.rows(), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn five_hundred_writes_at_once_all_land() {
        let site = Site::new().await;
        let barrier = Arc::new(tokio::sync::Barrier::new(500));
        let tasks: Vec<_> = (0..500_u32)
            .map(|number| {
                let (sessions, barrier) = (site.sessions.clone(), Arc::clone(&barrier));
                tokio::spawn(async move {
                    let session = sessions.new_session().load().await.unwrap();
                    session.insert("number", number).unwrap();
                    barrier.wait().await;
                    session.save().await.unwrap();
                    session.key().unwrap()
                })
            })
            .collect();
        for (number, task) in (0..500_u32).zip(tasks) {
            let key = task.await.unwrap();
            let session = site.sessions.session(key.as_str()).load().await.unwrap();
            assert_eq!(session.get("number").unwrap(), Some(number));
        }
        assert_eq!(site.rows(), 500);
    }

    #[tokio::test]
    async fn one_bad_write_in_a_batch_does_not_spoil_the_others() {
        let site = Site::new().await;
        site.other
            .execute_batch(
                "CREATE TRIGGER picky BEFORE DELETE ON django_session BEGIN SELECT RAISE(ABORT, 'kept'); END",
            )
            .unwrap();
        let key = SessionKey::parse(KEY).unwrap();
        site.put(signed("{}"), LATER);
        let session = site.sessions.new_session().load().await.unwrap();
        session.insert("cart", 1).unwrap();
        // Queued together while the writer waits for the lock.
        site.other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (deleted, saved, ()) = tokio::join!(site.store.delete(&key), session.save(), async {
            site.other.execute_batch("COMMIT").unwrap();
        });
        assert!(deleted.is_err());
        saved.unwrap();
        assert_eq!(site.rows(), 2);
    }
}
