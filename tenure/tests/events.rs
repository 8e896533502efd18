//! What a listener is told.

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::{Duration, SystemTime},
    };

    use tenure::{
        LazySession, SessionError, Sessions,
        engine::db::SqliteStore,
        events::{EndReason, Events, SessionTag, Suspicion},
        testing::{self, MemoryStore, TestSystem},
    };

    #[derive(Clone, Debug, Default)]
    struct Heard(Arc<Mutex<Vec<String>>>);

    impl Heard {
        fn note(&self, what: &str, session: SessionTag<'_>) {
            self.0.lock().unwrap().push(format!("{what} {session}"));
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock().unwrap())
        }

        /// What happened, without the tags.
        fn take_names(&self) -> Vec<String> {
            let heard = self.take();
            let names = heard.iter().filter_map(|line| line.split(' ').next());
            names.map(str::to_owned).collect()
        }
    }

    impl Events for Heard {
        fn created(&self, session: SessionTag<'_>) {
            self.note("created", session);
        }
        fn loaded(&self, session: SessionTag<'_>) {
            self.note("loaded", session);
        }
        fn cycled(&self, session: SessionTag<'_>, before: SessionTag<'_>) {
            self.note(&format!("cycled {before}"), session);
        }
        fn touched(&self, session: SessionTag<'_>) {
            self.note("touched", session);
        }
        fn ended(&self, session: SessionTag<'_>, reason: EndReason) {
            self.note(&format!("{reason:?}"), session);
        }
        fn conflict(&self, session: SessionTag<'_>) {
            self.note("conflict", session);
        }
        fn suspicious(&self, session: Option<SessionTag<'_>>, what: Suspicion) {
            let session = session.map(|session| session.to_string());
            let line = format!("{what:?} {}", session.unwrap_or_default());
            self.0.lock().unwrap().push(line);
        }
    }

    fn stage() -> (Sessions, Heard, Arc<TestSystem>) {
        let heard = Heard::default();
        let system = Arc::new(TestSystem::at(SystemTime::now()));
        let settings = testing::settings();
        let sessions =
            Sessions::with_system(MemoryStore::default(), &settings, system.clone()).unwrap();
        (sessions.with_events(heard.clone()), heard, system)
    }

    async fn stored(sessions: &Sessions) -> String {
        let session = sessions.new_session().load().await.unwrap();
        session.insert("user", 1).unwrap();
        session.save().await.unwrap();
        session.key().unwrap().as_str().to_owned()
    }

    fn with_cookies(sessions: &Sessions, values: &[&str]) -> LazySession {
        let cookies: Vec<String> = values
            .iter()
            .map(|key| format!("sessionid={key}"))
            .collect();
        sessions.begin([cookies.join("; ").as_bytes()])
    }

    #[tokio::test]
    async fn a_life_from_creation_to_logout_with_tags_that_open_nothing() {
        let (sessions, heard, _) = stage();
        let first = stored(&sessions).await;
        let session = sessions.session(&first).load().await.unwrap();
        session.cycle_key().await.unwrap();
        let second = session.key().unwrap().as_str().to_owned();
        session.flush().await.unwrap();
        let heard = heard.take();
        let tag = heard[0].strip_prefix("created ").unwrap();
        assert!(tag.len() == 12 && tag.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let next = heard[2].rsplit(' ').next().unwrap();
        assert_ne!(tag, next);
        let expected = [
            format!("created {tag}"),
            format!("loaded {tag}"),
            format!("cycled {tag} {next}"),
            format!("Flushed {next}"),
        ];
        assert_eq!(heard, expected);
        for key in [&first, &second] {
            assert!(!heard.iter().any(|line| line.contains(key.as_str())));
        }
    }

    #[tokio::test]
    async fn a_prolonged_session_is_touched_and_one_met_after_its_end_has_ended() {
        let (sessions, heard, system) = stage();
        let lazy = sessions.new_session();
        let session = lazy.load().await.unwrap();
        session.set_expiry(Duration::from_mins(30)).unwrap();
        session.save().await.unwrap();
        let key = session.key().unwrap().as_str().to_owned();
        system.advance(Duration::from_mins(10));
        let lazy = sessions.session(&key);
        lazy.load().await.unwrap();
        sessions.finish(&lazy, 200).await.unwrap();
        assert_eq!(heard.take_names(), ["created", "loaded", "touched"]);
        system.advance(Duration::from_hours(1));
        sessions.session(&key).load().await.unwrap();
        assert_eq!(heard.take_names(), ["Expired"]);
    }

    #[tokio::test]
    async fn guesses_and_tossed_cookies_are_suspicious_and_an_untouched_request_tells_nothing() {
        let (sessions, heard, _) = stage();
        let unknown = "0123456789abcdefghijklmnopqrstuv";
        for _ in 0..100 {
            with_cookies(&sessions, &[unknown]).load().await.unwrap();
        }
        assert_eq!(heard.take_names(), vec!["UnknownKey"; 100]);
        with_cookies(&sessions, &["short"]).load().await.unwrap();
        assert_eq!(heard.take_names(), ["MalformedKey"]);
        let (one, two) = (stored(&sessions).await, stored(&sessions).await);
        heard.take();
        with_cookies(&sessions, &[&one, &two]).load().await.unwrap();
        assert_eq!(heard.take_names(), ["SeveralSessions"]);
        let untouched = with_cookies(&sessions, &[&one]);
        assert!(sessions.finish_now(&untouched, 200).is_some());
        assert!(heard.take().is_empty());
    }

    #[tokio::test]
    async fn two_writers_conflict_and_a_writer_after_a_logout_is_interrupted() {
        let (sessions, heard, _) = stage();
        let key = stored(&sessions).await;
        let first = sessions.session(&key).load().await.unwrap();
        let second = sessions.session(&key).load().await.unwrap();
        first.insert("a", 1).unwrap();
        second.insert("b", 2).unwrap();
        first.save().await.unwrap();
        heard.take();
        second.save().await.unwrap();
        assert_eq!(heard.take_names(), ["conflict"]);
        first.flush().await.unwrap();
        second.insert("b", 3).unwrap();
        let late = second.save().await;
        assert!(matches!(late, Err(SessionError::Interrupted)));
        assert_eq!(heard.take_names(), ["Flushed", "Interrupted"]);
    }

    #[tokio::test]
    async fn damaged_data_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        let mut settings = testing::settings();
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let store = SqliteStore::open(&settings).await.unwrap();
        store.create_table().await.unwrap();
        let heard = Heard::default();
        let sessions = Sessions::new(store, &settings)
            .unwrap()
            .with_events(heard.clone());
        let key = stored(&sessions).await;
        let connection = rusqlite::Connection::open(&path).unwrap();
        let sql = "UPDATE django_session SET session_data = 'x' || session_data";
        assert_eq!(connection.execute(sql, []).unwrap(), 1);
        heard.take();
        sessions.session(&key).load().await.unwrap();
        assert_eq!(heard.take_names(), ["Damaged(Signature)", "loaded"]);
    }

    #[derive(Debug)]
    struct Panics;

    impl Events for Panics {
        fn created(&self, _: SessionTag<'_>) {
            panic!("a listener that panics");
        }
        fn ended(&self, _: SessionTag<'_>, _: EndReason) {
            panic!("a listener that panics");
        }
    }

    #[tokio::test]
    async fn a_listener_that_panics_neither_loses_a_session_nor_keeps_one_alive() {
        let (sessions, ..) = stage();
        let sessions = sessions.with_events(Panics);
        let key = stored(&sessions).await;
        let session = sessions.session(&key).load().await.unwrap();
        assert_eq!(session.get("user").unwrap(), Some(1));
        session.flush().await.unwrap();
        let after = sessions.session(&key).load().await.unwrap();
        assert!(after.is_empty());
    }
}
