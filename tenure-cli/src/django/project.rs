//! A Django project at work, asked by lines of JSON.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Named;
use crate::output::Failure;

const SCRIPT: &str = include_str!("project.py");
/// What stands before an answer: a program that Python runs at its start may print too.
const MARK: &str = "tenure:";
/// How long Django may take for an answer, its start included. Large projects take seconds to load.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look whether Python is still there; what it said at its end arrives within this time.
const PAUSE: Duration = Duration::from_millis(100);
/// The most bytes of a line.
const LONGEST: u64 = 1 << 20;
/// So many lines of what Python says of an error are shown.
const SHOWN: usize = 8;
const NO_DJANGO: &str = "--python names the Python that has it, as /srv/site/venv/bin/python; without it, that of $VIRTUAL_ENV or of a venv beside manage.py is used";

/// A Django project that waits for questions. Ends when it is dropped.
pub(crate) struct Project {
    python: Child,
    requests: ChildStdin,
    lines: Receiver<Line>,
    /// The last lines of its standard error.
    said: VecDeque<String>,
    patience: Duration,
    name: String,
}

/// What Python printed.
enum Line {
    Out(String),
    Err(String),
}

impl Project {
    /// Starts the project that was named; `None` if none was.
    pub(crate) fn start(named: &Named) -> Result<Option<Self>, Failure> {
        let Some(manage) = &named.manage else {
            return Ok(None);
        };
        let python = python(named.python.as_deref(), manage);
        Self::start_within(PATIENCE, manage, &python).map(Some)
    }

    fn start_within(patience: Duration, manage: &Path, python: &Path) -> Result<Self, Failure> {
        if !manage.is_file() {
            let wrong = format!("there is no file {}", manage.display());
            return Err(Failure::usage(wrong).hint(
                "--django takes the path of the project's manage.py, as /srv/site/manage.py",
            ));
        }
        let path = std::path::absolute(manage).map_err(Failure::refused)?;
        let mut command = Command::new(python);
        // Looking at a project leaves no compiled files in it, which may belong to another user.
        command.args(["-B", "-c", SCRIPT]).arg(&path);
        // Relative paths in settings mean this folder, as a rule.
        command.current_dir(path.parent().unwrap_or(Path::new("/")));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let no_python = |error: std::io::Error| {
            let wrong = format!("Python cannot be started as {}: {error}", python.display());
            Failure::usage(wrong).hint(NO_DJANGO)
        };
        let mut python = command.spawn().map_err(no_python)?;
        let (sender, lines) = sync_channel(64);
        let pipes = (
            python.stdin.take(),
            python.stdout.take(),
            python.stderr.take(),
        );
        let (Some(requests), Some(out), Some(err)) = pipes else {
            return Err(Failure::refused("Python's input and output cannot be used"));
        };
        let other = sender.clone();
        thread::spawn(move || forward(out, Line::Out, &sender));
        thread::spawn(move || forward(err, Line::Err, &other));
        let mut project = Self {
            python,
            requests,
            lines,
            said: VecDeque::new(),
            patience,
            name: manage.display().to_string(),
        };
        let ready = project.answer()?;
        if ready.get("ready").is_some() {
            return Ok(project);
        }
        Err(project.not_ready(&ready))
    }

    /// The answer to a question; what Django raised is an error.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, question: &Value) -> Result<T, Failure> {
        self.try_ask(question)?.map_err(|error| {
            let operation = question
                .get("op")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Failure::refused(format!("Django cannot {operation}: {error}"))
        })
    }

    /// As [`ask`](Self::ask); what Django raised is an answer too.
    pub(crate) fn try_ask<T: DeserializeOwned>(
        &mut self,
        question: &Value,
    ) -> Result<Result<T, String>, Failure> {
        if writeln!(self.requests, "{question}").is_err() {
            return Err(self.ended());
        }
        let mut answer = self.answer()?;
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            return Ok(Err(error.to_owned()));
        }
        let answer = answer
            .get_mut("answer")
            .map(Value::take)
            .unwrap_or_default();
        match serde_json::from_value(answer) {
            Ok(answer) => Ok(Ok(answer)),
            Err(error) => Err(self.nonsense(&error)),
        }
    }

    fn answer(&mut self) -> Result<Value, Failure> {
        let until = Instant::now() + self.patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left.min(PAUSE)) {
                Ok(Line::Err(line)) => self.remember(line),
                Ok(Line::Out(line)) => {
                    if let Some(answer) = line.strip_prefix(MARK) {
                        return serde_json::from_str(answer).map_err(|error| self.nonsense(&error));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(self.silent()),
                Err(RecvTimeoutError::Timeout) => {
                    // Whatever it started may keep the line open.
                    if !matches!(self.python.try_wait(), Ok(None)) {
                        return Err(self.ended());
                    }
                }
            }
        }
    }

    fn remember(&mut self, line: String) {
        if self.said.len() == SHOWN {
            self.said.pop_front();
        }
        self.said.push_back(line);
    }

    /// What Python said of an error, behind what is known of it.
    fn with_said(&self, failure: Failure) -> Failure {
        self.said
            .iter()
            .fold(failure, |failure, line| failure.hint(format!("| {line}")))
    }

    fn not_ready(&mut self, answer: &Value) -> Failure {
        let field = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let (error, name) = (field("error"), &self.name);
        match field("failed") {
            "django" => Failure::refused(format!("this Python has no Django: {error}")).hint(NO_DJANGO),
            "settings" => Failure::refused(format!("the settings of {name} cannot be loaded: {error}"))
                .hint("they have to load here as they do where Django runs: check with `python manage.py check`, in the same environment"),
            _ => self.with_said(
                Failure::refused(format!("{name} does not start Django: {error}"))
                    .hint("--django takes the project's manage.py, as Django's `startproject` makes it"),
            ),
        }
    }

    fn silent(&mut self) -> Failure {
        let wrong = format!(
            "Django has not answered for {} s: does something in {} or in its settings wait?",
            self.patience.as_secs(),
            self.name
        );
        let failure = Failure::refused(wrong).hint(
            "check how long `python manage.py check` takes, and that it reaches its databases",
        );
        self.with_said(failure)
    }

    fn ended(&mut self) -> Failure {
        while let Ok(line) = self.lines.recv_timeout(PAUSE) {
            if let Line::Err(line) = line {
                self.remember(line);
            }
        }
        // It closed its input, or it is gone already.
        let _ = self.python.kill();
        let status = self.python.wait();
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let failure = Failure::refused(format!("Python ended without an answer ({status})"));
        self.with_said(failure.hint(NO_DJANGO))
    }

    fn nonsense(&self, error: &serde_json::Error) -> Failure {
        let wrong = format!("the answer of {} is not understood: {error}", self.name);
        self.with_said(Failure::refused(wrong))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // What was asked has been answered, so that nothing is lost.
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}

