//! A site whose folder another program uses too.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tenure::{
    Data, Record, SessionKey, Sessions, Settings, codec::SignedJson, engine::file::FileStore,
    testing,
};

pub(crate) const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

pub(crate) fn settings(folder: &Path) -> Settings {
    testkit::leaks::watch();
    let mut settings = testing::settings();
    settings.store_timeout = Duration::from_secs(1);
    settings.file_path = Some(folder.to_owned());
    settings
}

pub(crate) fn codec() -> SignedJson {
    SignedJson::new(testing::settings().secret_key.as_ref().unwrap(), &[])
}

pub(crate) fn signed(json: &str) -> String {
    codec().encode(
        &Data::from_json(json.as_bytes()).unwrap(),
        SystemTime::now(),
    )
}

pub(crate) fn record(json: &str) -> Record {
    Record::new(
        Data::from_json(json.as_bytes()).unwrap(),
        SystemTime::now() + Duration::from_hours(14 * 24),
    )
}

pub(crate) fn key(text: &str) -> SessionKey {
    SessionKey::parse(text).unwrap()
}

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: FileStore,
    pub(crate) sessions: Sessions,
}

/// A folder in memory, for tests of many thousand writes: each would wait for the disk.
pub(crate) fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn in_folder(folder: tempfile::TempDir) -> Self {
        let settings = settings(folder.path());
        let store = FileStore::open(&settings).await.unwrap();
        let sessions = Sessions::new(store.clone(), &settings).unwrap();
        Self {
            folder,
            store,
            sessions,
        }
    }

    /// Where the session [`KEY`] is.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join(format!("sessionid{KEY}"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// The JSON of the session [`KEY`], as its file holds it.
    pub(crate) fn json(&self) -> String {
        let text = fs::read_to_string(self.file()).unwrap();
        codec().decode(&text).unwrap().to_json()
    }
}
