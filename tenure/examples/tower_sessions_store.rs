//! Sessions in a store of the crate `tower-sessions`, so that moving to tenure leaves no store behind and logs nobody out. Run it with
//! `cargo run -p tenure --example tower_sessions_store`.
//!
//! What stands in the store stays as it is: the old program's cookies open their sessions here (name the cookie as it did, `id` by
//! default), and a record that is written here is one that the old program reads. A session that begins here has a key of tenure's, whose
//! hash is its id there: the old program finds the record, but takes nothing from such a cookie.
//!
//! A tower-sessions store cannot compare before it writes, so this adapter does, under a lock. That holds as long as one process writes.

use std::{collections::HashMap, error::Error, str::FromStr as _, sync::Arc, time::SystemTime};

use sha2::{Digest as _, Sha256};
use tenure::{
    Data, Json, Record, SessionKey, Sessions, StoreError, Version,
    store::{Created, Powers, Saved, SessionStore},
    testing,
};
use tokio::sync::{Mutex, MutexGuard};
use tower_sessions::{
    cookie::time::OffsetDateTime,
    session::{Id, Record as TowerRecord},
    session_store::{Error as TowerError, SessionStore as TowerStore},
};

/// Locks among which the sessions are spread, so that visitors do not wait for each other.
const LOCKS: usize = 64;

#[derive(Clone)]
pub(crate) struct Adapted<S> {
    store: S,
    locks: Arc<[Mutex<()>]>,
}

impl<S: TowerStore> Adapted<S> {
    pub(crate) fn new(store: S) -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::default()).collect();
        Self { store, locks }
    }

    /// Held from reading a session until it is written.
    async fn lock(&self, id: Id) -> Option<MutexGuard<'_, ()>> {
        let place = id.0.to_le_bytes().into_iter().next().map(usize::from)?;
        Some(self.locks.get(place % LOCKS)?.lock().await)
    }

    async fn find(&self, id: Id) -> Result<Option<TowerRecord>, StoreError> {
        self.store.load(&id).await.map_err(failed)
    }
}

fn failed(error: TowerError) -> StoreError {
    StoreError::unavailable("the tower-sessions store could not be used", error)
}

/// A cookie of the old program's holds its id in base64. Any other key is kept under its hash: an id has 128 bits, a key has 165.
fn id(key: &SessionKey) -> Id {
    let old = Id::from_str(key.as_str()).ok();
    // To the letter: other texts could mean the same bytes.
    let old = old.filter(|id| id.to_string() == key.as_str());
    old.unwrap_or_else(|| {
        let mut half = [0; 16];
        for (place, byte) in half.iter_mut().zip(Sha256::digest(key.as_str())) {
            *place = byte;
        }
        Id(i128::from_le_bytes(half))
    })
}

/// Their values are `serde_json`'s: some that Python writes are none, and are refused rather than changed.
fn to_theirs(id: Id, record: &Record) -> Result<TowerRecord, StoreError> {
    let refused = || StoreError::Unsupported {
        engine: "tower_sessions",
        operation: "keep this value: serde_json would change it",
    };
    let mut data = HashMap::new();
    for (key, text) in record.data.iter() {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| refused())?;
        let same = Json::of(&value).is_ok_and(|json| json.as_str() == text);
        if !same {
            return Err(refused());
        }
        data.insert(key.into_owned(), value);
    }
    let expiry_date = OffsetDateTime::from(record.expires_at);
    Ok(TowerRecord {
        id,
        data,
        expiry_date,
    })
}

fn to_ours(record: &TowerRecord) -> Record {
    // A hash map has no order, but the version needs one.
    let mut names: Vec<_> = record.data.keys().collect();
    names.sort();
    let mut data = Data::new();
    for name in names {
        if let Some(Ok(json)) = record.data.get(name).map(Json::of) {
            data.insert(name, json);
        }
    }
    let version = format!(
        "{} {}",
        record.expiry_date.unix_timestamp_nanos(),
        data.to_json()
    );
    Record::new(data, SystemTime::from(record.expiry_date))
        .with_version(Version::from_text(version))
}

impl<S: TowerStore> SessionStore for Adapted<S> {
    fn engine(&self) -> &'static str {
        "tower_sessions"
    }

    fn powers(&self) -> Powers {
        Powers {
            compare_and_swap: true,
            ..Powers::default()
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        Ok(self.find(id(key)).await?.as_ref().map(to_ours))
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let id = id(key);
        let _lock = self.lock(id).await;
        if self.find(id).await?.is_some() {
            return Ok(Created::Taken);
        }
        let mut theirs = to_theirs(id, record)?;
        self.store.create(&mut theirs).await.map_err(failed)?;
        if theirs.id != id {
            // One that has ended lies there still, so that the store took another id.
            self.store.delete(&theirs.id).await.map_err(failed)?;
            return Ok(Created::Taken);
        }
        Ok(Created::Created(to_ours(&theirs).version))
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let id = id(key);
        let theirs = to_theirs(id, record)?;
        let _lock = self.lock(id).await;
        match self.find(id).await?.as_ref().map(to_ours) {
            None => Ok(Saved::Gone),
            Some(current) if current.version != *base => Ok(Saved::Conflict(current)),
            Some(_) => {
                self.store.save(&theirs).await.map_err(failed)?;
                Ok(Saved::Saved(to_ours(&theirs).version))
            }
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let id = id(key);
        let _lock = self.lock(id).await;
        let there = self.find(id).await?.is_some();
        self.store.delete(&id).await.map_err(failed)?;
        Ok(there)
    }
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    use std::io::Write as _;

    // What the old program has left.
    let theirs = tower_sessions::MemoryStore::default();
    let mut old = TowerRecord {
        id: Id::default(),
        data: HashMap::from([("cart".to_owned(), serde_json::json!([1, 2]))]),
        expiry_date: OffsetDateTime::now_utc() + std::time::Duration::from_hours(1),
    };
    theirs.create(&mut old).await?;

    let mut settings = testing::settings();
    "id".clone_into(&mut settings.cookie_name);
    let sessions = Sessions::new(Adapted::new(theirs.clone()), &settings)?;
    let cookie = format!("id={}", old.id);
    let session = sessions.begin([cookie.as_bytes()]).load().await?;
    assert_eq!(session.get("cart")?, Some(vec![1, 2]));
    session.insert("user", "ada")?;
    session.save().await?;

    let record = theirs.load(&old.id).await?.ok_or("it is where it was")?;
    assert_eq!(record.data.get("user"), Some(&serde_json::json!("ada")));
    writeln!(std::io::stdout(), "the old program reads {:?}", record.data)?;
    Ok(())
}
