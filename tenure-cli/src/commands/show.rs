//! `tenure show`: one session.

use std::time::SystemTime;

use tenure::Record;

use super::{decode, key, store};
use crate::{
    json,
    output::{Failure, Out, note},
    site::Site,
    time,
};

/// Show what a session holds
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The session's key, as the visitor's cookie has it
    key: String,
    /// The argument is what `tenure list` prints, where `TENURE_HASH_KEYS` is on
    #[arg(long)]
    name: bool,
    /// Print one JSON object: `data`, `expires_at` and `engine`
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
An absent or expired session is exit code 1. One that does not verify is shown as empty, as a request would find it; `damage` says why.

Examples:
  tenure show k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f
  tenure show --json k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f | jq .data.cart";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let (sessions, settings) = site.look().await?;
    let store = store(&sessions, arguments.name);
    let key = key(&arguments.key)?;
    let now = SystemTime::now();
    let Some(record) = store.load(&key).await? else {
        return Err(Failure::refused("there is no session under this key"));
    };
    if record.expires_at <= now {
        let when = time::for_people(record.expires_at, now);
        return Err(Failure::refused(format!("the session expired on {when}")));
    }
    if let Some(damage) = record.damage {
        note(&format!(
            "the session is damaged, so it counts as empty: {damage}"
        ));
    }
    if arguments.json {
        return Ok(write_json(&record, store.engine(), out)?);
    }
    writeln!(out, "engine:   {}", store.engine())?;
    writeln!(
        out,
        "expires:  {}",
        time::for_people(record.expires_at, now)
    )?;
    let stored = record.version.as_text();
    if let Some(stored) = stored {
        writeln!(out, "size:     {} bytes", stored.len())?;
    }
    let Some(damage) = record.damage else {
        return Ok(json::write_data(&record.data, out)?);
    };
    writeln!(out, "damage:   {damage}")?;
    match stored.map(|text| decode::unverified(text, settings.max_size)) {
        Some(Ok(value)) => {
            writeln!(out, "content, NOT VERIFIED (anybody may have written it):")?;
            json::write_value(&value, out)?;
        }
        Some(Err(error)) => writeln!(out, "content:  cannot be decoded: {error}")?,
        None => {}
    }
    Ok(())
}

fn write_json(record: &Record, engine: &str, out: Out<'_>) -> std::io::Result<()> {
    write!(
        out,
        r#"{{"engine": {}, "expires_at": {}, "data": {}"#,
        json::text(engine),
        json::text(&time::iso(record.expires_at)),
        record.data.to_json(),
    )?;
    if let Some(damage) = record.damage {
        write!(out, r#", "damage": {}"#, json::text(&damage.to_string()))?;
    }
    writeln!(out, "}}")
}
