//! Changing files, so that whoever reads sees the old one or the new one, whole.

use std::{
    fs::File,
    io::Write as _,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use rustix::{
    fs::{
        AtFlags, FlockOperation, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, flock, fstat,
        fsync, futimens, openat, renameat, unlinkat,
    },
    io::Errno,
};

use super::{
    folder::{Folder, Found, Id, Open},
    name,
    naming::{exchange, place},
};
use crate::error::StoreError;

/// What a file is to hold.
pub(super) struct New {
    pub(super) text: String,
    pub(super) modified: SystemTime,
}

/// What became of a change to a file in a known state.
pub(super) enum Changed {
    /// It was made.
    Done,
    /// The file is there, with another text.
    Other(Found),
    /// There is no such file.
    Gone,
    /// There is a file of the new name already.
    Taken,
}

/// A file under a temporary name, which goes when this is dropped.
struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
    /// Whether it has got its own name.
    is_placed: bool,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = unlinkat(self.folder.handle(), &self.name, AtFlags::empty());
        }
    }
}

impl Folder {
    /// Adds a file unless there is one of this name; tells whether the name was free.
    pub(super) fn create(&self, name: &str, new: &New) -> Result<bool, StoreError> {
        let (mut temporary, _) = self.write(name, new)?;
        let placed = place(self.handle(), &temporary.name, name);
        temporary.is_placed = placed.map_err(|error| self.failure(error))?;
        Ok(temporary.is_placed)
    }

    /// Puts a new file in the place of the one that still holds `base`.
    pub(super) fn replace(
        &self,
        name: &str,
        new: &New,
        base: &[u8],
        until: Instant,
    ) -> Result<Changed, StoreError> {
        let (temporary, written) = self.write(name, new)?;
        let Some(open) = self.lock(name, until)? else {
            return Ok(Changed::Gone);
        };
        let found = self.contents(&open)?;
        if found.text != base {
            return Ok(Changed::Other(found));
        }
        // Others must not build upon it before it is sure to stay. Nobody else has it yet, so there is nothing to wait for.
        flock(&written, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| self.failure(error))?;
        if self.swap(&temporary.name, &written, name, open.id)? {
            return Ok(Changed::Done);
        }
        let current = self.read(name)?;
        Ok(current.map_or(Changed::Gone, Changed::Other))
    }

    /// Puts the file `ours` in the place of `expected`. Says no, and leaves all as it is, if there is none or another one.
    fn swap(
        &self,
        temporary: &str,
        ours: &File,
        name: &str,
        expected: Id,
    ) -> Result<bool, StoreError> {
        match exchange(self.handle(), temporary, name) {
            Ok(true) => {}
            Ok(false) => return self.put(temporary, name, expected),
            // Somebody has removed it, and so it stays.
            Err(Errno::NOENT) => return Ok(false),
            Err(error) => return Err(self.failure(error)),
        }
        match self.id(temporary)? {
            Some(came_out) if came_out == expected => Ok(true),
            Some(came_out) => self.swap_back(temporary, ours, name, came_out),
            None => Ok(false),
        }
    }

    /// Django has written since we looked. What it wrote goes back in, and what we have put there must come out.
    fn swap_back(
        &self,
        temporary: &str,
        ours: &File,
        name: &str,
        came_out: Id,
    ) -> Result<bool, StoreError> {
        let stat = fstat(ours).map_err(|error| self.failure(error))?;
        let ours = Id::of(&stat);
        let (mut put, mut expected) = (came_out, ours);
        loop {
            match exchange(self.handle(), temporary, name) {
                Ok(true) => {}
                Ok(false) => return self.put(temporary, name, expected),
                // Somebody has removed it, and so it stays.
                Err(Errno::NOENT) => return Ok(false),
                Err(error) => return Err(self.failure(error)),
            }
            let Some(came_out) = self.id(temporary)? else {
                return Ok(false);
            };
            if came_out == expected {
                return Ok(put == ours);
            }
            // And again.
            expected = put;
            put = came_out;
        }
    }

    /// As [`swap`](Self::swap), where the file system cannot exchange: with a gap between looking and doing.
    fn put(&self, temporary: &str, name: &str, expected: Id) -> Result<bool, StoreError> {
        if self.id(name)? != Some(expected) {
            return Ok(false);
        }
        renameat(self.handle(), temporary, self.handle(), name)
            .map_err(|error| self.failure(error))?;
        Ok(true)
    }

