//! Instructions and allocations, against the file that keeps them.

use std::process::Command;

use crate::shell::run;
use crate::workspace::Workspace;
use crate::{Outcome, django};

const FILE: &str = "bench/counts.txt";

/// No count grew.
pub(crate) fn step(workspace: &Workspace, _browser: bool) -> Outcome {
    build(workspace, &COUNTING)?;
    run(&mut program(workspace, "counts", &["check", FILE]))
}

/// `cargo xtask counts` with what follows.
pub(crate) fn command(arguments: &[String]) -> Outcome {
    let workspace = Workspace::load()?;
    match arguments {
        [] => step(&workspace, false),
        [option] if option == "--write" => {
            build(&workspace, &COUNTING)?;
            run(&mut program(&workspace, "counts", &["write", FILE]))
        }
        [option] if option == "--beside" => beside(&workspace),
        _ => Err("usage: cargo xtask counts [--write | --beside]".to_owned()),
    }
}

/// Times, beside the pinned Django's Python. The child inherits the one core, so that neither gets a faster one.
fn beside(workspace: &Workspace) -> Outcome {
    let python = django::environment(workspace)?;
    build(workspace, &[&["--no-default-features", "--bin=beside"]])?;
    let json = workspace.target.join("beside.json");
    let mut taskset = Command::new("taskset");
    taskset
        .args(["--cpu-list", "0"])
        .arg(workspace.target.join("counts/beside"))
        .args([
            &python,
            &workspace.root.join("bench/python/beside.py"),
            &json,
        ])
        .current_dir(&workspace.root);
    run(&mut taskset)
}

/// The program that is run under Valgrind, built without an allocator that counts, and the one that runs it.
const COUNTING: [&[&str]; 2] = [
    &["--no-default-features", "--bin=instructions"],
    &["--bin=counts"],
];

fn build(workspace: &Workspace, choices: &[&[&str]]) -> Outcome {
    let base = ["build", "--locked", "--profile=counts", "--package=counts"];
    for choice in choices {
        let mut cargo = Command::new("cargo");
        run(cargo.args(base).args(*choice).current_dir(&workspace.root))?;
    }
    Ok(())
}

fn program(workspace: &Workspace, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace.target.join("counts").join(name));
    command.args(arguments).current_dir(&workspace.root);
    command
}
