//! The Python that is told what to do.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use counts::{
    Error,
    payload::{Payload, Size},
};
use serde_json::{Map, json};

use crate::ours::SECRET;

/// A process, ended with this.
pub(crate) struct Django {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Django {
    pub(crate) fn start(python: &str, script: &str, payloads: &[Payload]) -> Result<Self, Error> {
        let mut told = tempfile::NamedTempFile::new()?;
        let by_size: Map<_, _> = payloads
            .iter()
            .map(|payload| (payload.size.to_string(), payload.json.clone().into()))
            .collect();
        serde_json::to_writer(&mut told, &json!({"secret": SECRET, "payloads": by_size}))?;
        let mut child = Command::new(python)
            .arg(script)
            .arg(told.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{python} did not start: {error}"))?;
        let mut django = Self {
            to: child.stdin.take().ok_or("no way to Python")?,
            from: BufReader::new(child.stdout.take().ok_or("no way from Python")?),
            child,
        };
        match django.line()?.as_str() {
            "ready" => Ok(django),
            other => Err(format!("Python answered {other:?}").into()),
        }
    }

    /// Nanoseconds that `calls` of this work take.
    pub(crate) fn time(&mut self, work: &str, size: Size, calls: u64) -> Result<u64, Error> {
        writeln!(self.to, "{work}\t{size}\t{calls}")?;
        Ok(self.line()?.parse()?)
    }

    fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        // It has nothing to lose, and may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
