//! Reading what the system has in memory, on the thread that asks.
//!
//! A small file costs 3 µs there, and handing the work to another thread and back costs ten more. So a read may run on the runtime's thread
//! if it surely does not wait for a disk: of the open the system promises it (`RESOLVE_CACHED`, Linux 5.12), and of the read
//! (`RWF_NOWAIT`). Whatever is not as usual is left to a thread that may wait, and to its answer.

#[cfg(target_os = "linux")]
use std::{fs::File, io::IoSliceMut};

#[cfg(target_os = "linux")]
use rustix::{
    fs::{Mode, ResolveFlags, fstatfs, openat2},
    io::{ReadWriteFlags, preadv2},
};

#[cfg(target_os = "linux")]
use super::folder::{FILE, READ};
use super::folder::{Folder, Found};

/// ext2 to ext4, XFS and Btrfs, as `linux/magic.h` has them: local, and known to keep both promises. To open a file on a network takes asking
/// its server, whatever is in memory.
#[cfg(target_os = "linux")]
const LOCAL: [u64; 3] = [0xef53, 0x5846_5342, 0x9123_683e];

/// Whether files on this file system can be read without waiting.
#[cfg(target_os = "linux")]
pub(super) fn is_local(folder: impl std::os::fd::AsFd) -> bool {
    let kind = fstatfs(folder).map(|system| u64::try_from(system.f_type));
    matches!(kind, Ok(Ok(kind)) if LOCAL.contains(&kind))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_local(_folder: impl std::os::fd::AsFd) -> bool {
    false
}

impl Folder {
    /// What the file of this name holds. `None` says nothing, not even that there is none.
    #[cfg(target_os = "linux")]
    pub(super) fn read_at_once(&self, name: &str) -> Option<Found> {
        if !self.local {
            return None;
        }
        let cached = ResolveFlags::CACHED;
        let opened = openat2(self.handle(), name, READ | FILE, Mode::empty(), cached);
        let open = self.ours(File::from(opened.ok()?)).ok()??;
        if open.size > self.most() {
            return None;
        }
        // One more than there is, so that one read shows the end.
        let mut text = vec![0; open.size + 1];
        let into = &mut [IoSliceMut::new(&mut text)];
        let read = preadv2(&open.file, into, 0, ReadWriteFlags::NOWAIT);
        if read.ok()? != open.size {
            return None;
        }
        text.pop();
        Some(Found {
            text,
            modified: open.modified,
        })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn read_at_once(&self, _name: &str) -> Option<Found> {
        None
    }
}
