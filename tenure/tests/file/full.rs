//! A disk that is full, and one that may not be written: a small one of our own, in memory.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tenure::{
    Sessions,
    conformance::{self, Broken},
    engine::file::FileStore,
    store::SessionStore,
};
use testkit::Server;

use crate::site::{KEY, key, names, record, settings};

/// A file system of 64 KiB in a mount namespace of its own; it goes with the process that keeps the namespace.
struct Disk {
    keeper: Server,
    inside: PathBuf,
    folder: tempfile::TempDir,
}

/// Root may mount; others may in a user namespace of their own.
fn is_root(folder: &Path) -> bool {
    fs::metadata(folder).unwrap().uid() == 0
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("disk");
        fs::create_dir(&inside).unwrap();
        let script =
            "mount -t tmpfs -o size=64k,mode=700 tmpfs \"$0\" && echo mounted && exec sleep 600";
        let mut command = Command::new("unshare");
        if !is_root(folder.path()) {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "sh", "-c", script]).arg(&inside);
        let mut keeper = Server::start("disk", &command, folder.path());
        let log = folder.path().join("disk.log");
        keeper.wait_until(|| {
            fs::read_to_string(&log)
                .unwrap_or_default()
                .contains("mounted")
        });
        Self {
            keeper,
            inside,
            folder,
        }
    }

    /// The disk, as seen from outside of its namespace.
    fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        root.join(self.inside.strip_prefix("/").unwrap())
    }

    fn remount(&self, mode: &str) {
        let mut command = Command::new("nsenter");
        if !is_root(self.folder.path()) {
            command.args(["--user", "--preserve-credentials"]);
        }
        command
            .arg("--mount")
            .arg("--target")
            .arg(self.keeper.id().to_string());
        command
            .args(["mount", "-o"])
            .arg(format!("remount,{mode}"))
            .arg(&self.inside);
        assert!(command.status().unwrap().success());
    }

    fn fill(&self) {
        let _ = fs::write(self.path().join("filler"), vec![b'x'; 1 << 20]);
        assert!(fs::write(self.path().join("one more"), b"x").is_err());
        let _ = fs::remove_file(self.path().join("one more"));
    }
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_the_old_session_is_whole() {
    let disk = Disk::new();
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
    let disk = Disk::new();
    let settings = settings(&disk.path());
    let store = FileStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let fill = async || disk.fill();
    let free = async || fs::remove_file(disk.path().join("filler")).unwrap();
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
        0o700
    );
}
