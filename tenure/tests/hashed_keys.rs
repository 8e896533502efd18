//! `TENURE_HASH_KEYS`: whoever reads the store can use nothing of it.
#![cfg(test)]

use std::{
    fs,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use tenure::{
    Record, Session, SessionKey, Sessions, Settings, StoreError, Version,
    settings::CacheSettings,
    store::{Created, Listed, Powers, Saved, SessionStore},
    testing::{self, MemoryStore},
};
use testkit::Redis;

fn hashed(mut settings: Settings) -> Settings {
    settings.hash_keys = true;
    settings
}

/// The session of a request with this cookie.
async fn visit(sessions: &Sessions, cookie: &str) -> Session {
    sessions.session(cookie).load().await.unwrap()
}

async fn new_session(sessions: &Sessions) -> (Session, String) {
    testkit::leaks::watch();
    let session = sessions.new_session().load().await.unwrap();
    session.insert("user", "ada").unwrap();
    session.save().await.unwrap();
    let key = session.key().unwrap().as_str().to_owned();
    (session, key)
}

fn is_ada(session: &Session) -> bool {
    session.get::<String>("user").unwrap().as_deref() == Some("ada")
}

/// A session lives a whole life under its key, and nothing of what `dump` gives at any time opens it.
async fn lives_and_leaves_no_key(settings: Settings, dump: impl AsyncFn() -> Vec<u8>) {
    let sessions = Sessions::open(hashed(settings)).await.unwrap();
    sessions.store().prepare().await.unwrap();
    let (session, first) = new_session(&sessions).await;
    assert!(is_ada(&visit(&sessions, &first).await));
    session.cycle_key().await.unwrap();
    let second = session.key().unwrap().as_str().to_owned();
    session.insert("cart", [1, 2]).unwrap();
    session.save().await.unwrap();
    assert!(visit(&sessions, &first).await.is_empty());
    assert!(is_ada(&visit(&sessions, &second).await));

    let dump = dump().await;
    let text = String::from_utf8_lossy(&dump);
    assert!(!text.contains(&first) && !text.contains(&second));
    // Every text in it that could be a key, and every end of one, since caches have a prefix.
    let mut names = 0;
    for word in text.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()) {
        for start in 0..word.len().saturating_sub(7) {
            assert!(visit(&sessions, &word[start..]).await.is_empty());
            names += 1;
        }
    }
    assert!(names > 0, "{text}");

    session.flush().await.unwrap();
    assert!(visit(&sessions, &second).await.is_empty());
}

#[tokio::test]
async fn advisory_a_dump_of_the_store_holds_no_usable_key() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("site.sqlite3");
    let mut settings = testing::settings();
    settings.set_database_url(format!("sqlite://{}?mode=rwc", database.display()));
    let names = async || {
        let connection = rusqlite::Connection::open(&database).unwrap();
        let sql = "SELECT group_concat(session_key, ' ') FROM django_session";
        let names: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        names.into_bytes()
    };
    lives_and_leaves_no_key(settings, names).await;

    let mut settings = testing::settings();
    settings.engine = "file".into();
    let files = folder.path().join("sessions");
    fs::create_dir(&files).unwrap();
    settings.file_path = Some(files.clone());
    let names = async || {
        let files = fs::read_dir(&files).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>().join(" ").into_bytes()
    };
    lives_and_leaves_no_key(settings, names).await;

    let redis = Redis::start();
    let mut settings = testing::settings();
    settings.engine = "cache".into();
    let mut cache = CacheSettings::default();
    cache.backend = "django.core.cache.backends.redis.RedisCache".into();
    cache.location = vec![redis.url()];
    settings.caches.insert("default".into(), cache);
    let names = async || redis.command_bytes(&["KEYS", "*"]);
    lives_and_leaves_no_key(settings, names).await;
}

/// Notes every key that the store under it is asked for.
#[derive(Clone, Default)]
struct Spy {
    store: Arc<MemoryStore>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Spy {
    fn note(&self, key: &SessionKey) {
        self.seen.lock().unwrap().push(key.as_str().to_owned());
    }
}

impl SessionStore for Spy {
    fn engine(&self) -> &'static str {
        "spy"
    }
    fn powers(&self) -> Powers {
        self.store.powers()
    }
    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.note(key);
        self.store.load(key).await
    }
    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.note(key);
        self.store.create(key, record).await
    }
    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.note(key);
        self.store.save(key, record, base).await
    }
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.note(key);
        self.store.delete(key).await
    }
    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        self.note(key);
        self.store.touch(key, expires_at, base).await
    }
    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.store.scan(after, limit).await
    }
}

#[tokio::test]
async fn advisory_cve_2019_16782_the_store_never_sees_a_key() {
    let spy = Spy::default();
    let sessions = Sessions::new(spy.clone(), &hashed(testing::settings())).unwrap();
    let (session, first) = new_session(&sessions).await;
    session
        .set_expiry(std::time::Duration::from_mins(1))
        .unwrap();
    session.save().await.unwrap();
    session.cycle_key().await.unwrap();
    let key = session.key().unwrap();
    assert!(is_ada(&visit(&sessions, key.as_str()).await));
    visit(&sessions, "0123456789abcdefghijklmnopqrstuv").await;
    let store = sessions.store();
    let later = SystemTime::now() + std::time::Duration::from_hours(1);
    let record = store.load(&key).await.unwrap().unwrap();
    assert!(store.touch(&key, later, &record.version).await.unwrap());
    store.delete_expired(&key, SystemTime::now()).await.unwrap();

    let listed = store.scan(None, 10).await.unwrap();
    let [only] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    let name = SessionKey::parse(&only.name).unwrap();
    assert!(store.load(&name).await.unwrap().is_none());
    assert!(store.by_name().load(&name).await.unwrap().is_some());
    store.delete_many(std::slice::from_ref(&key)).await.unwrap();
    assert!(store.load(&key).await.unwrap().is_none());

    let seen = spy.seen.lock().unwrap();
    assert!(seen.len() > 8);
    for seen in &*seen {
        assert!(
            seen.len() == 40 && seen != &first && seen != key.as_str(),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn sessions_in_cookies_keep_their_form() {
    let mut settings = hashed(testing::settings());
    settings.engine = "signed_cookies".into();
    settings.cookie_revocation = Some("none".into());
    let sessions = Sessions::open(settings).await.unwrap();
    let (_, cookie) = new_session(&sessions).await;
    assert!(is_ada(&visit(&sessions, &cookie).await));
}
