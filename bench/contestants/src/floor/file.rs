//! Files: read on the thread that answers, and written on one that may wait for the disk.
//!
//! A write has the lock, the comparison and the wait for the disk without which a change could be lost, and its modification time tells when
//! a session ends.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::fs::MetadataExt as _},
    sync::Arc,
    time::Duration,
};

use rustix::{
    fs::{
        AtFlags, Mode, OFlags, RenameFlags, fdatasync, open, openat, renameat, renameat_with,
        statat, unlinkat,
    },
    io::Errno,
};
use tokio::task::spawn_blocking;

use super::{Floor, cookie::random_key};
use crate::{Error, TWO_WEEKS};

#[derive(Clone)]
pub(super) struct Files(Arc<OwnedFd>);

impl Files {
    pub(super) fn open(folder: &str) -> Result<Self, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(Arc::new(open(folder, flags, Mode::empty())?)))
    }

    fn find(&self, name: &str) -> Result<Option<File>, Error> {
        // A key from a cookie must not lead anywhere else.
        if !name.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&*self.0, name, flags, Mode::empty()) {
            Ok(file) => Ok(Some(file.into())),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a new file under a name of its own, down to the disk; that name.
    fn write(&self, json: &str) -> Result<String, Error> {
        let name = format!("_{}", random_key()?);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let made = openat(&*self.0, &*name, flags, Mode::RUSR | Mode::WUSR)?;
        let mut file = File::from(made);
        file.write_all(json.as_bytes())?;
        fdatasync(&file)?;
        Ok(name)
    }

    fn replace(&self, key: &str, old: &str, new: &str) -> Result<bool, Error> {
        let folder = &*self.0;
        let written = self.write(new)?;
        let mut same = false;
        if let Some(mut file) = self.find(key)? {
            file.lock()?;
            // Whoever had it may have put another file in its place.
            let placed = statat(folder, key, AtFlags::SYMLINK_NOFOLLOW)?;
            same = placed.st_ino == file.metadata()?.ino()
                && contents(&mut file)?.is_some_and(|there| there == old);
            if same {
                renameat(folder, &*written, folder, key)?;
            }
        }
        if !same {
            unlinkat(folder, &*written, AtFlags::empty())?;
        }
        Ok(same)
    }
}

/// What a file holds; `None` if the session has ended.
fn contents(file: &mut File) -> Result<Option<String>, Error> {
    let about = file.metadata()?;
    let age = about.modified()?.elapsed().unwrap_or_default();
    if age >= Duration::from_secs(TWO_WEEKS) {
        return Ok(None);
    }
    // No file is ever changed in its place, so that one read is enough.
    let mut bytes = vec![0; usize::try_from(about.len())?];
    file.read_exact(&mut bytes)?;
    Ok(Some(String::from_utf8(bytes)?))
}

impl Floor for Files {
    type Session = String;

    async fn load(&self, key: &str) -> Result<Option<String>, Error> {
        let mut file = self.find(key)?;
        Ok(file.as_mut().map(contents).transpose()?.flatten())
    }

    async fn swap(&self, key: &str, old: &String, new: &str) -> Result<bool, Error> {
        let (files, key) = (self.clone(), key.to_owned());
        let (old, new) = (old.clone(), new.to_owned());
        spawn_blocking(move || files.replace(&key, &old, &new)).await?
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        let (files, key, json) = (self.clone(), key.to_owned(), json.to_owned());
        let create = move || -> Result<(), Error> {
            let (folder, written) = (&*files.0, files.write(&json)?);
            renameat_with(folder, &*written, folder, &*key, RenameFlags::NOREPLACE)?;
            Ok(())
        };
        spawn_blocking(create).await?
    }
}
