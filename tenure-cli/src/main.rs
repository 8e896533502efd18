//! `tenure`: looks after a store of Django sessions. The tool of the person on call.
//!
//! * this file: arguments, dispatch, exit codes;
//! * `commands/`: one file for each command;
//! * `django/`: a Django project that is asked for its settings;
//! * `site.rs`: settings, and the store they name;
//! * `output.rs`, `json.rs`, `time.rs`: what people read.

mod commands;
mod django;
mod json;
mod output;
mod site;
mod time;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use crate::output::Failure;

/// Looks after a store of Django sessions.
#[derive(Parser)]
#[command(name = "tenure", version, arg_required_else_help = true, after_help = HELP)]
struct Arguments {
    /// Read settings from this file instead of `tenure.toml` [as the environment variable `TENURE_SETTINGS`]
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
Settings come from `tenure.toml` in the working directory, then from the environment, which wins: SECRET_KEY, DATABASE_URL and the \
others under Django's names.

Exit codes: 0 done, 1 not found or refused, 2 wrong usage or settings.

Examples:
  export SECRET_KEY=\"$(tenure secret)\" DATABASE_URL=sqlite:///srv/site/db.sqlite3
  tenure init
  tenure list
  tenure list --user ada";

#[derive(Subcommand)]
enum Command {
    Init(commands::init::Arguments),
    Secret(commands::secret::Arguments),
    Create(commands::create::Arguments),
    Show(commands::show::Arguments),
    List(commands::list::Arguments),
    Delete(commands::delete::Arguments),
    Revoke(commands::revoke::Arguments),
    Clearsessions(commands::clearsessions::Arguments),
    Decode(commands::decode::Arguments),
    Createuser(commands::createuser::Arguments),
    Settings(commands::settings::Arguments),
    Policy(commands::policy::Arguments),
    Doctor(commands::doctor::Arguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    // What the library warns of, such as a date in the table that is none. The doctor says it all in its own words.
    let level = match arguments.command {
        Command::Doctor(_) => LevelFilter::ERROR,
        _ => LevelFilter::WARN,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .event_format(output::Warning)
        .init();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let result = run(arguments, &mut out);
    // What was found before a failure is worth having too.
    let written = out.flush().map_err(Failure::from);
    match result.and(written) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: Arguments, out: output::Out<'_>) -> Result<(), Failure> {
    let site = site::Site::new(arguments.settings);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::refused)?;
    runtime.block_on(async {
        match arguments.command {
            Command::Init(arguments) => commands::init::run(arguments, &site, out).await,
            Command::Secret(arguments) => commands::secret::run(arguments, &site, out),
            Command::Create(arguments) => commands::create::run(arguments, &site, out).await,
            Command::Show(arguments) => commands::show::run(arguments, &site, out).await,
            Command::List(arguments) => commands::list::run(arguments, &site, out).await,
            Command::Delete(arguments) => commands::delete::run(arguments, &site, out).await,
            Command::Revoke(arguments) => commands::revoke::run(arguments, &site, out).await,
            Command::Clearsessions(arguments) => {
                commands::clearsessions::run(arguments, &site, out).await
            }
            Command::Decode(arguments) => commands::decode::run(arguments, &site, out),
            Command::Createuser(arguments) => {
                commands::createuser::run(arguments, &site, out).await
            }
            Command::Settings(arguments) => commands::settings::run(&arguments, out),
            Command::Policy(arguments) => commands::policy::run(&arguments, &site, out),
            Command::Doctor(arguments) => commands::doctor::run(arguments, &site, out).await,
        }
    })
}

/// Help and the version on standard output; what is wrong with the arguments on standard error, in our own form.
fn explain(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if !error.use_stderr() {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        return match written.map_err(Failure::from) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        };
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        return ExitCode::from(2);
    }
    Failure::usage(text.strip_prefix("error: ").unwrap_or(&text).trim_end()).report()
}
