//! `tenure secret`: a new secret key.

use tenure::{Secret, system::OperatingSystem};

use crate::output::{Failure, Out};

/// Print a new `SECRET_KEY`
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {}

const HELP: &str = "\
50 characters, as Django's `startproject` makes them. No settings are read.

Examples:
  tenure secret
  export SECRET_KEY=\"$(tenure secret)\"";

pub(crate) fn run(out: Out<'_>) -> Result<(), Failure> {
    let secret = Secret::generate(&OperatingSystem)?;
    out.write_all(secret.as_bytes())?;
    Ok(writeln!(out)?)
}
