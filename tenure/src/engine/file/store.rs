//! Files as a session store.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Instant, SystemTime},
};

use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{
    change::{Changed, New},
    folder::{Folder, Found, Open},
    name::{Prefix, folder},
};
use crate::{
    codec::SignedJson,
    data::Data,
    deadline::{Deadline, Elapsed},
    engine::OpenError,
    error::{CodecError, StoreError},
    expiry::ExpiryRules,
    key::SessionKey,
    limits::Terms,
    moment::{Moment, Zone},
    record::{Damage, Record, Version},
    settings::Settings,
    store::{Created, Listed, Powers, Renamed, Saved, SessionStore},
    system::{OperatingSystem, System},
};

/// How many calls may be at the disk at once, each on a thread of its own.
const AT_ONCE: usize = 64;

/// Sessions in files. Django's engine `django.contrib.sessions.backends.file`.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// use tenure::{Sessions, engine::file::FileStore, testing};
///
/// let mut settings = testing::settings();
/// settings.file_path = Some(folder.path().to_owned());
/// let store = FileStore::open(&settings).await?;
///
/// let session = Sessions::new(store, &settings)?.new_session().load().await?;
/// session.insert("cart", [1, 2])?;
/// session.save().await?;
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileStore {
    files: Arc<Files>,
    system: Arc<dyn System>,
}

/// What the threads at the disk share.
#[derive(Debug)]
struct Files {
    path: PathBuf,
    folder: RwLock<Arc<Folder>>,
    prefix: Prefix,
    codec: SignedJson,
    rules: ExpiryRules,
    zone: Zone,
    max_size: usize,
    turns: Arc<Semaphore>,
    patience: Deadline,
}

impl FileStore {
    /// Sessions in the folder that `SESSION_FILE_PATH` names, or in the system's folder for temporary files.
    ///
    /// # Errors
    ///
    /// When a setting is wrong, the folder is not there, or others can change what is in it: see the [module docs](super).
    pub async fn open(settings: &Settings) -> Result<Self, OpenError> {
        settings.check()?;
        let path = folder(settings);
        let codec = SignedJson::new(&settings.secret()?, &settings.secret_key_fallbacks)
            .inflate_limit(settings.max_size);
        let (rules, zone) = (ExpiryRules::new(settings), settings.zone()?);
        let (opening, max_size) = (path.clone(), settings.max_size);
        let folder = spawn_blocking(move || Folder::open(&opening, max_size))
            .await
            .map_err(broken_off)??;
        let files = Files {
            path,
            folder: RwLock::new(Arc::new(folder)),
            prefix: Prefix::new(&settings.cookie_name),
            codec,
            rules,
            zone,
            max_size,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            // Shorter than the deadline of the call, so that the folder is named rather than "too late".
            patience: Deadline::new(settings.store_timeout * 4 / 5),
        };
        Ok(Self {
            files: Arc::new(files),
            system: Arc::new(OperatingSystem),
        })
    }

    /// The same store, by this clock. For tests.
    #[must_use]
    pub fn with_system(mut self, system: Arc<dyn System>) -> Self {
        self.system = system;
        self
    }

    /// Does `work` on a thread that may wait for the disk.
    ///
    /// It is done to the end once it has begun, also if nobody waits for it any more: so a file is never left half changed.
    async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Files, &Folder, Instant) -> Result<T, StoreError> + Send + 'static,
    {
        let files = Arc::clone(&self.files);
        let patience = files.patience.clone();
        // So that the thread still comes to say what it waits for.
        let until = Instant::now() + patience.length() * 9 / 10;
        let working = async move {
            let turn = Arc::clone(&files.turns).acquire_owned().await;
            let work = move || {
                let _turn = turn;
                work(&files, &*files.folder()?, until)
            };
            spawn_blocking(work).await.map_err(broken_off)?
        };
        let answer = patience.of(working).await;
        answer.unwrap_or_else(|Elapsed| Err(self.files.stalled()))
    }

    /// The file that holds this record.
    fn new_file(&self, record: &Record) -> New {
        let now = self.system.now();
        New {
            text: self.files.codec.encode(&record.data, now),
            modified: modified(self.files.terms(&record.data), record.expires_at).unwrap_or(now),
        }
    }
}

