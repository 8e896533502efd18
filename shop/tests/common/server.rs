//! A running shop.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

/// The built shop.
pub(crate) fn shop(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// A shop on a port of its own, with its files in a folder. Killed when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::open(folder, "0").0
    }

    /// On a port of the caller's choice; with what the shop printed.
    pub(crate) fn open(folder: &Path, port: &str) -> (Self, String) {
        Self::run(folder, &["--port", port])
    }

    /// With these flags.
    pub(crate) fn run(folder: &Path, flags: &[&str]) -> (Self, String) {
        let mut process = shop(folder).args(flags).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut printed = String::new();
        while !printed.contains("Ctrl-C") {
            assert_ne!(
                lines.read_line(&mut printed).unwrap(),
                0,
                "the shop did not open: {printed}"
            );
        }
        let address = printed
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .unwrap()
            .to_owned();
        (Self { process, address }, printed)
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        let kill = Command::new("kill")
            .arg(signal)
            .arg(self.process.id().to_string())
            .status()
            .unwrap();
        assert!(kill.success());
        self.process.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
