//! The load: `wrk`, with one thread, which asks on many connections as fast as it is answered.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::client::request;
use crate::Error;

/// Connections that ask at once.
const CONNECTIONS: &str = "64";

/// How long `wrk` has to end before it is asked once more.
const AGAIN: Duration = Duration::from_millis(20);

/// What a slice of load has brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slice {
    pub(super) requests: f64,
    pub(super) seconds: f64,
    /// Microseconds until an answer came.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Answers that were not 2xx or 3xx, and requests that had none.
    pub(super) wrong: f64,
}

/// Writes the requests that one slice rotates over, as a script for `wrk`.
pub(super) fn script(
    folder: &Path,
    name: &str,
    path: &str,
    cookies: &[String],
) -> Result<PathBuf, Error> {
    let mut requests: Vec<String> = cookies
        .iter()
        .map(|cookie| quoted(&request(path, Some(cookie))))
        .collect();
    if requests.is_empty() {
        requests.push(quoted(&request(path, None)));
    }
    let file = folder.join(format!("{name}.lua"));
    fs::write(
        &file,
        format!(
            "local requests = {{\n{},\n}}\n{SCRIPT}",
            requests.join(",\n")
        ),
    )?;
    Ok(file)
}

/// The ready-made bytes of each request cost the load least. `wrk` tells times in microseconds.
const SCRIPT: &str = r#"
local last, count = 0, #requests
function request()
  last = last % count + 1
  return requests[last]
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("SLICE %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status + errors.read + errors.write + errors.connect + errors.timeout))
end
"#;

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\r', "\\r").replace('\n', "\\n"))
}

/// Asks for about as long as `length`.
pub(super) fn run(address: SocketAddr, script: &Path, length: Duration) -> Result<Slice, Error> {
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t1",
        "-c",
        CONNECTIONS,
        "-d",
        "600s",
        "--timeout",
        "20s",
        "-s",
    ])
    .arg(script)
    .arg(format!("http://{address}"))
    .stdin(Stdio::null())
    .stdout(Stdio::piped());
    let mut wrk = wrk.spawn().map_err(|error| {
        format!("`wrk` does not start ({error}): cargo xtask bench installs it")
    })?;
    thread::sleep(length);
    // Its own lengths are whole seconds; it stops as well when it is asked to. Asked before it listens, it never hears of it.
    let id = Pid::from_raw(wrk.id().try_into()?);
    while wrk.try_wait()?.is_none() {
        kill(id, Signal::SIGINT)?;
        thread::sleep(AGAIN);
    }
    let output = wrk.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).ok_or_else(|| format!("`wrk` has not told what it did:\n{text}").into())
}

fn parse(text: &str) -> Option<Slice> {
    let line = text.lines().find_map(|line| line.strip_prefix("SLICE "))?;
    let numbers: Option<Vec<f64>> = line.split(' ').map(|word| word.parse().ok()).collect();
    match *numbers? {
        [requests, micros, p50, p99, wrong] => Some(Slice {
            requests,
            seconds: micros / 1e6,
            p50,
            p99,
            wrong,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_around_the_line_is_passed_over() {
        let text = "Running 10m test @ http://127.0.0.1:1\n  1 threads and 64 connections\nSLICE 12000 500000 1200 9000 3\n";
        let slice = parse(text).unwrap();
        assert_eq!((slice.requests, slice.seconds), (12_000.0, 0.5));
        assert_eq!((slice.p50, slice.p99, slice.wrong), (1_200.0, 9_000.0, 3.0));
        assert_eq!(parse("unable to connect"), None);
        assert_eq!(parse("SLICE 1 2 3"), None);
    }

    #[test]
    fn a_request_stands_in_the_script_byte_for_byte() {
        assert_eq!(quoted("a: \"b\\\"\r\n"), r#""a: \"b\\\"\r\n""#);
    }
}
