//! Times Django's Python and tenure at the same work, in turns; `cargo xtask counts --beside` runs it.
//!
//! `beside PYTHON SCRIPT JSON`: prints a table, and writes it as JSON.

mod django;
mod ours;
mod table;

use std::{env, io, path::Path};

use counts::{Error, payload::Payload};

use crate::{
    django::Django,
    table::{Row, Spent},
};

/// Slices of each, in turns.
const ROUNDS: usize = 21;

/// How long a slice is to be, in nanoseconds.
const SLICE: u64 = 10_000_000;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [python, script, json] = arguments.as_slice() else {
        return Err("usage: beside PYTHON SCRIPT JSON".into());
    };
    if cfg!(feature = "allocations") {
        return Err("its allocator counts: build it with --no-default-features".into());
    }
    let payloads = Payload::all()?;
    let mut django = Django::start(python, script, &payloads)?;
    let mut rows = Vec::new();
    for payload in &payloads {
        for mut work in ours::all(payload)? {
            let mut theirs = |calls| django.time(work.theirs, payload.size, calls);
            let mut rounds = Vec::with_capacity(ROUNDS);
            let our_calls = calls(&mut work.time)?;
            let their_calls = calls(&mut theirs)?;
            for _ in 0..ROUNDS {
                rounds.push(Spent {
                    ours: (work.time)(our_calls)? * 1_000 / our_calls,
                    theirs: theirs(their_calls)? * 1_000 / their_calls,
                });
            }
            rows.push(Row::of(payload.size, &work, &rounds));
        }
    }
    table::print(&rows, &mut io::stdout().lock())?;
    table::write(&rows, Path::new(json))
}

/// How many calls fill a slice.
fn calls(time: &mut impl FnMut(u64) -> Result<u64, Error>) -> Result<u64, Error> {
    // The first calls are slower.
    time(20)?;
    Ok((SLICE * 20 / time(20)?.max(1)).max(1))
}
