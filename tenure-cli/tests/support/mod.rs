//! Runs the real program in a folder of its own, in an environment of its own.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

pub(crate) const SECRET: &str = "4k0z!w8m2q6x@t5nhn1r_y7u-e3jcp(l9d)s+f_g=o*aZ#vb1";

/// A working directory, with a database in it.
pub(crate) struct Place {
    folder: TempDir,
}

/// What became of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// Without a database.
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// After `tenure init`.
    pub(crate) fn new() -> Self {
        let place = Self::empty();
        place.done(&["init", "--users"]);
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("site.sqlite3")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// Gives a command this folder and a clean environment.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SECRET_KEY", SECRET)
            .env("DATABASE_URL", "sqlite:site.sqlite3")
            .stdin(Stdio::null());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs what must succeed, and gives its output.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.err);
        run.out
    }

    pub(crate) fn with_input(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that does not read its input is right to close it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// Makes a session and gives its key.
    pub(crate) fn create(&self, arguments: &[&str]) -> String {
        let out = self.done(&[&["create"], arguments].concat());
        let key = out.strip_suffix('\n').unwrap();
        assert_eq!(key.len(), 32, "{out:?}");
        key.to_owned()
    }

    pub(crate) fn shown(&self, key: &str) -> serde_json::Value {
        serde_json::from_str(&self.done(&["show", "--json", key])).unwrap()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).unwrap();
        // Its output may hold keys: whoever asks for them gets them.
        testkit::leaks::search("what the command logs", &err);
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err,
        }
    }
}

impl Run {
    /// It ended with this code, and standard error says each of these.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.starts_with("tenure: "), "{self:?}");
        for text in says {
            assert!(self.err.contains(text), "{text:?} is not said: {self:?}");
        }
        assert!(!self.err.contains(SECRET), "{self:?}");
    }
}
