//! What counts depend on, beside the code.

use std::process::Command;

use counts::Error;

/// The compiler, Valgrind, the C library (which allocates and copies) and the processor's `features`.
pub(crate) fn versions(features: &str) -> Result<Vec<String>, Error> {
    let rustc = run("rustc", &["--version", "--verbose"])?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(vec![
        first(&rustc),
        host.ok_or("rustc names no host")?.to_owned(),
        first(&run("valgrind", &["--version"])?),
        first(&run("ldd", &["--version"])?),
        format!("a processor with {features}"),
    ])
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

fn run(program: &str, arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program} did not start: {error}"))?;
    Ok(String::from_utf8(output.stdout)?)
}
