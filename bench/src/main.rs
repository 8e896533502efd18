//! What `cargo xtask bench` runs. See the library.

use std::{env, io};

fn main() -> Result<(), bench::Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    bench::run(&arguments, &mut io::stdout().lock())
}
