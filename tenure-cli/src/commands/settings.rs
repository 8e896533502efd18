//! `tenure settings`: a `tenure.toml` from a Django project's own settings.

use std::{
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    django::{self, Described, Named, Project},
    output::{Failure, Out, note},
};

/// Print a tenure.toml made from a Django project's settings
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    project: Named,
    /// Write to this file, which nobody else may read, in place of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const HELP: &str = "\
The project's manage.py runs as it would for a command of Django's, in this environment. What differs from the defaults is written, and \
what cannot be taken over stands in comments, with the reason. The file holds the secret key.

Examples:
  tenure settings --django /srv/site/manage.py --output tenure.toml
  tenure settings --django manage.py --python /srv/site/venv/bin/python
  tenure doctor --django /srv/site/manage.py";

pub(crate) fn run(arguments: &Arguments, out: Out<'_>) -> Result<(), Failure> {
    if let Some(file) = arguments.output.as_deref().filter(|file| file.exists()) {
        return Err(taken(file));
    }
    let Some(mut project) = Project::start(&arguments.project)? else {
        return Err(Failure::usage(
            "--django MANAGE.PY is needed: the Django project whose settings are meant",
        ));
    };
    let described: Described = project.ask(&json!({"op": "describe"}))?;
    let manage = arguments.project.manage.as_deref().unwrap_or(Path::new(""));
    let manage = std::path::absolute(manage).unwrap_or_default();
    let written = django::write(&described, &manage.display().to_string()).map_err(|error| {
        Failure::refused(error).hint("that is how Django has it: change it there, then come back")
    })?;
    match &arguments.output {
        Some(file) => save(file, &written.text)?,
        None => out.write_all(written.text.as_bytes())?,
    }
    for obstacle in &written.obstacles {
        note(&format!("not shared with Django: {obstacle}"));
    }
    Ok(())
}

fn save(file: &Path, text: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(file),
        _ => Failure::refused(format!("{} cannot be written: {error}", file.display())),
    })
}

fn taken(file: &Path) -> Failure {
    let there = format!("{} is there already, and is left as it is", file.display());
    Failure::refused(there).hint("remove it, or name another file")
}
