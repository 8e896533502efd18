//! A real Django, driven over its standard input.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::leaks;

/// Django at work. `tests/django/driver.py` says what it can be asked, and `site_settings.py` which variables it takes.
#[derive(Debug)]
pub struct Django {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Django {
    /// Django with a SQLite database.
    pub fn on(database: &Path, secret: &str) -> Self {
        let variables = [
            ("DJANGO_DB", database.as_os_str()),
            ("DJANGO_SECRET_KEY", OsStr::new(secret)),
        ];
        Self::start(variables)
    }

    /// Django with these variables.
    ///
    /// # Panics
    ///
    /// When no Python with Django is there.
    pub fn start<V: AsRef<OsStr>>(variables: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        leaks::watch();
        let python = python();
        let mut process = Command::new(&python)
            .arg(workspace().join("tests/django/driver.py"))
            .env_remove("DJANGO_SETTINGS_MODULE")
            .env_remove("SESSION_ENGINE")
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", python.display()));
        Self {
            requests: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    /// Asks for one operation.
    ///
    /// # Panics
    ///
    /// When Django answers with an error.
    #[track_caller]
    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests.as_ref().unwrap(), "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("error").is_none(), "{request}: {answer}");
        answer
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        // The end of its input is its end.
        drop(self.requests.take());
        let _ = self.process.wait();
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Python that has what `tests/django/requirements.txt` names.
///
/// # Panics
///
/// When it is not there; says how to get it.
pub fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("TENURE_TEST_PYTHON") {
        return python.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| PathBuf::from("target"));
    let python = workspace().join(target).join("django-venv/bin/python");
    assert!(
        python.exists(),
        "{} is not there: run `cargo xtask setup`, or set TENURE_TEST_PYTHON to a Python that has Django",
        python.display()
    );
    python
}