impl Files {
    /// The folder as it was opened, or the one that was made in its place since.
    fn folder(&self) -> Result<Arc<Folder>, StoreError> {
        let folder = Arc::clone(&self.folder.read().unwrap_or_else(PoisonError::into_inner));
        if !folder.is_removed()? {
            return Ok(folder);
        }
        let folder = Arc::new(Folder::open(&self.path, self.max_size)?);
        *self.folder.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&folder);
        Ok(folder)
    }

    /// A file that is there is in the folder as it is now. Whatever else there is to say takes a closer look.
    fn read_at_once(&self, name: &str) -> Option<Found> {
        let folder = self.folder.read().unwrap_or_else(PoisonError::into_inner);
        folder.read_at_once(name)
    }

    fn stalled(&self) -> StoreError {
        let (path, waited) = (self.path.display(), self.patience.length().as_millis());
        let what =
            format!("the folder {path} has not answered for {waited} ms: is its disk stalled?");
        StoreError::Unavailable { what, source: None }
    }

    fn terms(&self, data: &Data) -> Terms {
        self.rules.terms(data, &self.zone)
    }

    /// The data of a file, and whether an older secret has signed it.
    fn open(&self, text: &[u8]) -> Result<(Data, bool), CodecError> {
        // What Django leaves for a moment while it makes a session.
        if text.is_empty() {
            return Ok((Data::new(), false));
        }
        let text = str::from_utf8(text).map_err(|_| CodecError::BadSignature)?;
        let opened = self.codec.open(text)?;
        Ok((opened.data, opened.by_fallback))
    }

    fn decode(&self, text: &[u8]) -> Result<Data, CodecError> {
        self.open(text).map(|(data, _)| data)
    }

    fn ends(&self, data: &Data, modified: SystemTime) -> SystemTime {
        self.terms(data).end_by_write(modified.into()).into()
    }

    fn record(&self, found: Found) -> Result<Record, StoreError> {
        let decoded = self.open(&found.text);
        // Counting it as empty, as other damage is, would let the next save overwrite a session that Django can still read.
        if let Err(CodecError::TooLarge { limit }) = decoded {
            return Err(StoreError::TooLarge { limit });
        }
        let damage = decoded.as_ref().err().map(Damage::from);
        let (data, by_fallback) = decoded.unwrap_or_default();
        let ends = self.ends(&data, found.modified);
        let mut record = Record::new(data, ends);
        record.damage = damage;
        record.by_fallback = by_fallback;
        Ok(record.with_version(Version::from_bytes(found.text)))
    }

    /// Whether the session has ended before `now`. One that is too large to be read counts as one that lives.
    fn ended(&self, found: &Found, is_over: impl Fn(SystemTime) -> bool) -> bool {
        match self.decode(&found.text) {
            Err(CodecError::TooLarge { .. }) => false,
            decoded => is_over(self.ends(&decoded.unwrap_or_default(), found.modified)),
        }
    }

    fn line(&self, folder: &Folder, key: String, open: &Open) -> Result<Listed, StoreError> {
        let data = match folder.contents(open) {
            Ok(found) => self.decode(&found.text).unwrap_or_default(),
            Err(StoreError::TooLarge { .. }) => Data::new(),
            Err(error) => return Err(error),
        };
        Ok(Listed::new(key, self.ends(&data, open.modified), open.size))
    }
}

/// The modification time with which a session ends at `expires_at`; `None` if it ends at a fixed moment whatever the time is.
fn modified(terms: Terms, expires_at: SystemTime) -> Option<SystemTime> {
    let length = terms.length_by_write()?;
    let ends = Moment::from(expires_at);
    Some(ends.plus_micros(length.saturating_neg()).into())
}

