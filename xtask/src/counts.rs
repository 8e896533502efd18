//! Instructions and allocations, against the file that keeps them.

use std::process::Command;

use crate::Outcome;
use crate::shell::run;
use crate::workspace::Workspace;

const FILE: &str = "bench/counts.txt";

/// No count grew.
pub(crate) fn step(workspace: &Workspace, _browser: bool) -> Outcome {
    build(workspace)?;
    run(&mut program(workspace, &["check", FILE]))
}

/// `cargo xtask counts` with what follows.
pub(crate) fn command(arguments: &[String]) -> Outcome {
    let workspace = Workspace::load()?;
    match arguments {
        [] => step(&workspace, false),
        [option] if option == "--write" => {
            build(&workspace)?;
            run(&mut program(&workspace, &["write", FILE]))
        }
        _ => Err("usage: cargo xtask counts [--write]".to_owned()),
    }
}

/// The program that counts, and the one that it runs under Valgrind, which is built without an allocator that counts.
fn build(workspace: &Workspace) -> Outcome {
    let base = ["build", "--locked", "--profile=counts", "--package=counts"];
    for choice in [
        &["--no-default-features", "--bin=instructions"][..],
        &["--bin=counts"][..],
    ] {
        let mut cargo = Command::new("cargo");
        run(cargo.args(base).args(choice).current_dir(&workspace.root))?;
    }
    Ok(())
}

fn program(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace.target.join("counts/counts"));
    command.args(arguments).current_dir(&workspace.root);
    command
}
