//! What the command line asks for. `cargo xtask bench` reads it too.

use std::{path::PathBuf, time::Duration};

use super::registry::{self, Contestant, Engine};

/// One part of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Every route on every contestant, with the round trips.
    Routes,
    /// What 100,000 live sessions take.
    Memory,
    /// Cost against the size of a session.
    Sizes,
    /// Ten thousand connections, and a million sessions.
    Scale,
}

const PARTS: [(&str, Part); 4] = [
    ("routes", Part::Routes),
    ("memory", Part::Memory),
    ("sizes", Part::Sizes),
    ("scale", Part::Scale),
];

/// How to run it.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    pub(crate) quick: bool,
    pub(crate) contestants: Vec<Contestant>,
    /// Whose build has failed.
    pub(crate) not_built: Vec<String>,
    /// The folder for what is written; none: `target/bench`.
    pub(crate) out: Option<PathBuf>,
}

/// The help text.
pub(crate) const USAGE: &str = "\
bench [routes] [memory] [sizes] [scale] [--quick] [--only NAME,…] [--without NAME,…] [--out FOLDER]
    session systems side by side: what a request costs the server, beside the least that each engine can cost;
    all parts, or those that are named. `--quick`: `routes` alone unless others are named, with few and short slices, in
    less than five minutes. A NAME is a contestant's, or the beginning of one (`tenure`), or an engine (`redis`).
    Tables, results.json and plots go to FOLDER (target/bench).";

impl Options {
    /// Reads the words behind the command's name.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let (mut parts, mut quick, mut out) = (Vec::new(), false, None);
        let (mut only, mut without, mut not_built) = (Vec::new(), Vec::new(), Vec::new());
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if let Some((_, part)) = PARTS.iter().find(|(name, _)| name == word) {
                parts.push(*part);
                continue;
            }
            if word == "--quick" {
                quick = true;
                continue;
            }
            let mut value = || {
                words
                    .next()
                    .ok_or_else(|| format!("`{word}` needs a value"))
            };
            let names = |list: &String| list.split(',').map(str::to_owned).collect::<Vec<_>>();
            match word.as_str() {
                "--only" => only.extend(names(value()?)),
                "--without" => without.extend(names(value()?)),
                "--not-built" => not_built.extend(names(value()?)),
                "--out" => out = Some(PathBuf::from(value()?)),
                other => return Err(format!("`bench` knows no `{other}`")),
            }
        }
        if parts.is_empty() {
            let all = PARTS.iter().map(|(_, part)| *part);
            parts = all.filter(|part| !quick || *part == Part::Routes).collect();
        }
        Ok(Self {
            parts,
            quick,
            contestants: registry::chosen(&only, &without)?,
            not_built,
            out,
        })
    }

    /// Those of an engine that are asked for.
    pub(crate) fn of(&self, engine: Engine) -> Vec<Contestant> {
        let all = self.contestants.iter();
        all.filter(|one| one.engine == engine).copied().collect()
    }

    /// Whether a contestant's build has failed.
    pub(crate) fn is_missing(&self, contestant: &Contestant) -> bool {
        self.not_built.iter().any(|name| name == contestant.name)
    }

    /// How often each contestant's turn comes.
    pub(crate) fn cycles(&self) -> usize {
        if self.quick { 2 } else { 9 }
    }

    /// How long a slice of load lasts, at least: `wrk` looks ten times a second whether it is to stop.
    pub(crate) fn slice(&self) -> Duration {
        Duration::from_millis(if self.quick { 150 } else { 500 })
    }

    /// Sessions of each size that requests rotate over.
    pub(crate) fn sessions(&self) -> usize {
        if self.quick { 100 } else { 500 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn without_a_part_all_run_and_quickly_the_routes_alone() {
        assert_eq!(parse("").unwrap().parts.len(), PARTS.len());
        assert_eq!(parse("--quick").unwrap().parts, [Part::Routes]);
        assert_eq!(parse("sizes --quick").unwrap().parts, [Part::Sizes]);
    }

    #[test]
    fn names_come_in_lists() {
        let options =
            parse("--only redis,sqlite --without tenure --out here --not-built django-redis")
                .unwrap();
        assert!(
            options
                .contestants
                .iter()
                .all(|one| !one.name.starts_with("tenure"))
        );
        assert_eq!(options.not_built, ["django-redis"]);
        assert_eq!(options.out.unwrap(), PathBuf::from("here"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in ["fast", "--only", "--only nobody", "--out", "--slow"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
