//! The counts for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    allocations::{Around, Mean, Row},
    case::CASES,
    requests::REQUESTS,
};

const NAME_WIDTH: usize = 28;

/// A table for people.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn table(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "What a session layer adds to one request: allocations (bytes), over {REQUESTS} requests, with stores in memory."
    )?;
    section(rows, Around::Bare, "bare tower service", out)?;
    writeln!(
        out,
        "  2 of each are the request's `Extensions`: the first value that anybody puts in pays for the map and its table."
    )?;
    section(rows, Around::Extended, "bare, `Extensions` in use", out)?;
    writeln!(out, "  The layer's own work alone.")?;
    section(rows, Around::Axum, "axum route", out)?;
    writeln!(
        out,
        "  2 of each are axum's for any layer (\"empty layer\"), and 1 is the table of `Extensions`, which axum has filled with 3 values and\n  which grows at the fourth."
    )
}

fn section(rows: &[Row], around: Around, title: &str, out: &mut impl Write) -> io::Result<()> {
    write!(out, "\n{title:NAME_WIDTH$}")?;
    let of = |case| {
        rows.iter()
            .filter(move |row| row.around == around && row.case.name == case)
    };
    for (index, case) in CASES.iter().enumerate() {
        if index == 0 {
            for row in of(case.name) {
                write!(out, "  {:>width$}", row.contestant, width = width(row))?;
            }
            writeln!(out)?;
        }
        write!(out, "{:NAME_WIDTH$}", case.name)?;
        for row in of(case.name) {
            let cell = format!("{} ({})", row.added.allocations, row.added.bytes.rounded());
            write!(out, "  {cell:>width$}", width = width(row))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn width(row: &Row) -> usize {
    row.contestant.len().max(12)
}

/// One JSON object: `requests`, and `rows` with `around`, `case`, `contestant`, `allocations` and `bytes`.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn json(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "around": match row.around {
                    Around::Bare => "bare",
                    Around::Extended => "bare, extensions in use",
                    Around::Axum => "axum",
                },
                "case": row.case.name,
                "contestant": row.contestant,
                "allocations": number(row.added.allocations),
                "bytes": number(row.added.bytes),
            })
        })
        .collect();
    writeln!(out, "{:#}", json!({ "requests": REQUESTS, "rows": rows }))
}

/// As it displays: a whole number if all requests were alike, else one decimal.
fn number(mean: Mean) -> Value {
    match mean.exactly() {
        Some(count) => count.into(),
        None => mean
            .to_string()
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
    }
}
