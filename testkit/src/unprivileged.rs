//! Database servers refuse to run as root: as another user then, on folders of that user's. Their first data is made once and copied.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// `nobody` and `nogroup`.
const NOBODY: u32 = 65_534;

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A command as a user who may run a database server.
pub(crate) fn command(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
    // Once more, as it is lost with the user.
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command.current_dir("/");
    command
}

/// A temporary folder of that user's.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    give(folder.path());
    folder
}

/// Gives a file or folder to that user.
pub(crate) fn give(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// Runs a command to its end.
///
/// # Panics
///
/// When it fails; shows its output then.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}:\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Copies the data that `make` fills a folder with, once for all tests, to `target`.
pub(crate) fn copy_of_template(server: &Path, target: &Path, make: impl FnOnce(&Path)) {
    let version = run(Command::new(server).arg("--version"));
    let name: String = version
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    // Beside the test's program, and so in cargo's target folder. That user may have no way into it, but into a temporary one.
    let deps = std::env::current_exe().unwrap();
    let template = deps.parent().unwrap().join(format!("testkit{name}.tar"));
    if !template.exists() {
        let folder = folder();
        let data = folder.path().join("data");
        make(&data);
        let packed: PathBuf = folder.path().join("data.tar");
        run(Command::new("tar")
            .args(["--create", "--sparse", "--file"])
            .arg(&packed)
            .arg("--directory")
            .arg(&data)
            .arg("."));
        // Another test may do the same at the same time: whole files alone are ever seen.
        let own = template.with_extension(std::process::id().to_string());
        fs::copy(&packed, &own).unwrap();
        fs::rename(&own, &template).unwrap();
    }
    fs::create_dir(target).unwrap();
    give(target);
    run(Command::new("tar")
        .args(["--extract", "--preserve-permissions", "--file"])
        .arg(&template)
        .arg("--directory")
        .arg(target));
}
