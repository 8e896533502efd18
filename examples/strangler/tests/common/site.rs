//! The whole example at work.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// On a free port, with its files in a folder. Killed when dropped.
pub(crate) struct Site {
    process: Child,
    printed: String,
}

impl Site {
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_strangler"))
            .args(["--port", "0", "--data"])
            .arg(data)
            .args(arguments)
            .env("TENURE_TEST_PYTHON", testkit::python())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut printed = String::new();
        while !printed.contains("Ctrl-C") {
            assert_ne!(
                lines.read_line(&mut printed).unwrap(),
                0,
                "it did not start: {printed}"
            );
        }
        Self { process, printed }
    }

    /// The address that it printed after these words.
    pub(crate) fn address(&self, words: &str) -> String {
        let rest = self.printed.split(words).nth(1).unwrap();
        rest.split(['/', ',']).next().unwrap().to_owned()
    }

    /// Sends a signal, and waits for the end.
    pub(crate) fn stop(&mut self, signal: &str) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        self.process.wait().unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
