//! No live key where others can read it: in a log, a response, or what a server writes.
//!
//! [`watch`] looks at every line that this process logs, [`search`] and [`answer`] at a text. What a test prints is looked at by
//! `cargo xtask test`, after the run.

mod form;

use std::{
    io::{self, Write as _},
    process::abort,
    sync::{Mutex, Once, PoisonError},
};

use tracing_subscriber::filter::LevelFilter;

use self::form::find;

/// From now on a live key in the log of this process ends it: in any line, of any crate, from `TRACE` on.
///
/// A subscriber that a test has set for itself stays.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(LevelFilter::TRACE)
            .with_writer(|| Line)
            .finish();
        let _ = tracing::subscriber::set_global_default(subscriber);
        // Some drivers write to `log`.
        if log::set_logger(&Bridge).is_ok() {
            log::set_max_level(log::LevelFilter::Trace);
        }
    });
}

/// From now on this text counts as a live key too, to the letter.
pub fn never(key: &str) {
    let mut keys = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    keys.push(key.to_owned());
}

static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The text, with all but the beginning of a key cut out, if there is something in it that has the form of one, or that is [`never`] to be
/// seen.
fn leak(text: &str) -> Option<String> {
    let known = || {
        let keys = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| text.contains(key.as_str())).cloned()
    };
    let key = find(text).map(str::to_owned).or_else(known)?;
    let beginning: String = key.chars().take(4).collect();
    Some(text.replace(&key, &format!("{beginning}…")))
}

/// One line of the log, which is formatted before it is written.
struct Line;

impl io::Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        look(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bridge;

impl log::Log for Bridge {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        look(&format!("{}: {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// A panic in here could be caught, and would be the library's.
fn look(line: &str) {
    if let Some(line) = leak(line) {
        let _ = writeln!(io::stderr(), "a live key is in the log: {line}");
        abort();
    }
}

/// Fails if a live key is in this text.
///
/// # Panics
///
/// Then.
#[track_caller]
pub fn search(what: &str, text: &str) {
    if let Some(text) = leak(text) {
        panic!("a live key is in {what}: {text}");
    }
}

/// What PostgreSQL logs of a key that was drawn twice. Tests force that; else it never happens.
const DRAWN_TWICE: &str = "DETAIL:  Key (session_key)=(";

/// Fails if a live key is in what a server has logged.
///
/// # Panics
///
/// Then.
pub(crate) fn search_log(name: &str, log: &str) {
    for line in log.lines().filter(|line| !line.contains(DRAWN_TWICE)) {
        search(&format!("the log of {name}"), line);
    }
}

/// Fails if a live key is in a response: its body, and its headers but those that hand a key over.
///
/// # Panics
///
/// Then.
#[track_caller]
pub fn answer<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>, body: &str) {
    for (name, value) in headers {
        if !["set-cookie", "x-session-token"].contains(&name.to_ascii_lowercase().as_str()) {
            search(name, value);
        }
    }
    search("a body", body);
}

/// As [`answer`], of a response as HTTP/1.1 has it.
///
/// # Panics
///
/// Then.
#[track_caller]
pub fn message(head: &str, body: &str) {
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    answer(headers.map(|(name, value)| (name, value.trim())), body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "is in a body: <p>k3x9…</p>")]
    fn a_key_in_a_body_fails_the_test() {
        answer(
            [("Set-Cookie", "sessionid=k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f")],
            "<p>k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f</p>",
        );
    }
}
