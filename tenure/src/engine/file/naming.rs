//! Giving files their names, in one step where the system can.

use std::os::fd::BorrowedFd;

#[cfg(target_os = "linux")]
use rustix::fs::{RenameFlags, renameat_with};
use rustix::{
    fs::{AtFlags, linkat, unlinkat},
    io::Errno,
};

/// Gives the file `from` the name `to` unless there is one; tells whether it was free.
pub(super) fn place(folder: BorrowedFd<'_>, from: &str, to: &str) -> Result<bool, Errno> {
    #[cfg(target_os = "linux")]
    let placed = renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE);
    #[cfg(not(target_os = "linux"))]
    let placed = Err(Errno::NOSYS);
    match placed {
        Err(error) if unknown(error) => {}
        other => return free(other),
    }
    if !free(linkat(folder, from, folder, to, AtFlags::empty()))? {
        return Ok(false);
    }
    unlinkat(folder, from, AtFlags::empty())?;
    Ok(true)
}

/// Exchanges the names of two files; tells whether the file system can.
pub(super) fn exchange(folder: BorrowedFd<'_>, one: &str, other: &str) -> Result<bool, Errno> {
    #[cfg(target_os = "linux")]
    let exchanged = renameat_with(folder, one, folder, other, RenameFlags::EXCHANGE);
    #[cfg(not(target_os = "linux"))]
    let exchanged = {
        let _ = (folder, one, other);
        Err(Errno::NOSYS)
    };
    match exchanged {
        Ok(()) => Ok(true),
        Err(error) if unknown(error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What kernels and file systems say that do not know the flag.
fn unknown(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP].contains(&error)
}

fn free(placed: Result<(), Errno>) -> Result<bool, Errno> {
    match placed {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(error),
    }
}