    /// Adds the file `name`, and removes `old` if that still holds `base`.
    pub(super) fn move_to(
        &self,
        old: &str,
        name: &str,
        new: &New,
        base: &[u8],
        until: Instant,
    ) -> Result<Changed, StoreError> {
        let (temporary, _) = self.write(name, new)?;
        let Some(open) = self.lock(old, until)? else {
            return Ok(Changed::Gone);
        };
        let found = self.contents(&open)?;
        if found.text != base {
            return Ok(Changed::Other(found));
        }
        let placed = place(self.handle(), &temporary.name, name);
        if !placed.map_err(|error| self.failure(error))? {
            return Ok(Changed::Taken);
        }
        let taken = self.take(old, &open);
        if !matches!(taken, Ok(true)) {
            // Nobody has been told of it.
            let _ = unlinkat(self.handle(), name, AtFlags::empty());
        }
        if taken? {
            self.sync()?;
            return Ok(Changed::Done);
        }
        let current = self.read(old)?;
        Ok(current.map_or(Changed::Gone, Changed::Other))
    }

    /// Removes the file `open`, which must be locked. Says no, and removes nothing, if its name is no more, or another file's.
    fn take(&self, name: &str, open: &Open) -> Result<bool, StoreError> {
        let aside = Temporary {
            folder: self,
            name: name::temporary(name)?,
            is_placed: false,
        };
        match renameat(self.handle(), name, self.handle(), &aside.name) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(false),
            Err(error) => return Err(self.failure(error)),
        }
        if self.id(&aside.name)? == Some(open.id) {
            return Ok(true);
        }
        // Django has written since we looked.
        place(self.handle(), &aside.name, name).map_err(|error| self.failure(error))?;
        Ok(false)
    }

    /// Removes a file; with `ended`, only one of which that is true. Tells whether it did.
    pub(super) fn remove(
        &self,
        name: &str,
        ended: Option<&dyn Fn(&Found) -> bool>,
        until: Instant,
    ) -> Result<bool, StoreError> {
        let Some(open) = self.lock(name, until)? else {
            return Ok(false);
        };
        if let Some(ended) = ended {
            return Ok(ended(&self.contents(&open)?) && self.take(name, &open)?);
        }
        match unlinkat(self.handle(), name, AtFlags::empty()) {
            Ok(()) => self.sync().map(|()| true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Moves the modification time, if `later` gives another one, of a file that still holds `base`; tells whether there was one.
    pub(super) fn touch(
        &self,
        name: &str,
        base: &[u8],
        later: impl FnOnce(&Found) -> Option<SystemTime>,
        until: Instant,
    ) -> Result<bool, StoreError> {
        let Some(open) = self.lock(name, until)? else {
            return Ok(false);
        };
        let found = self.contents(&open)?;
        if found.text != base {
            return Ok(false);
        }
        if let Some(modified) = later(&found) {
            self.set_modified(&open.file, modified)?;
        }
        Ok(true)
    }

    /// Writes a file under a temporary name beside `name`, down to the disk.
    fn write(&self, name: &str, new: &New) -> Result<(Temporary<'_>, File), StoreError> {
        if new.text.len() > self.most() {
            return Err(self.too_large());
        }
        let name = name::temporary(name)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = openat(self.handle(), &name, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(made.map_err(|error| self.failure(error))?);
        let temporary = Temporary {
            folder: self,
            name,
            is_placed: false,
        };
        file.write_all(new.text.as_bytes()).map_err(|error| {
            let error = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            self.failure(error)
        })?;
        self.set_modified(&file, new.modified)?;
        fsync(&file).map_err(|error| self.failure(error))?;
        Ok((temporary, file))
    }

    fn set_modified(&self, file: &File, modified: SystemTime) -> Result<(), StoreError> {
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: timespec(modified),
        };
        futimens(file, &times).map_err(|error| self.failure(error))
    }

    /// Has the names on the disk too: a power cut must not undo a logout, or bring back a key that was given up. A write that it undoes
    /// leaves the old session whole, and is not worth a second wait for the disk.
    fn sync(&self) -> Result<(), StoreError> {
        fsync(self.handle()).map_err(|error| self.failure(error))
    }
}

fn timespec(time: SystemTime) -> Timespec {
    let (seconds, nanoseconds) = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => (since.as_secs().try_into(), since.subsec_nanos()),
        Err(before) => {
            // Counted upwards from the second below.
            let before = before.duration();
            let part = u64::from(before.subsec_nanos() > 0);
            let seconds = i64::try_from(before.as_secs() + part).map(i64::wrapping_neg);
            (
                seconds,
                (1_000_000_000 - before.subsec_nanos()) % 1_000_000_000,
            )
        }
    };
    Timespec {
        tv_sec: seconds.unwrap_or(i64::MAX),
        tv_nsec: nanoseconds.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, time::Duration};

    use super::*;

    const NAME: &str = "sessionid0123456789abcdefghijklmnopqrstuv";
    const NEW: &str = "sessionidabcdefghijklmnopqrstuvwxyz012345";

    fn new(text: &str) -> New {
        New {
            text: text.to_owned(),
            modified: SystemTime::now(),
        }
    }

    fn until() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn texts(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        files
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    }

    /// Runs `change` with our file, locked and looked at, after `django` has done something to it.
    fn after_our_look(
        django: impl FnOnce(&Path),
        change: impl FnOnce(&Folder, &Open),
    ) -> Vec<String> {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), 1 << 20).unwrap();
        assert!(folder.create(NAME, &new("base")).unwrap());
        let open = folder.lock(NAME, until()).unwrap().unwrap();
        django(&place.path().join(NAME));
        change(&folder, &open);
        texts(place.path())
    }

    fn writes(path: &Path) {
        let temporary = path.with_extension("theirs");
        fs::write(&temporary, "django").unwrap();
        fs::rename(temporary, path).unwrap();
    }

    fn deletes(path: &Path) {
        fs::remove_file(path).unwrap();
    }

    fn swap(folder: &Folder, open: &Open) {
        let (temporary, written) = folder.write(NAME, &new("ours")).unwrap();
        let swapped = folder.swap(&temporary.name, &written, NAME, open.id);
        assert!(!swapped.unwrap());
    }

    #[test]
    fn what_django_writes_after_our_look_stays() {
        assert_eq!(after_our_look(writes, swap), ["django"]);
        let take = |folder: &Folder, open: &Open| assert!(!folder.take(NAME, open).unwrap());
        assert_eq!(after_our_look(writes, take), ["django"]);
        let put = |folder: &Folder, open: &Open| {
            let (temporary, _) = folder.write(NAME, &new("ours")).unwrap();
            assert!(!folder.put(&temporary.name, NAME, open.id).unwrap());
        };
        assert_eq!(after_our_look(writes, put), ["django"]);
    }

    #[test]
    fn what_django_deletes_after_our_look_stays_deleted() {
        assert!(after_our_look(deletes, swap).is_empty());
        let take = |folder: &Folder, open: &Open| assert!(!folder.take(NAME, open).unwrap());
        assert!(after_our_look(deletes, take).is_empty());
    }

    #[test]
    fn without_exchange_a_file_is_put_and_a_name_is_linked() {
        let put = |folder: &Folder, open: &Open| {
            let (temporary, _) = folder.write(NAME, &new("ours")).unwrap();
            assert!(folder.put(&temporary.name, NAME, open.id).unwrap());
        };
        assert_eq!(after_our_look(|_| {}, put), ["ours"]);
    }

    #[test]
    fn a_new_name_that_is_taken_leaves_both_files() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), 1 << 20).unwrap();
        assert!(folder.create(NAME, &new("base")).unwrap());
        assert!(folder.create(NEW, &new("theirs")).unwrap());
        let moved = folder.move_to(NAME, NEW, &new("ours"), b"base", until());
        assert!(matches!(moved, Ok(Changed::Taken)));
        let mut texts = texts(place.path());
        texts.sort();
        assert_eq!(texts, ["base", "theirs"]);
    }

    #[test]
    fn times_before_1970_are_written_and_read() {
        let time = UNIX_EPOCH - Duration::from_millis(1250);
        let spec = timespec(time);
        assert_eq!((spec.tv_sec, spec.tv_nsec), (-2, 750_000_000));
        assert_eq!(super::super::folder::time(-2, 750_000_000_u32), time);
    }
}
