//! The bytes of memcached's meta commands: requests written, replies read.
//!
//! Source: `doc/protocol.txt` of memcached 1.6.

use std::time::Duration;

/// Commands that are sent together, and how many replies they get.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    pub(super) replies: usize,
    /// The size of the entry that is to be kept, key included; 0 if none is.
    pub(super) entry_size: usize,
    /// Only what goes wrong has a reply, and the end: see [`Outcome::End`].
    pub(super) quiet: bool,
}

/// What has to be true for an entry to be set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Only {
    /// Nothing.
    Always,
    /// There is no entry.
    IfAbsent,
    /// The entry still has this number.
    If(u64),
}

impl Request {
    /// Asks for the entry with all that is known of it.
    pub(super) fn get(key: &str) -> Self {
        Self::default().line(&format!("mg {key} c f t v"))
    }

    /// Asks for what is known of the entry, without its value.
    pub(super) fn look(key: &str) -> Self {
        Self::default().line(&format!("mg {key} c t"))
    }

    /// Keeps an entry.
    pub(super) fn set(key: &str, value: &[u8], flags: u32, ends: u64, only: Only) -> Self {
        let only = match only {
            Only::Always => String::new(),
            Only::IfAbsent => " ME".to_owned(),
            Only::If(cas) => format!(" C{cas}"),
        };
        let length = value.len();
        let mut request =
            Self::default().line(&format!("ms {key} {length} c F{flags} T{ends}{only}"));
        request.bytes.extend_from_slice(value);
        request.bytes.extend_from_slice(b"\r\n");
        request.entry_size = key.len() + length;
        request
    }

    /// Keeps the same value under all of these keys, and tells only what goes wrong.
    pub(super) fn set_all(keys: &[&str], value: &[u8], flags: u32, ends: u64) -> Self {
        let mut request = Self::default();
        for key in keys {
            let length = value.len();
            request = request.line(&format!("ms {key} {length} F{flags} T{ends} q"));
            request.bytes.extend_from_slice(value);
            request.bytes.extend_from_slice(b"\r\n");
        }
        request.quietly()
    }

    /// Removes the entries under all of these keys, and tells only what goes wrong.
    pub(super) fn delete_all(keys: &[&str]) -> Self {
        let mut request = Self::default();
        for key in keys {
            request = request.line(&format!("md {key} q"));
        }
        request.quietly()
    }

    /// All that was asked for so far is asked for without replies; one to this command shows that the server is through.
    fn quietly(self) -> Self {
        Self {
            quiet: true,
            ..self.line("mn")
        }
    }

    /// Removes the entry.
    pub(super) fn delete(key: &str) -> Self {
        Self::default().line(&format!("md {key}"))
    }

    /// Removes the entry that still has this number.
    pub(super) fn delete_if(key: &str, cas: u64) -> Self {
        Self::default().line(&format!("md {key} C{cas}"))
    }

    /// And then moves the end of the entry that still has this number; it gets a new one. See `touch` in `mod.rs`.
    pub(super) fn and_prolong(self, key: &str, ends: u64, cas: u64) -> Self {
        self.line(&format!("md {key} C{cas} I T{ends}"))
    }

    fn line(mut self, line: &str) -> Self {
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
        self.replies += 1;
        self
    }
}

/// What the server says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done, or found.
    Done,
    /// There is no entry.
    Absent,
    /// There is an entry, or another than was meant.
    Other,
    /// It is through with a quiet request.
    End,
    /// The value is larger than we read.
    TooLarge,
    /// The server could not; in its words.
    Refused(String),
}

/// A reply, with what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) outcome: Outcome,
    /// The entry's number; every change gives it a new one. 0 is none's.
    pub(super) cas: u64,
    /// What the client who wrote the entry said of it.
    pub(super) flags: u32,
    /// How long the entry still lives; `None` if it does not expire.
    pub(super) ttl: Option<Duration>,
    /// It has been prolonged, and not written since.
    pub(super) prolonged: bool,
    pub(super) value: Vec<u8>,
}

impl Reply {
    /// Reads a reply's line, without its line end, and the length of the value that follows it.
    pub(super) fn parse(line: &[u8]) -> Option<(Self, Option<usize>)> {
        let line = str::from_utf8(line).ok()?;
        let mut reply = Self {
            outcome: Outcome::Done,
            cas: 0,
            flags: 0,
            ttl: None,
            prolonged: false,
            value: Vec::new(),
        };
        if let Some(words) = line.strip_prefix("SERVER_ERROR ") {
            let printable = words.chars().filter(|character| !character.is_control());
            reply.outcome = Outcome::Refused(printable.collect());
            return Some((reply, None));
        }
        let mut words = line.split_ascii_whitespace();
        let mut length = None;
        reply.outcome = match words.next()? {
            "HD" => Outcome::Done,
            "VA" => {
                length = Some(words.next()?.parse().ok()?);
                Outcome::Done
            }
            "EN" | "NF" => Outcome::Absent,
            "NS" | "EX" => Outcome::Other,
            "MN" => Outcome::End,
            _ => return None,
        };
        for word in words {
            let (flag, token) = word.split_at_checked(1)?;
            match flag {
                "c" => reply.cas = token.parse().ok()?,
                "f" => reply.flags = token.parse().ok()?,
                "t" if token == "-1" => reply.ttl = None,
                "t" => reply.ttl = Some(Duration::from_secs(token.parse::<u32>().ok()?.into())),
                "X" => reply.prolonged = true,
                // What newer servers may add.
                _ => {}
            }
        }
        Some((reply, length))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn replies_are_read() {
        let (reply, length) = Reply::parse(b"VA 3 c17 f1 t60 X W").unwrap();
        assert_eq!((reply.cas, reply.flags, length), (17, 1, Some(3)));
        assert_eq!(reply.ttl, Some(Duration::from_mins(1)));
        assert!(reply.prolonged);
        let outcome = |line: &[u8]| Reply::parse(line).unwrap().0.outcome;
        assert_eq!(outcome(b"HD c5"), Outcome::Done);
        assert_eq!(outcome(b"EN"), Outcome::Absent);
        assert_eq!(outcome(b"NF c0"), Outcome::Absent);
        assert_eq!(outcome(b"NS c0"), Outcome::Other);
        assert_eq!(outcome(b"EX c0"), Outcome::Other);
        let told = Outcome::Refused("out of memory storing object".to_owned());
        assert_eq!(outcome(b"SERVER_ERROR out of memory storing object"), told);
        assert_eq!(Reply::parse(b"HD c5 t-1").unwrap().0.ttl, None);
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let lines: [&[u8]; 10] = [
            b"",
            b"ERROR",
            b"CLIENT_ERROR bad",
            b"VA",
            b"VA x",
            b"VA -1",
            b"HD c",
            b"HD t",
            b"VA 99999999999999999999",
            b"HD \xff",
        ];
        for line in lines {
            assert_eq!(Reply::parse(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn noise_never_panics(line in any::<Vec<u8>>(), start in "(HD|VA|SERVER_ERROR) ") {
            let _ = Reply::parse(&line);
            let _ = Reply::parse(&[start.as_bytes(), &line].concat());
        }
    }
}
