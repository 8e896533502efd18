//! `tenure list`: all sessions, a page at a time, or those of one user.

use std::time::SystemTime;

use tenure::store::{Listed, Store};

use super::users;
use crate::{
    json,
    output::{Failure, Out, count, note},
    site::Site,
    time,
};

/// Sessions that are asked for at once: enough to be fast, few enough to hold.
const PAGE: usize = 1000;

/// List the sessions: key, end and size; or those of a user
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// List the sessions of this user alone: their name, or else their id
    #[arg(long, value_name = "NAME_OR_ID", conflicts_with_all = ["limit", "all"])]
    user: Option<String>,
    /// Print a JSON array of objects: `key`, `expires_at` and `size` in bytes; for a user `handle`, `created_at`, `last_seen`, `address` and
    /// `user_agent`
    #[arg(long)]
    json: bool,
    /// Stop after so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// List expired sessions too, which `tenure clearsessions` would delete
    #[arg(long)]
    all: bool,
}

const HELP: &str = "\
Keys are printed in full. They are credentials: whoever has one has the session, so keep the list out of logs and tickets. Where \
TENURE_HASH_KEYS is on the store knows no key: its names are printed, which open nothing and which `show --name` and `delete --name` take.
The list of a user has neither. Its handles name sessions for `tenure revoke`, and open nothing.

Examples:
  tenure list --limit 20
  tenure list --json | jq length
  tenure list --user ada";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    if let Some(user) = &arguments.user {
        return users::list(user, arguments.json, site, out).await;
    }
    let (sessions, _) = site.look().await?;
    let now = SystemTime::now();
    let limit = arguments.limit.unwrap_or(u64::MAX);
    let (mut listed, mut expired) = (0_u64, 0_u64);
    let mut pages = Pages::of(sessions.store());
    'all: while let Some(page) = pages.next().await? {
        for session in page {
            if listed == limit {
                break 'all;
            }
            if session.expires_at <= now {
                expired += 1;
                if !arguments.all {
                    continue;
                }
            }
            if arguments.json {
                out.write_all(if listed == 0 { b"[\n" } else { b",\n" })?;
                write_json(&session, out)?;
            } else {
                let ends = time::for_people(session.expires_at, now);
                writeln!(
                    out,
                    "{:<32}  {ends}  {} bytes",
                    printable(&session.name),
                    session.size
                )?;
            }
            listed += 1;
        }
        // So that whoever reads along, or has stopped reading, is noticed.
        out.flush()?;
    }
    if arguments.json {
        writeln!(out, "{}", if listed == 0 { "[]" } else { "\n]" })?;
    } else if listed == 0 && limit > 0 {
        note(&match expired {
            0 => "no sessions".to_owned(),
            _ => format!(
                "no sessions ({}: `--all` lists them)",
                count(expired, "expired one")
            ),
        });
    }
    Ok(())
}

fn write_json(session: &Listed, out: Out<'_>) -> std::io::Result<()> {
    write!(
        out,
        r#"{{"key": {}, "expires_at": {}, "size": {}}}"#,
        json::text(&session.name),
        json::text(&time::iso(session.expires_at)),
        session.size,
    )
}

/// A name from a table that others write too must not steer the terminal.
fn printable(name: &str) -> String {
    let harmless = name.chars().all(|c| c.is_ascii_graphic());
    if harmless {
        name.to_owned()
    } else {
        name.escape_debug().to_string()
    }
}

/// All sessions of a store, without holding more than a page of them.
pub(super) struct Pages<'a> {
    store: &'a Store,
    after: Option<String>,
    ended: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn of(store: &'a Store) -> Self {
        Self {
            store,
            after: None,
            ended: false,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<Listed>>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let page = self.store.scan(self.after.as_deref(), PAGE).await?;
        self.ended = page.len() < PAGE;
        self.after = page.last().map(|session| session.name.clone());
        Ok(Some(page))
    }
}