fn broken_off(error: tokio::task::JoinError) -> StoreError {
    StoreError::unavailable("the work on a session's file was broken off", error)
}

impl SessionStore for FileStore {
    fn engine(&self) -> &'static str {
        "file"
    }

    fn powers(&self) -> Powers {
        Powers {
            compare_and_swap: true,
            atomic_rename: true,
            touch: true,
            scan: true,
            clear_expired: true,
            in_key: false,
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let Some(name) = self.files.prefix.file(key) else {
            return Ok(None);
        };
        if let Some(found) = self.files.read_at_once(&name) {
            return self.files.record(found).map(Some);
        }
        self.run(move |files, folder, _| {
            let found = folder.read(&name)?;
            found.map(|found| files.record(found)).transpose()
        })
        .await
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        // Only keys of our own making come here; another one is not free.
        let Some(name) = self.files.prefix.file(key) else {
            return Ok(Created::Taken);
        };
        let new = self.new_file(record);
        self.run(move |_, folder, _| {
            Ok(if folder.create(&name, &new)? {
                Created::Created(Version::from_text(new.text))
            } else {
                Created::Taken
            })
        })
        .await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let Some(name) = self.files.prefix.file(key) else {
            return Ok(Saved::Gone);
        };
        let (new, base) = (self.new_file(record), base.clone());
        self.run(move |files, folder, until| {
            let base = base.as_bytes().unwrap_or_default();
            Ok(match folder.replace(&name, &new, base, until)? {
                Changed::Done => Saved::Saved(Version::from_text(new.text)),
                Changed::Other(found) => Saved::Conflict(files.record(found)?),
                Changed::Gone | Changed::Taken => Saved::Gone,
            })
        })
        .await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let Some(name) = self.files.prefix.file(key) else {
            return Ok(false);
        };
        self.run(move |_, folder, until| folder.remove(&name, None, until))
            .await
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        let Some(old) = self.files.prefix.file(old) else {
            return Ok(Renamed::Gone);
        };
        let Some(name) = self.files.prefix.file(new) else {
            return Ok(Renamed::Taken);
        };
        let (new, base) = (self.new_file(record), base.clone());
        self.run(move |files, folder, until| {
            let base = base.as_bytes().unwrap_or_default();
            Ok(match folder.move_to(&old, &name, &new, base, until)? {
                Changed::Done => Renamed::Renamed(Version::from_text(new.text)),
                Changed::Other(found) => Renamed::Conflict(files.record(found)?),
                Changed::Gone => Renamed::Gone,
                Changed::Taken => Renamed::Taken,
            })
        })
        .await
    }

    /// Django sees it: to it, too, the session ends a fixed time after the file's modification. A session that ends at a fixed moment
    /// does so whatever happens.
    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        let Some(name) = self.files.prefix.file(key) else {
            return Ok(false);
        };
        let base = base.clone();
        self.run(move |files, folder, until| {
            let later = |found: &Found| {
                let data = files.decode(&found.text).unwrap_or_default();
                let modified = modified(files.terms(&data), expires_at);
                modified.filter(|modified| *modified > found.modified)
            };
            let base = base.as_bytes().unwrap_or_default();
            folder.touch(&name, base, later, until)
        })
        .await
    }

    async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Result<bool, StoreError> {
        let Some(name) = self.files.prefix.file(key) else {
            return Ok(false);
        };
        self.run(move |files, folder, until| {
            let ended = |found: &Found| files.ended(found, |ends| ends <= now);
            folder.remove(&name, Some(&ended), until)
        })
        .await
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.run(move |files, folder, until| {
            let ended = |found: &Found| files.ended(found, |ends| ends < now);
            folder.clear(&files.prefix, &ended, now, limit, until)
        })
        .await
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = after.map(str::to_owned);
        self.run(move |files, folder, until| {
            let line = |key, open: &Open| files.line(folder, key, open);
            folder.next(&files.prefix, after.as_deref(), limit, until, line)
        })
        .await
    }
}
