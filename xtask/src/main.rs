//! `cargo xtask`: everything that must hold before a change goes in, with one command.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod bench;
mod checks;
mod counts;
mod django;
mod leaks;
mod licences;
mod plan;
mod security;
mod shell;
mod tools;
mod workspace;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use plan::{Plan, Step};
use workspace::Workspace;

/// What an error says to the person who ran the command.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some("help" | "--help" | "-h") = arguments.first().map(String::as_str) {
        println!("{}", plan::usage());
        return ExitCode::SUCCESS;
    }
    let own = arguments
        .split_first()
        .and_then(|(first, rest)| match first.as_str() {
            "bench" => Some(bench::command(rest)),
            "counts" => Some(counts::command(rest)),
            _ => None,
        });
    if let Some(outcome) = own {
        return match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        };
    }
    match Plan::parse(&arguments) {
        Ok(plan) => carry_out(&plan),
        Err(message) => {
            eprintln!("{message}\n\n{}", plan::usage());
            ExitCode::from(2)
        }
    }
}

/// Runs the steps and says at the end what passed.
///
/// A step that fails does not stop the next one, so that one run names everything there is to mend;
/// only without its tools nothing can be learnt.
fn carry_out(plan: &Plan) -> ExitCode {
    let start = Instant::now();
    let workspace = match Workspace::load() {
        Ok(workspace) => workspace,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let mut results: Vec<(&Step, Duration, Outcome)> = Vec::new();
    for step in &plan.steps {
        println!("\n== {}: {}", step.name, step.about);
        let step_start = Instant::now();
        let result = (step.run)(&workspace, plan.browser);
        if let Err(message) = &result {
            println!("-- {} failed: {message}", step.name);
        }
        let failed = result.is_err();
        results.push((step, step_start.elapsed(), result));
        if failed && step.prerequisite {
            break;
        }
    }

    println!();
    for (step, duration, result) in &results {
        let verdict = if result.is_ok() { "passed" } else { "FAILED" };
        println!(
            "{:10} {verdict} {:>14}",
            step.name,
            shell::duration(*duration)
        );
    }
    let failures: Vec<&str> = results
        .iter()
        .filter(|(.., result)| result.is_err())
        .map(|(step, ..)| step.name)
        .collect();
    let left_out = match plan.left_out.as_slice() {
        [] => String::new(),
        names => format!("; left out: {}", names.join(", ")),
    };
    let time = shell::duration(start.elapsed());
    if failures.is_empty() {
        let names: Vec<&str> = results.iter().map(|(step, ..)| step.name).collect();
        println!("\npassed in {time}: {}{left_out}", names.join(", "));
        ExitCode::SUCCESS
    } else {
        let names = failures.join(",");
        println!(
            "\nFAILED in {time}: {names}{left_out}; to repeat: cargo xtask test --only {names}"
        );
        ExitCode::FAILURE
    }
}
