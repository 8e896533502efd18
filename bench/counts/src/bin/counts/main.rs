//! `cargo run --release -p counts --bin counts -- allocations [--json]`, and what `cargo xtask counts` runs. See the library.

mod callgrind;
mod compare;
mod file;
mod ratios;
mod tools;

use std::{
    env,
    io::{self, Write},
    path::Path,
};

use counts::{
    Error,
    allocations::{self, Cost},
    cases, report,
};

use crate::file::{Count, Counts};

const USAGE: &str = "usage: counts allocations [--json] | check FILE | write FILE";

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    match arguments.as_slice() {
        ["allocations"] => report::table(&allocations::all()?, &mut out)?,
        ["allocations", "--json"] => report::json(&allocations::all()?, &mut out)?,
        ["check", file] => check(Path::new(file), &mut out)?,
        ["write", file] => write(Path::new(file), &mut out)?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

/// Counts every case, in instructions and in allocations.
fn count() -> Result<Counts, Error> {
    let program = env::current_exe()?.with_file_name("instructions");
    let found = callgrind::run(&program)?;
    let mut instructions = found.instructions;
    let mut counts = Counts::new(tools::versions(&found.features)?);
    for case in cases::all()? {
        let cost = Cost::of(case.task)?;
        let name = case.name;
        let instructions = instructions.remove(&name);
        let count = Count {
            instructions: instructions.ok_or_else(|| format!("{name}: no instructions"))?,
            allocations: cost.allocations.tenths(),
            bytes: cost.bytes.rounded(),
        };
        if counts.rows.insert(name.clone(), count).is_some() {
            return Err(format!("two cases are called {name}").into());
        }
    }
    Ok(counts)
}

fn write(path: &Path, out: &mut impl Write) -> Result<(), Error> {
    let counts = count()?;
    std::fs::write(path, counts.to_string())?;
    writeln!(
        out,
        "{} cases written to {}\n",
        counts.rows.len(),
        path.display()
    )?;
    ratios::check(&counts, out)
}

fn check(path: &Path, out: &mut impl Write) -> Result<(), Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let (kept, counted) = (text.parse()?, count()?);
    let ratios = ratios::check(&counted, out);
    compare::check(&kept, &counted, out)?;
    ratios
}
