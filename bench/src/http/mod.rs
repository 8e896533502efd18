//! Session systems side by side, over HTTP: what a request costs the server's CPU, beside the least that its engine can cost.
//!
//! What is measured, and how, is told in `bench/README.md`.

mod client;
mod cores;
mod engine;
mod load;
mod machine;
mod memory;
mod options;
mod plot;
mod process;
mod registry;
mod report;
mod results;
mod rounds;
mod route;
mod scale;
mod server;
mod sizes;
mod statistics;
mod table;
mod trips;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use self::{
    machine::{Machine, first_line},
    options::{Options, Part, USAGE},
    registry::Engine,
    results::Results,
};
use crate::Error;

/// Runs what the words of the command line ask for, prints the tables and writes everything to the folder.
///
/// # Errors
///
/// When the run cannot be made, and, after the report, when a contestant that was asked for could not be measured.
pub fn run(arguments: &[String], out: &mut impl Write) -> Result<(), Error> {
    let options = &Options::parse(arguments).map_err(|error| format!("{error}\n\n{USAGE}"))?;
    let core = cores::divide()?;
    let mut machine = Machine::look();
    machine.add("wrk", first_line("wrk", &["--version"]));
    let mut results = Results {
        machine,
        groups: Vec::new(),
        memory: Vec::new(),
        sizes: Vec::new(),
        scale: Vec::new(),
        broken: Vec::new(),
    };
    for part in &options.parts {
        measure(*part, options, core, &mut results)?;
    }
    results.machine.load("load after");
    let folder = folder(options)?;
    fs::create_dir_all(&folder)?;
    let text = report::write(&results)?;
    fs::write(folder.join("results.md"), &text)?;
    fs::write(
        folder.join("results.json"),
        format!("{:#}\n", results.json()),
    )?;
    plot::write(&results, &folder)?;
    writeln!(out, "{text}\nwritten to {}", folder.display())?;
    match results.broken.as_slice() {
        [] => Ok(()),
        [(first, _), ..] => Err(format!(
            "{} could not be measured, first {first}: see above",
            results.broken.len()
        )
        .into()),
    }
}

/// Starts a contestant of the workspace from its program, and takes sessions of both sizes through all routes.
///
/// # Errors
///
/// When it does not answer as `bench/README.md` demands of a contestant.
pub fn check(program: &Path, name: &str, place: &str) -> Result<(), Error> {
    let mut known = registry::CONTESTANTS.iter();
    let contestant = known
        .find(|one| one.name == name)
        .ok_or("it is not in the table of contestants")?;
    let mut command = Command::new(program);
    command.arg(name);
    server::Running::launch(*contestant, command, place)?.fill(1)
}

fn measure(part: Part, options: &Options, core: usize, results: &mut Results) -> Result<(), Error> {
    match part {
        Part::Routes => {
            for engine in Engine::ALL {
                let mut contestants = options.of(engine);
                if contestants.is_empty() {
                    continue;
                }
                eprintln!("{}", engine.name());
                contestants.splice(0..0, options.of(Engine::None));
                let mut group = rounds::run(engine, &contestants, options, core)?;
                results.broken.append(&mut group.broken);
                results.groups.push(group);
            }
        }
        Part::Memory => {
            let contestants = options
                .contestants
                .iter()
                .filter(|one| one.engine != Engine::None);
            for contestant in contestants.filter(|one| !options.is_missing(one)) {
                eprintln!("memory, {}", contestant.name);
                match memory::measure(*contestant, options, core) {
                    Ok(taken) => results.memory.push(taken),
                    Err(error) => results
                        .broken
                        .push((format!("{}, memory", contestant.name), error.to_string())),
                }
            }
        }
        Part::Sizes => {
            eprintln!("sizes");
            results.sizes = sizes::measure(options, core, &mut results.broken)?;
        }
        Part::Scale => {
            eprintln!("scale");
            results.scale = scale::measure(options, core, &mut results.broken)?;
        }
    }
    Ok(())
}

/// `target/bench`, or what the command line says.
fn folder(options: &Options) -> Result<PathBuf, Error> {
    if let Some(folder) = &options.out {
        return Ok(folder.clone());
    }
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).map(Path::to_owned);
    Ok(target.ok_or("no target folder")?.join("bench"))
}
