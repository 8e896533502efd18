//! Counts instructions under Valgrind.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use counts::Error;

/// What the program `instructions` did.
#[derive(Debug)]
pub(crate) struct Found {
    /// Instructions per call of each case.
    pub(crate) instructions: BTreeMap<String, i64>,
    /// The processor's features, as Valgrind shows them.
    pub(crate) features: String,
}

/// Runs `program` once, with all cases in it. Callgrind writes a file at the end of each.
pub(crate) fn run(program: &Path) -> Result<Found, Error> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("counts");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .args(["--toggle-collect=*counted*", "--dump-after=*case_is_over*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        // Whatever stands in the environment shifts the stack, and with it what copying memory costs.
        .env_clear()
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            format!("valgrind did not start: {error}; to install: cargo xtask setup")
        })?;
    if !output.status.success() {
        return Err(format!(
            "{} under valgrind ended with {}",
            program.display(),
            output.status
        )
        .into());
    }
    let text = String::from_utf8(output.stdout)?;
    let (features, cases) = text.split_once('\n').ok_or("no case was run")?;
    let mut instructions = BTreeMap::new();
    for (number, line) in cases.lines().enumerate() {
        let (calls, name) = line.split_once('\t').ok_or("a case has no name")?;
        let calls: i64 = calls.parse()?;
        let part = folder.path().join(format!("counts.{}", number + 1));
        let part = fs::read_to_string(&part)
            .map_err(|error| format!("callgrind did not count {name}: {error}"))?;
        let total = summary(&part).ok_or_else(|| format!("{name}: callgrind gives no summary"))?;
        instructions.insert(name.to_owned(), (total + calls / 2) / calls);
    }
    Ok(Found {
        instructions,
        features: features.to_owned(),
    })
}

/// The total of a file in [Callgrind's format](https://valgrind.org/docs/manual/cl-format.html).
fn summary(part: &str) -> Option<i64> {
    let line = part
        .lines()
        .find_map(|line| line.strip_prefix("summary: "))?;
    line.trim().parse().ok()
}
