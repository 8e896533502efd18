//! `tenure secret`: a new secret key, printed or put in the place of the present one.

mod edit;
mod file;

use std::time::Duration;

use tenure::{Secret, Settings, system::OperatingSystem};

use self::{edit::Edited, file::SettingsFile};
use crate::{
    output::{Failure, Out, count},
    site::Site,
};

/// Print a new `SECRET_KEY`, or replace the present one
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    Rotate(Rotate),
    Forget(Forget),
}

/// Give the settings file a new `SECRET_KEY`, and keep the present one as the first of `SECRET_KEY_FALLBACKS`
#[derive(clap::Args)]
#[command(after_help = ROTATE_HELP)]
struct Rotate {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Take the oldest of `SECRET_KEY_FALLBACKS` out of the settings file
#[derive(clap::Args)]
#[command(after_help = FORGET_HELP)]
struct Forget {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

const HELP: &str = "\
Alone it prints 50 characters, as Django's `startproject` makes them, and reads no settings.

Examples:
  tenure secret
  export SECRET_KEY=\"$(tenure secret)\"
  tenure secret rotate
  tenure secret forget";

const ROTATE_HELP: &str = "\
Comments, order, owner and permissions of the file stay. It is replaced in one step, so that no process ever reads half of it; a symbolic \
link stays one, and the file that it leads to is replaced. No secret is printed.

All processes have to restart together afterwards. Where they cannot, do it by hand in two rounds: put what `tenure secret` prints at the end \
of SECRET_KEY_FALLBACKS everywhere, and restart one process after the other; then make it SECRET_KEY everywhere, with the former one as the \
first fallback, and restart one after the other again. So each process understands what the others sign at any time.

Examples:
  tenure secret rotate --dry-run
  tenure secret rotate
  tenure --settings /srv/site/tenure.toml secret rotate";

const FORGET_HELP: &str = "\
What that secret has signed does not count any more. No secret is printed.

Examples:
  tenure secret forget --dry-run
  tenure secret forget";

pub(crate) fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    match arguments.command {
        None => print_new(out),
        Some(Command::Rotate(arguments)) => rotate(&arguments, site, out),
        Some(Command::Forget(arguments)) => forget(&arguments, site, out),
    }
}

fn print_new(out: Out<'_>) -> Result<(), Failure> {
    out.write_all(new()?.as_bytes())?;
    Ok(writeln!(out)?)
}

/// The text of a new secret.
fn new() -> Result<String, Failure> {
    let secret = Secret::generate(&OperatingSystem)?;
    Ok(String::from_utf8_lossy(secret.as_bytes()).into_owned())
}

fn rotate(arguments: &Rotate, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let file = open(site)?;
    let Edited { text, fallbacks } = edit::rotate(file.text(), &new()?)
        .map_err(|why| Failure::refused(format!("{}: {why}; nothing was changed", file.shown())))?;
    let kept = format!(
        "the present one in front of SECRET_KEY_FALLBACKS, {} now",
        count(fallbacks, "secret")
    );
    if arguments.dry_run {
        let shown = file.shown();
        return Ok(writeln!(
            out,
            "would make a new SECRET_KEY in {shown}, and keep {kept}"
        )?);
    }
    file.replace(&text)?;
    let shown = file.shown();
    writeln!(out, "made a new SECRET_KEY in {shown}, and kept {kept}")?;
    // The rest of the file may be wrong, which is for others to say.
    let settings = site.settings();
    let age = settings.map_or(Settings::django().cookie_age, |settings| {
        settings.cookie_age
    });
    next_steps(age, out)
}

fn next_steps(cookie_age: Duration, out: Out<'_>) -> Result<(), Failure> {
    let seconds = cookie_age.as_secs();
    let day = jiff::Timestamp::now()
        .checked_add(cookie_age)
        .map(|day| day.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default();
    writeln!(
        out,
        "
What to do next:
1. Give every other place that has these settings the same two, such as the settings.py of a Django that shares the sessions.
2. Restart every process at both, all together: one that knows the old secret alone takes what the new one has signed for damaged.
3. Sessions are signed anew when they are used. After SESSION_COOKIE_AGE ({seconds} seconds), from {day} on, those that were not have \
         ended, unless the site gave some a longer life: then `tenure secret forget`, and restart once more."
    )?;
    Ok(())
}

fn forget(arguments: &Forget, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let file = open(site)?;
    let Edited { text, fallbacks } = edit::forget(file.text())
        .map_err(|why| Failure::refused(format!("{}: {why}; nothing was changed", file.shown())))?;
    let shown = file.shown();
    let left = count(fallbacks, "secret");
    if arguments.dry_run {
        return Ok(writeln!(
            out,
            "would take the oldest secret out of SECRET_KEY_FALLBACKS in {shown}, which leaves {left} there"
        )?);
    }
    file.replace(&text)?;
    Ok(writeln!(
        out,
        "took the oldest secret out of SECRET_KEY_FALLBACKS in {shown}, which leaves {left} there: now restart every process"
    )?)
}

/// The settings file, if the secrets are in it.
fn open(site: &Site) -> Result<SettingsFile, Failure> {
    for name in ["SECRET_KEY", "SECRET_KEY_FALLBACKS"] {
        if std::env::var_os(name).is_some() {
            let text = format!(
                "{name} is an environment variable, which wins over the settings file: nothing was changed"
            );
            return Err(Failure::refused(text).hint(
                "where that variable is set, put the present SECRET_KEY in front of SECRET_KEY_FALLBACKS, and what `tenure secret` prints in \
                 its place",
            ));
        }
    }
    SettingsFile::open(&site.path())
}
