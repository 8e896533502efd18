//! The file that keeps the counts.

use std::{collections::BTreeMap, fmt, str::FromStr};

use counts::Error;

const HEAD: &str = "\
# What each case costs per call: see bench/COUNTS.md. `cargo xtask counts` compares, `cargo xtask counts --write` writes this file.";

/// What one call of a case costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) instructions: i64,
    /// In tenths: the mean over calls.
    pub(crate) allocations: i64,
    pub(crate) bytes: i64,
}

/// All counts, and what they were made with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) tools: Vec<String>,
    pub(crate) rows: BTreeMap<String, Count>,
}

impl Counts {
    pub(crate) fn new(tools: Vec<String>) -> Self {
        Self {
            tools,
            rows: BTreeMap::new(),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        for tool in &self.tools {
            writeln!(f, "with {tool}")?;
        }
        writeln!(f, "\n# instructions  allocations      bytes  case")?;
        for (name, count) in &self.rows {
            let Count {
                instructions,
                allocations,
                bytes,
            } = count;
            let allocations = tenths(*allocations);
            writeln!(f, "{instructions:14}  {allocations:>11}  {bytes:9}  {name}")?;
        }
        Ok(())
    }
}

/// Without the decimal if it is none.
pub(crate) fn tenths(tenths: i64) -> String {
    match (tenths / 10, tenths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest}"),
    }
}

impl FromStr for Counts {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut counts = Self::new(Vec::new());
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            if let Some(tool) = line.strip_prefix("with ") {
                counts.tools.push(tool.to_owned());
                continue;
            }
            let (name, count) = row(line).ok_or_else(|| format!("this is no count: {line}"))?;
            if counts.rows.insert(name.to_owned(), count).is_some() {
                return Err(format!("the file has two counts of {name}").into());
            }
        }
        Ok(counts)
    }
}

fn row(line: &str) -> Option<(&str, Count)> {
    let (instructions, rest) = line.trim_start().split_once(' ')?;
    let (allocations, rest) = rest.trim_start().split_once(' ')?;
    let (bytes, name) = rest.trim_start().split_once("  ")?;
    let (whole, rest) = allocations.split_once('.').unwrap_or((allocations, "0"));
    let count = Count {
        instructions: instructions.parse().ok()?,
        allocations: whole.parse::<i64>().ok()? * 10 + rest.parse::<i64>().ok()?,
        bytes: bytes.parse().ok()?,
    };
    Some((name, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut counts = Counts::new(vec![
            "rustc 1.95.0".to_owned(),
            "valgrind 3.19.0".to_owned(),
        ]);
        let count = Count {
            instructions: 12_345_678_901,
            allocations: 105,
            bytes: 7,
        };
        counts.rows.insert("a case, with: a name".to_owned(), count);
        assert_eq!(counts.to_string().parse::<Counts>().unwrap(), counts);
    }

    #[test]
    fn a_line_that_is_no_count_is_refused() {
        for line in ["1  2  3", "1  2  x  name", "1  2.y  3  name"] {
            assert!(line.parse::<Counts>().is_err(), "{line}");
        }
    }
}
