//! `cargo xtask bench`: builds who takes part, and lets them run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::shell::{first_line, run};
use crate::tools;
use crate::workspace::Workspace;

// The bench has more to ask of both than is asked here.
#[path = "../../bench/src/http/options.rs"]
#[expect(dead_code, reason = "the bench uses the rest")]
pub(crate) mod options;
#[path = "../../bench/src/http/registry.rs"]
#[expect(dead_code, reason = "the bench uses the rest")]
mod registry;

use options::Options;
use registry::Program;

/// Runs the benchmark with these words of the command line.
pub(crate) fn command(words: &[String]) -> Outcome {
    let options = Options::parse(words)?;
    let workspace = Workspace::load()?;
    let from =
        |wanted: fn(&Program) -> bool| options.contestants.iter().any(|one| wanted(&one.program));
    tools::for_bench(
        from(|program| matches!(program, Program::Node(..))),
        from(|program| matches!(program, Program::Python(..))),
    )?;
    let build = [
        "build",
        "--release",
        "--locked",
        "--package=bench",
        "--package=contestants",
    ];
    run(Command::new("cargo")
        .args(build)
        .current_dir(&workspace.root))?;

    let mut programs: Vec<Program> = Vec::new();
    for one in &options.contestants {
        if !programs.contains(&one.program) {
            programs.push(one.program);
        }
    }
    let (mut names, mut failures) = (Vec::new(), Vec::new());
    for program in programs {
        if let Err(message) = peer(&workspace, program) {
            let users = options
                .contestants
                .iter()
                .filter(|one| one.program == program);
            let users: Vec<&str> = users.map(|one| one.name).collect();
            failures.push(format!("{}: {message}", users.join(", ")));
            names.extend(users);
        }
    }

    let mut bench = Command::new(workspace.target.join("release/bench"));
    bench.args(words);
    if !names.is_empty() {
        bench.args(["--not-built", &names.join(",")]);
    }
    let measured = run(&mut bench);
    if failures.is_empty() {
        return measured;
    }
    Err(format!(
        "not built, and so not measured (`--without` leaves them out):\n{}",
        failures.join("\n")
    ))
}

/// Builds what is not built with the workspace.
fn peer(workspace: &Workspace, program: Program) -> Outcome {
    let folder = |name: &str| workspace.root.join("bench/peers").join(name);
    match program {
        Program::Workspace => Ok(()),
        Program::Crate(name, _) => {
            let build = ["build", "--release", "--locked", "--manifest-path"];
            run(Command::new("cargo")
                .args(build)
                .arg(folder(name).join("Cargo.toml"))
                .arg("--target-dir")
                .arg(workspace.target.join("peers")))
        }
        Program::Node(name, _) => node(&folder(name)),
        Program::Python(name, _) => {
            python(&folder(name), &workspace.target.join("peers").join(name))
        }
    }
}

fn node(folder: &Path) -> Outcome {
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(folder))
}

fn python(folder: &Path, environment: &Path) -> Outcome {
    let requirements = folder.join("requirements.txt");
    if !requirements.is_file() {
        return Err(format!("{} is missing", requirements.display()));
    }
    let python: PathBuf = environment.join("bin/python");
    if first_line(&python, &["-c", "import pip"]).is_none() {
        let base = tools::python().ok_or("no python3 with venv: apt-get install python3-venv")?;
        run(Command::new(base.path)
            .args(["-m", "venv", "--clear"])
            .arg(environment))?;
    }
    run(Command::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(requirements))
}
