//! `tenure createuser`: somebody who may log in.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use tenure::auth::{Auth, AuthError};

use crate::{
    output::{Failure, Out},
    site::{Site, with_hint},
};

/// The most of standard input that is looked at for a password.
const MAX_LINE: u64 = 1 << 16;

/// Add a user to Django's table of users
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// 1 to 150 letters, digits and @ . + - _
    username: String,
    /// Take the password from the first line of standard input; so it is also if that is no terminal
    #[arg(long)]
    password_stdin: bool,
}

const HELP: &str = "\
The password is asked for twice and not shown. It cannot be an argument: other users of the machine can see those, and the shell keeps them.
The user is active and has no further rights. `tenure init --users` makes the table if Django has not.

Examples:
  tenure createuser ada
  pass show site/ada | tenure createuser ada --password-stdin";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let settings = site.settings()?;
    if !settings.has_djangos_users() {
        let table = settings.user_table;
        return Err(AuthError::CustomUsers { table }.into());
    }
    let auth = Auth::open(&settings)
        .await
        .map_err(|error| with_hint(error.into(), &settings))?;
    // Before the password is asked for.
    if auth.user_by_name(&arguments.username).await?.is_some() {
        return Err(AuthError::UsernameTaken(arguments.username).into());
    }
    let password = if arguments.password_stdin || !std::io::stdin().is_terminal() {
        from_input()?
    } else {
        from_terminal()?
    };
    let user = auth.create_user(&arguments.username, &password).await?;
    Ok(writeln!(
        out,
        "made the user {} with id {}",
        user.username(),
        user.id()
    )?)
}

fn from_input() -> Result<String, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(MAX_LINE).read_line(&mut line);
    read.map_err(|error| {
        Failure::usage(format!(
            "the password cannot be read from standard input: {error}"
        ))
    })?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn from_terminal() -> Result<String, Failure> {
    let ask = |prompt| {
        rpassword::prompt_password(prompt).map_err(|error| {
            Failure::usage(format!(
                "the password cannot be asked for: {error}: use --password-stdin"
            ))
        })
    };
    let password = ask("Password: ")?;
    if ask("Password again: ")? == password {
        Ok(password)
    } else {
        Err(Failure::refused(
            "the two passwords differ: nobody was added",
        ))
    }
}
