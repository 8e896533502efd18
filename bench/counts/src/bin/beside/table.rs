//! The times for people and for programs.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use counts::{Error, payload::Size};
use serde_json::{Value, json};

use crate::ours::Work;

/// One round's picoseconds per call.
#[derive(Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) ours: u64,
    pub(crate) theirs: u64,
}

pub(crate) struct Row {
    size: Size,
    work: &'static str,
    median: Spent,
    /// In hundredths: how many times as long Python takes, the median of the rounds.
    times: u64,
}

impl Row {
    pub(crate) fn of(size: Size, work: &Work, rounds: &[Spent]) -> Self {
        let median_of = |of: fn(&Spent) -> u64| median(rounds.iter().map(of).collect());
        Self {
            size,
            work: work.name,
            median: Spent {
                ours: median_of(|spent| spent.ours),
                theirs: median_of(|spent| spent.theirs),
            },
            times: median_of(|spent| spent.theirs * 100 / spent.ours.max(1)),
        }
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn print(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "Processor time per call, in microseconds: medians of slices in turns.\n"
    )?;
    writeln!(
        out,
        "{:8}{:24}{:>10}{:>10}{:>10}",
        "", "", "tenure", "Python", "ratio"
    )?;
    for row in rows {
        let Spent { ours, theirs } = row.median;
        writeln!(
            out,
            "{:8}{:24}{:>10}{:>10}{:>10}",
            row.size,
            row.work,
            hundredths(ours / 10_000),
            hundredths(theirs / 10_000),
            hundredths(row.times),
        )?;
    }
    Ok(())
}

/// `rows` with `size`, `work`, `tenure_ns`, `python_ns` and `ratio`.
pub(crate) fn write(rows: &[Row], path: &Path) -> Result<(), Error> {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "size": row.size.to_string(),
                "work": row.work,
                "tenure_ns": row.median.ours / 1_000,
                "python_ns": row.median.theirs / 1_000,
                "ratio": hundredths(row.times),
            })
        })
        .collect();
    fs::write(path, format!("{:#}\n", json!({ "rows": rows })))?;
    Ok(())
}

fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}
