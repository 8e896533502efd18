//! `tenure revoke`: ends sessions of a user.

use super::users;
use crate::{
    output::{Failure, Out, count},
    site::Site,
};

/// End sessions of a user: one of them, or all
#[derive(clap::Args)]
#[command(after_help = HELP, group(clap::ArgGroup::new("which").required(true).args(["handle", "all"])))]
pub(crate) struct Arguments {
    /// Whose sessions: the user's name, or else their id
    #[arg(long, value_name = "NAME_OR_ID")]
    user: String,
    /// End the session with this handle, which `tenure list --user` shows
    #[arg(long, value_name = "HANDLE")]
    handle: Option<String>,
    /// End all of them
    #[arg(long)]
    all: bool,
}

const HELP: &str = "\
Whoever has such a session is logged out at their next request, and not remembered any more. A request that is under way goes on, and saves \
nothing. If there is no session with the handle, the exit code is 1.

It needs TENURE_USER_SESSIONS = true, for the service too, and an engine that keeps sessions on the server.

Examples:
  tenure list --user ada
  tenure revoke --user ada --handle 7c0m3x9q2k5v8b1n4z6a0s2d5
  tenure revoke --user 41 --all";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let (user, sessions) = users::find(&arguments.user, site).await?;
    let name = user.username();
    let ended = match &arguments.handle {
        Some(handle) => {
            if !sessions.end(user.id(), handle).await? {
                return Err(Failure::refused(format!(
                    "{name} has no session with the handle {handle:?}: it may have ended already"
                )));
            }
            1
        }
        None => sessions.end_all(user.id()).await?,
    };
    let ended = u64::try_from(ended).unwrap_or(u64::MAX);
    Ok(writeln!(
        out,
        "{} of {name} ended",
        count(ended, "session")
    )?)
}
