//! Small disks.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    process::Command,
};

use tempfile::TempDir;

use crate::{
    Server,
    unprivileged::{folder, give, is_root},
};

/// A file system in memory, in a mount namespace of its own; it goes with the process that keeps the namespace.
///
/// Root may mount, and others may in a user namespace of their own. Where they may not either, this fails and shows why.
#[derive(Debug)]
pub struct Disk {
    keeper: Server,
    inside: PathBuf,
    _folder: TempDir,
}

impl Disk {
    /// A disk of this size, as `mount` has it: `64k`.
    pub fn new(size: &str) -> Self {
        let folder = folder();
        let inside = folder.path().join("disk");
        fs::create_dir(&inside).unwrap();
        let mut command = Command::new("unshare");
        let mut keep = "sleep 600";
        if is_root() {
            // A database server, which is not root, has its way into the namespace by way of a process of its own user's.
            keep =
                "setpriv --reuid nobody --regid nogroup --clear-groups --pdeathsig KILL sleep 600";
        } else {
            command.arg("--map-root-user");
        }
        let script = format!(
            "mount -t tmpfs -o size={size},mode=711 tmpfs \"$0\" && echo mounted && exec {keep}"
        );
        command.args(["--mount", "sh", "-c", &script]).arg(&inside);
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
            _folder: folder,
        }
    }

    /// The disk, as seen from outside of its namespace.
    pub fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        root.join(self.inside.strip_prefix("/").unwrap())
    }

    /// Makes a folder on it for a database server.
    pub fn server_folder(&self, name: &str) -> PathBuf {
        let folder = self.path().join(name);
        fs::create_dir(&folder).unwrap();
        give(&folder);
        folder
    }

    /// Mounts it again with other options: `ro` or `rw`.
    pub fn remount(&self, mode: &str) {
        let mut command = Command::new("nsenter");
        if !is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command
            .arg("--mount")
            .arg("--target")
            .arg(self.keeper.id().to_string())
            .args(["mount", "-o"])
            .arg(format!("remount,bind,{mode}"))
            .arg(&self.inside);
        assert!(command.status().unwrap().success());
    }

    /// Leaves no room, until [`free`](Self::free).
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let full = io::copy(&mut io::repeat(b'x'), &mut filler).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull, "{full}");
    }

    /// Makes room again.
    pub fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}
