//! `cargo run --release -p bench -- allocations [--json]`. See the library.

use std::{env, io};

use bench::{Error, allocations, report};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    match arguments.as_slice() {
        ["allocations"] => report::table(&allocations::all()?, &mut out)?,
        ["allocations", "--json"] => report::json(&allocations::all()?, &mut out)?,
        _ => return Err("usage: bench allocations [--json]".into()),
    }
    Ok(())
}
