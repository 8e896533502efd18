//! `cargo run --release -p bench -- allocations [--json]`, and what `cargo xtask bench` runs. See the library.

use std::{env, io};

use bench::{Error, allocations, http, report};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(("http", rest)) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        return http::run(rest, &mut io::stdout().lock());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    match arguments.as_slice() {
        ["allocations"] => report::table(&allocations::all()?, &mut out)?,
        ["allocations", "--json"] => report::json(&allocations::all()?, &mut out)?,
        _ => {
            return Err(
                "usage: bench allocations [--json] | bench http, which `cargo xtask bench` runs"
                    .into(),
            );
        }
    }
    Ok(())
}
