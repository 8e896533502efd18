//! `tenure delete`: ends sessions.

use super::{key, short, store};
use crate::{
    output::{Failure, Out, count, note},
    site::Site,
};

/// Delete sessions: whoever has their keys is logged out
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The sessions' keys
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// The arguments are what `tenure list` prints, where `TENURE_HASH_KEYS` is on
    #[arg(long)]
    name: bool,
}

const HELP: &str = "\
If one of them is not there, the others are deleted all the same and the exit code is 1.
A user who is remembered beyond the session comes back: `tenure revoke` ends that too.

Examples:
  tenure delete k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let (sessions, _) = site.open().await?;
    let store = store(&sessions, arguments.name);
    let mut deleted = 0;
    let mut missing = false;
    for text in &arguments.keys {
        let there = match key(text) {
            Ok(key) => store.delete(&key).await.map_err(|error| {
                let failure = Failure::from(error);
                match deleted {
                    0 => failure,
                    _ => failure.hint(format!("{} deleted before that", count(deleted, "session"))),
                }
            })?,
            Err(_) => false,
        };
        if there {
            deleted += 1;
        } else {
            missing = true;
            let alive = match key(text) {
                Ok(key) => store.load(&key).await?.is_some(),
                Err(_) => false,
            };
            note(&if alive {
                format!(
                    "the session {} is in its cookie and lives on: TENURE_COOKIE_REVOCATION is \"none\"",
                    short(text)
                )
            } else {
                format!("there is no session {}", short(text))
            });
        }
    }
    writeln!(out, "{} deleted", count(deleted, "session"))?;
    if missing { Err(Failure::Said) } else { Ok(()) }
}
