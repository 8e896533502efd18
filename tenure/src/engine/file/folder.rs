//! The folder and the files in it: whose they must be, and how they are opened, locked and read.

use std::{
    fs::File,
    io::Read as _,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustix::{
    fs::{
        AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat, flock, fstat, open, openat,
        statat,
    },
    io::Errno,
    process::geteuid,
};

use super::at_once::is_local;
use crate::error::StoreError;

/// A pipe does not make us wait, a terminal does not become ours, and a link leads nowhere.
pub(super) const FILE: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
pub(super) const READ: OFlags = OFlags::RDONLY;
/// How long to wait before looking again whether a lock is free.
const PAUSE: Duration = Duration::from_millis(1);

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    handle: OwnedFd,
    /// Whether others may make files in it.
    shared: bool,
    /// Whether its file system can say what it has in memory.
    pub(super) local: bool,
    /// The most bytes that a session may have, and the most that its file may have then.
    max_size: usize,
    /// Where the last round of `clear_expired` stopped.
    pub(super) sweep: Mutex<Option<Dir>>,
}

/// What a file held when it was read.
pub(super) struct Found {
    pub(super) text: Vec<u8>,
    pub(super) modified: SystemTime,
}

/// A file that may be a session's.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) file: File,
    pub(super) id: Id,
    pub(super) modified: SystemTime,
    pub(super) size: usize,
}

/// Tells a file from all others that are open or have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(u64, u64);

impl Folder {
    /// Opens the folder, if nobody else can change what is in it.
    pub(super) fn open(path: &Path, max_size: usize) -> Result<Self, StoreError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = open(path, flags, Mode::empty());
        let handle = opened.map_err(|error| failure(path, error))?;
        let stat = fstat(&handle).map_err(|error| failure(path, error))?;
        let shared = is_shared(path, &stat)?;
        Ok(Self {
            path: path.to_owned(),
            local: is_local(&handle),
            handle,
            shared,
            max_size,
            sweep: Mutex::new(None),
        })
    }

    /// Whether the folder itself was removed, so that no file can be in it any more.
    pub(super) fn is_removed(&self) -> Result<bool, StoreError> {
        let stat = fstat(&self.handle).map_err(|error| self.failure(error))?;
        Ok(stat.st_nlink == 0)
    }

    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    pub(super) fn failure(&self, error: Errno) -> StoreError {
        failure(&self.path, error)
    }

    /// The most bytes of a session's file: base64 has four for three; time and signature take 51 more.
    pub(super) fn most(&self) -> usize {
        (self.max_size / 3).saturating_mul(4).saturating_add(128)
    }

    pub(super) fn too_large(&self) -> StoreError {
        StoreError::TooLarge {
            limit: self.max_size,
        }
    }

    /// Opens a session's file; `None` if there is none, or it is not ours alone.
    pub(super) fn find(&self, name: &str) -> Result<Option<Open>, StoreError> {
        let file = self.open_file(name, READ)?;
        file.map_or(Ok(None), |file| self.ours(file))
    }

    fn open_file(&self, name: &str, access: OFlags) -> Result<Option<File>, StoreError> {
        match openat(&self.handle, name, access | FILE, Mode::empty()) {
            Ok(file) => Ok(Some(file.into())),
            Err(Errno::NOENT) => Ok(None),
            // A link; a folder; a socket or a device without a driver.
            Err(Errno::LOOP | Errno::MLINK | Errno::ISDIR | Errno::NXIO | Errno::NODEV) => {
                Ok(self.foreign())
            }
            // Somebody else's file, or the folder itself?
            Err(Errno::ACCESS) => self.refused(name),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// The file as it is now; `None` if it is not ours alone.
    pub(super) fn ours(&self, file: File) -> Result<Option<Open>, StoreError> {
        let stat = fstat(&file).map_err(|error| self.failure(error))?;
        if !self.is_ours(&stat) {
            return Ok(self.foreign());
        }
        Ok(Some(Open {
            file,
            id: Id::of(&stat),
            modified: modified(&stat),
            size: usize::try_from(stat.st_size).unwrap_or(usize::MAX),
        }))
    }

    fn refused(&self, name: &str) -> Result<Option<File>, StoreError> {
        match statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if !self.is_ours(&stat) => Ok(self.foreign()),
            Err(Errno::NOENT) => Ok(None),
            _ => Err(self.failure(Errno::ACCESS)),
        }
    }

    fn is_ours(&self, stat: &Stat) -> bool {
        let mode = Mode::from_raw_mode(stat.st_mode);
        let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        // Where others can make files, they could give another visitor's file this visitor's name.
        let one_name = stat.st_nlink == 1 || !self.shared;
        let private = !mode.intersects(Mode::WGRP | Mode::WOTH);
        plain && private && one_name && stat.st_uid == geteuid().as_raw()
    }

    /// The name holds the key, so it is not told.
    fn foreign<T>(&self) -> Option<T> {
        let path = self.path.display();
        tracing::warn!(
            "in {path}, something under a session's name is no plain file of this user alone: it counts as absent"
        );
        None
    }

    /// Opens a session's file and keeps other writers of tenure away from it.
    pub(super) fn lock(&self, name: &str, until: Instant) -> Result<Option<Open>, StoreError> {
        loop {
            // NFS locks only what is open for writing.
            let Some(file) = self.open_file(name, OFlags::RDWR)? else {
                return Ok(None);
            };
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    // Looked at under the lock, as it may have been touched since it was opened.
                    let Some(open) = self.ours(file)? else {
                        return Ok(None);
                    };
                    // Whoever had it may have put another file in its place.
                    if self.id(name)? == Some(open.id) {
                        return Ok(Some(open));
                    }
                }
                Err(Errno::WOULDBLOCK) => thread::sleep(PAUSE),
                Err(error) => return Err(self.failure(error)),
            }
            if Instant::now() >= until {
                let path = self.path.display();
                let what = format!("another program keeps a session's file in {path} locked");
                return Err(StoreError::Unavailable { what, source: None });
            }
        }
    }

    /// Which file has this name.
    pub(super) fn id(&self, name: &str) -> Result<Option<Id>, StoreError> {
        match statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Id::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Reads a file that is open.
    pub(super) fn contents(&self, open: &Open) -> Result<Found, StoreError> {
        if open.size > self.most() {
            return Err(self.too_large());
        }
        let mut text = Vec::with_capacity(open.size);
        // No more than it had, so that nobody asks the system again for the end.
        let reading = (&open.file).take(open.size as u64).read_to_end(&mut text);
        reading.map_err(|error| {
            let path = self.path.display();
            StoreError::unavailable(format!("a session's file in {path} cannot be read"), error)
        })?;
        Ok(Found {
            text,
            modified: open.modified,
        })
    }

    /// What the file of this name holds.
    pub(super) fn read(&self, name: &str) -> Result<Option<Found>, StoreError> {
        let open = self.find(name)?;
        open.map(|open| self.contents(&open)).transpose()
    }
}

