//! `tenure clearsessions`: deletes what has expired. Django's command of the same name.

use std::time::SystemTime;

use tenure::store::Store;

use super::list::Pages;
use crate::{
    output::{Failure, Out, count},
    site::Site,
};

/// Delete expired sessions
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// Delete so many at once; between batches others can write
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Only count them
    #[arg(long)]
    dry_run: bool,
    /// Print nothing unless something is wrong
    #[arg(long, short)]
    quiet: bool,
}

const HELP: &str = "\
Made for cron:
  17 3 * * *  cd /srv/site && tenure clearsessions --quiet

Examples:
  tenure clearsessions --dry-run
  tenure clearsessions --batch 200";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let (sessions, _) = site.open().await?;
    let now = SystemTime::now();
    let (number, what) = if arguments.dry_run {
        (
            count_expired(sessions.store(), now).await?,
            "would be deleted",
        )
    } else {
        (
            clear(sessions.store(), now, arguments.batch).await?,
            "deleted",
        )
    };
    if !arguments.quiet {
        writeln!(out, "{} {what}", count(number, "expired session"))?;
    }
    Ok(())
}

async fn clear(store: &Store, now: SystemTime, batch: u32) -> Result<u64, Failure> {
    let limit = usize::try_from(batch).unwrap_or(usize::MAX);
    let mut deleted = 0;
    loop {
        match store.clear_expired(now, limit).await {
            Ok(some) => {
                deleted += some;
                if some < u64::from(batch) {
                    return Ok(deleted);
                }
            }
            Err(error) if deleted > 0 => {
                let said = format!("{} deleted before that", count(deleted, "expired session"));
                return Err(Failure::from(error).hint(said));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn count_expired(store: &Store, now: SystemTime) -> Result<u64, Failure> {
    let mut expired = 0;
    let mut pages = Pages::of(store);
    while let Some(page) = pages.next().await? {
        expired += page
            .iter()
            .map(|session| u64::from(session.expires_at < now))
            .sum::<u64>();
    }
    Ok(expired)
}