/// Sends each line on.
fn forward(pipe: impl Read, kind: fn(String) -> Line, lines: &SyncSender<Line>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        match pipe.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if lines.send(kind(line)).is_err() {
            return;
        }
    }
}

/// The Python to run a project with.
fn python(named: Option<&Path>, manage: &Path) -> PathBuf {
    if let Some(python) = named {
        // A bare name is looked for on PATH. A link is not followed: it tells Python which packages are meant.
        let is_path = python.components().count() > 1;
        let absolute = is_path.then(|| std::path::absolute(python).ok()).flatten();
        return absolute.unwrap_or_else(|| python.to_owned());
    }
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let folder = std::path::absolute(manage).unwrap_or_default();
    let beside = [".venv", "venv", "env"].map(|name| folder.with_file_name(name));
    let mut found = active
        .into_iter()
        .chain(beside)
        .map(|venv| venv.join("bin/python"));
    found
        .find(|python| python.is_file())
        .unwrap_or_else(|| "python3".into())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    /// What is said when this shell script plays Python's part.
    fn failure(script: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let (manage, python) = (
            folder.path().join("manage.py"),
            folder.path().join("python"),
        );
        fs::write(&manage, "").unwrap();
        fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let started = Project::start_within(Duration::from_secs(1), &manage, &python);
        match started.and_then(|mut project| project.ask::<u8>(&serde_json::json!({"op": "count"})))
        {
            Ok(answer) => panic!("{answer}"),
            Err(failure) => failure.text(),
        }
    }

    #[test]
    fn a_django_that_hangs_is_given_up() {
        let said = failure("echo waiting for the lock >&2; exec sleep 60");
        assert!(said.contains("has not answered for 1 s"), "{said}");
        assert!(said.contains("| waiting for the lock"), "{said}");
    }

    #[test]
    fn an_end_without_an_answer_shows_what_python_said() {
        let said = failure("echo 'ImportError: no such thing' >&2; exit 3");
        assert!(
            said.contains("without an answer (exit status: 3)"),
            "{said}"
        );
        assert!(said.contains("| ImportError: no such thing"), "{said}");
        // Also if something of its own stays behind and keeps the line open.
        let said = failure("sleep 5 & exit 3");
        assert!(said.contains("exit status: 3"), "{said}");
    }

    #[test]
    fn an_answer_that_is_none_is_told() {
        assert!(failure("echo tenure:hello; exec cat").contains("is not understood"));
        let ready = r#"echo 'good morning'; echo 'tenure:{"ready": true}'; read line;"#;
        let said = failure(&format!(
            r#"{ready} echo 'tenure:{{"answer": "many"}}'; exec cat"#
        ));
        assert!(said.contains("is not understood"), "{said}");
        let said = failure(&format!(
            r#"{ready} echo 'tenure:{{"error": "KeyError: x"}}'; exec cat"#
        ));
        assert!(said.contains("Django cannot count: KeyError: x"), "{said}");
    }

    #[test]
    fn a_file_that_is_not_there_and_a_python_that_is_not_are_told() {
        let said = |manage: &str, python: &str| match Project::start_within(
            PATIENCE,
            Path::new(manage),
            Path::new(python),
        ) {
            Ok(_) => panic!("it started"),
            Err(failure) => failure.text(),
        };
        assert!(
            said("/nowhere/manage.py", "python3")
                .starts_with("there is no file /nowhere/manage.py")
        );
        let said = said("/dev/null", "/nowhere/python");
        assert!(said.contains("there is no file"), "{said}");
    }
}
