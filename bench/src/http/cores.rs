//! Which processor does what: the contestant has one for itself, and the load and the engines have the others.

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::Pid,
};

use crate::Error;

/// Leaves the first processor to the contestants, whose number it gives. Whatever this process starts keeps to the others, as it does.
pub(super) fn divide() -> Result<usize, Error> {
    let this = Pid::from_raw(0);
    let all = sched_getaffinity(this)?;
    let mut cores = (0..CpuSet::count()).filter(|&core| all.is_set(core).unwrap_or(false));
    let first = cores.next().ok_or("no processor")?;
    let mut others = CpuSet::new();
    let mut some = false;
    for core in cores {
        others.set(core)?;
        some = true;
    }
    if !some {
        return Err("this needs two processors, one for the server and one for the load: with one alone they disturb each other, and no figure means anything".into());
    }
    sched_setaffinity(this, &others)?;
    Ok(first)
}

/// Allows as many open files as the system lets us, for this process and what it starts; how many that are.
pub(super) fn open_files() -> Result<u64, Error> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard)
}
