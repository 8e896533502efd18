//! A disk that is full, and one that may not be written: a small one of our own, in memory.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use tenure::{
    Sessions,
    conformance::{self, Broken},
    engine::file::FileStore,
    store::SessionStore,
};
use testkit::Disk;

use crate::site::{KEY, key, names, record, settings};

#[tokio::test]
async fn a_full_disk_is_an_error_and_the_old_session_is_whole() {
    let disk = Disk::new("64k");
    let store = FileStore::open(&settings(&disk.path())).await.unwrap();
    store
        .create(&key(KEY), &record(r#"{"user":7}"#))
        .await
        .unwrap();
    let found = store.load(&key(KEY)).await.unwrap().unwrap();
    disk.fill();
    let new = record(r#"{"user":8}"#);
    let error = store
        .save(&key(KEY), &new, &found.version)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no room is left"), "{error}");
    let other = key("abcdefghijklmnopqrstuvwxyz012345");
    let error = store.create(&other, &new).await.unwrap_err();
    assert!(error.to_string().contains("no room is left"), "{error}");
    let error = store
        .rename(&key(KEY), &other, &new, &found.version)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no room is left"), "{error}");
    // No half of a file stays, and who logs out is logged out.
    assert_eq!(
        names(&disk.path()),
        ["filler".to_owned(), format!("sessionid{KEY}")]
    );
    let whole = store.load(&key(KEY)).await.unwrap().unwrap();
    assert_eq!(whole.version, found.version);
    let later = whole.expires_at + Duration::from_secs(100);
    assert!(store.touch(&key(KEY), later, &whole.version).await.unwrap());
    assert!(store.delete(&key(KEY)).await.unwrap());
}

#[tokio::test]
async fn nobody_is_logged_out_while_the_disk_is_full_or_read_only() {
    let disk = Disk::new("64k");
    let settings = settings(&disk.path());
    let store = FileStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let fill = async || disk.fill();
    let free = async || disk.free();
    conformance::outage(&sessions, Broken::Writes, fill, free)
        .await
        .unwrap();
    let lock = async || disk.remount("ro");
    let unlock = async || disk.remount("rw");
    conformance::outage(&sessions, Broken::Writes, lock, unlock)
        .await
        .unwrap();
    assert_eq!(
        fs::metadata(disk.path()).unwrap().permissions().mode() & 0o777,
        0o711
    );
}
