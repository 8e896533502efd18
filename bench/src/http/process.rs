//! What a process and its descendants have taken: gunicorn's workers and PostgreSQL's backends are processes of their own.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::Path,
    time::Duration,
};

use nix::{time::ClockId, unistd::Pid};

/// The processes and all below them.
fn tree(roots: &[u32]) -> Vec<u32> {
    let mut found = roots.to_vec();
    let mut next = 0;
    while let Some(&process) = found.get(next) {
        next += 1;
        let tasks = fs::read_dir(format!("/proc/{process}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
        }
    }
    found
}

/// The CPU time of processes and of each of their descendants, so far.
#[derive(Clone, Debug)]
pub(super) struct Cpu(BTreeMap<u32, Duration>);

impl Cpu {
    /// Now. A process that has ended counts no more.
    pub(super) fn now(roots: &[u32]) -> Self {
        let time = |process: u32| {
            let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(process.try_into().ok()?)).ok()?;
            Some((process, Duration::from(clock.now().ok()?)))
        };
        Self(tree(roots).into_iter().filter_map(time).collect())
    }

    /// What was taken since `earlier`. A process that began in between counts whole.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        let taken = self.0.iter().map(|(process, time)| {
            let before = earlier.0.get(process).copied().unwrap_or_default();
            time.saturating_sub(before)
        });
        taken.sum()
    }
}

/// Kibibytes of memory of processes and their descendants. What several share counts in parts, so that their sum is what they take.
pub(super) fn memory(roots: &[u32]) -> Option<u32> {
    let sizes = tree(roots).into_iter().filter_map(|process| {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        proportional(&rollup)
    });
    sizes.reduce(u32::saturating_add)
}

fn proportional(rollup: &str) -> Option<u32> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Whether the process is there and no corpse.
pub(super) fn lives(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

/// Kibibytes of the files in a folder and below it; a file that a hard link names twice counts once.
pub(super) fn on_disk(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let (mut folders, mut seen, mut blocks) = (vec![folder.to_owned()], HashSet::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(data) = entry.metadata() else { continue };
            if data.is_dir() {
                folders.push(entry.path());
            } else if seen.insert(data.ino()) {
                blocks += data.blocks();
            }
        }
    }
    blocks / 2
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn children_count_with_their_parent() {
        // `echo` alone would be run in place of the shell.
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & echo started; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = std::io::BufReader::new(shell.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        let tree = tree(&[shell.id()]);
        assert_eq!(tree.len(), 2, "{tree:?}");
        assert_eq!(Cpu::now(&[shell.id()]).0.len(), 2);
        for process in tree.into_iter().rev() {
            let _ = Command::new("kill").arg(process.to_string()).status();
        }
        let _ = shell.wait();
        assert!(!lives(shell.id()));
    }

    #[test]
    fn time_is_counted_from_the_earlier_look() {
        let at = |times: &[(u32, u64)]| {
            let times = times
                .iter()
                .map(|&(id, millis)| (id, Duration::from_millis(millis)));
            Cpu(times.collect())
        };
        let (before, after) = (at(&[(1, 10), (2, 5)]), at(&[(1, 30), (3, 4)]));
        assert_eq!(after.since(&before), Duration::from_millis(24));
    }

    #[test]
    fn shared_memory_counts_in_parts() {
        let rollup = "5580-7ffd ---p 00000000 00:00 0    [rollup]\nRss:    4096 kB\nPss:    1024 kB\nPss_Dirty:  12 kB\n";
        assert_eq!(proportional(rollup), Some(1024));
        assert!(memory(&[std::process::id()]).unwrap() > 0);
    }
}