impl Id {
    #[expect(
        clippy::unnecessary_cast,
        reason = "the numbers' types differ between systems"
    )]
    pub(super) fn of(stat: &Stat) -> Self {
        Self(stat.st_dev as u64, stat.st_ino as u64)
    }
}

/// Whether others may make files in the folder; an error if they may do more.
fn is_shared(path: &Path, stat: &Stat) -> Result<bool, StoreError> {
    let (user, mode) = (geteuid().as_raw(), Mode::from_raw_mode(stat.st_mode));
    let shared = mode.intersects(Mode::WGRP | Mode::WOTH);
    let path = path.display();
    let refuse = |why: String| {
        Err(StoreError::Unavailable {
            what: why,
            source: None,
        })
    };
    // Root can do everything anyway.
    if stat.st_uid != user && stat.st_uid != 0 {
        return refuse(format!(
            "the folder {path} belongs to user {} and this program runs as user {user}: run it as the owner, or name another folder in SESSION_FILE_PATH",
            stat.st_uid
        ));
    }
    if shared && !mode.contains(Mode::SVTX) {
        return refuse(format!(
            "others may write to the folder {path} (mode {:04o}): `chmod 700` it, or name another folder in SESSION_FILE_PATH",
            mode.as_raw_mode() & 0o7777
        ));
    }
    if mode.contains(Mode::ROTH) {
        tracing::warn!(
            "everybody on this machine can list {path}, and with it the keys of all sessions: name a folder of mode 0700 in SESSION_FILE_PATH, here and in Django"
        );
    }
    Ok(shared)
}

pub(super) fn modified(stat: &Stat) -> SystemTime {
    time(stat.st_mtime, stat.st_mtime_nsec)
}

pub(super) fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let whole = if seconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    let fraction = Duration::from_nanos(nanoseconds.try_into().unwrap_or_default().into());
    whole.unwrap_or(UNIX_EPOCH) + fraction
}

/// Says what to do, where the system alone says what went wrong.
fn failure(path: &Path, error: Errno) -> StoreError {
    let path = path.display();
    let what = match error {
        Errno::NOENT => format!(
            "the folder {path} is not there: make it with `mkdir -m 700`, or name another one in SESSION_FILE_PATH"
        ),
        Errno::NOTDIR => format!("{path} is no folder: name one in SESSION_FILE_PATH"),
        Errno::NOSPC | Errno::DQUOT => {
            format!("no room is left in {path}: free some, or move the folder")
        }
        Errno::ACCESS | Errno::PERM | Errno::ROFS => {
            format!("{path} may not be used: check the rights of the folder and of its files")
        }
        Errno::MFILE | Errno::NFILE => {
            format!("too many files are open to use {path}: raise `ulimit -n`")
        }
        _ => format!("{path} cannot be used: is its disk failing?"),
    };
    StoreError::unavailable(what, std::io::Error::from(error))
}
