//! Going through all files of a folder.

use std::{
    collections::BinaryHeap,
    sync::PoisonError,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    fs::{AtFlags, Dir, statat, unlinkat},
    io::Errno,
};

use super::{
    folder::{Folder, Found, Open, time},
    name::{Kind, Prefix},
};
use crate::error::StoreError;

/// How old a temporary file is that nobody will come back for.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

impl Folder {
    /// Removes at most `limit` sessions that have `ended`, and temporary files that were left behind by `now`; tells how many sessions.
    ///
    /// A round goes on where the last one stopped, so that a million sessions that live are not read again for each thousand that ended.
    pub(super) fn clear(
        &self,
        prefix: &Prefix,
        ended: &dyn Fn(&Found) -> bool,
        now: SystemTime,
        limit: usize,
        until: Instant,
    ) -> Result<u64, StoreError> {
        let stopped = self.sweep().take();
        let mut again = stopped.is_some();
        let mut files = match stopped {
            Some(files) => files,
            None => self.files()?,
        };
        let mut cleared = 0;
        while cleared < limit {
            if Instant::now() >= until {
                *self.sweep() = Some(files);
                return Err(self.too_many());
            }
            let Some(entry) = files.read() else {
                if !again {
                    return Ok(cleared as u64);
                }
                again = false;
                files.rewind();
                continue;
            };
            let entry = entry.map_err(|error| self.failure(error))?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            match prefix.kind(name) {
                Some(Kind::Session(_)) => {
                    cleared += usize::from(self.clear_one(name, ended, until)?);
                }
                Some(Kind::Temporary) => self.clear_temporary(name, now)?,
                None => {}
            }
        }
        *self.sweep() = Some(files);
        Ok(cleared as u64)
    }

    fn clear_one(
        &self,
        name: &str,
        ended: &dyn Fn(&Found) -> bool,
        until: Instant,
    ) -> Result<bool, StoreError> {
        match self.read(name) {
            Ok(Some(found)) if ended(&found) => self.remove(name, Some(ended), until),
            Ok(_) | Err(StoreError::TooLarge { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// By the time at which it was given its name: its modification time is the session's.
    fn clear_temporary(&self, name: &str, now: SystemTime) -> Result<(), StoreError> {
        let stat = match statat(self.handle(), name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(self.failure(error)),
        };
        let named = time(stat.st_ctime, stat.st_ctime_nsec);
        if now.duration_since(named).is_ok_and(|age| age > LEFT_BEHIND) {
            // Somebody else's stays where it is.
            let _ = unlinkat(self.handle(), name, AtFlags::empty());
        }
        Ok(())
    }

    /// The next `limit` sessions whose keys come after `after`, in order, with their open files.
    ///
    /// Each call goes through the whole folder, and keeps no more than `limit` names.
    pub(super) fn next<T>(
        &self,
        prefix: &Prefix,
        after: Option<&str>,
        limit: usize,
        until: Instant,
        line: impl Fn(String, &Open) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut lines = Vec::new();
        let mut after = after.unwrap_or_default().to_owned();
        while lines.len() < limit {
            let keys = self.keys(prefix, &after, limit - lines.len(), until)?;
            let Some(last) = keys.last() else { break };
            last.clone_into(&mut after);
            for key in keys {
                if let Some(open) = self.find(&prefix.name(&key))? {
                    lines.push(line(key, &open)?);
                }
            }
        }
        Ok(lines)
    }

    fn keys(
        &self,
        prefix: &Prefix,
        after: &str,
        limit: usize,
        until: Instant,
    ) -> Result<Vec<String>, StoreError> {
        let mut least = BinaryHeap::new();
        let mut files = self.files()?;
        while let Some(entry) = files.read() {
            if Instant::now() >= until {
                return Err(self.too_many());
            }
            let entry = entry.map_err(|error| self.failure(error))?;
            let kind = entry
                .file_name()
                .to_str()
                .ok()
                .and_then(|name| prefix.kind(name));
            let Some(Kind::Session(key)) = kind else {
                continue;
            };
            if key <= after {
                continue;
            }
            if least.len() < limit {
                least.push(key.to_owned());
            } else if least
                .peek()
                .is_some_and(|last: &String| key < last.as_str())
            {
                least.pop();
                least.push(key.to_owned());
            }
        }
        Ok(least.into_sorted_vec())
    }

    fn files(&self) -> Result<Dir, StoreError> {
        Dir::read_from(self.handle()).map_err(|error| self.failure(error))
    }

    fn sweep(&self) -> std::sync::MutexGuard<'_, Option<Dir>> {
        self.sweep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn too_many(&self) -> StoreError {
        let path = self.path.display();
        let what = format!(
            "{path} holds too many files to go through in time: raise `TENURE_STORE_TIMEOUT` for this command"
        );
        StoreError::Unavailable { what, source: None }
    }
}
