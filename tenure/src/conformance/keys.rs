//! Keys are what a visitor sends, so they may be anything.

use super::case::{Bench, Case, Outcome, Stop, cases, ensure, failed};
use crate::{
    key::SessionKey,
    store::{Renamed, Saved},
};

pub(super) const CASES: &[Case] = cases![
    keys_of_every_length_are_kept,
    keys_are_compared_to_the_letter,
    hostile_keys_are_absent_and_no_error,
    a_taken_key_is_drawn_again,
];

fn parse(text: &str) -> Outcome<SessionKey> {
    SessionKey::parse(text).ok_or_else(|| Stop::Failed(format!("{text:?} is no key")))
}

/// Django's keys have 32 characters; its column has room for 40, and it takes 8 for enough.
async fn keys_of_every_length_are_kept(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let drawn = Bench::key()?;
    for length in [8, 9, 31, 33, 39, 40] {
        let text = drawn.as_str().repeat(2);
        let key = parse(text.get(..length).unwrap_or_default())?;
        bench
            .keep_under(&key, &bench.record(&format!(r#"{{"length":{length}}}"#))?)
            .await?;
    }
    for length in [8, 9, 31, 33, 39, 40] {
        let text = drawn.as_str().repeat(2);
        let key = parse(text.get(..length).unwrap_or_default())?;
        let when = format!("under a key of {length} characters");
        let json = format!(r#"{{"length":{length}}}"#);
        bench.found(&key, &json, &when).await?;
    }
    Ok(())
}

async fn keys_are_compared_to_the_letter(bench: Bench) -> Outcome {
    let json = r#"{"user":7}"#;
    let kept = bench.keep_json(json).await?;
    let text = kept.key.as_str();
    let (shorter, last) = text.split_at(text.len() - 1);
    let swapped: String = text
        .chars()
        .map(|letter| {
            if letter.is_ascii_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect();
    let other_last = if last == "x" { "y" } else { "x" };
    for other in [
        swapped,
        shorter.to_owned(),
        format!("{shorter}{other_last}"),
        format!("{text}0"),
        format!("{text}%20"),
        format!("{text}."),
        format!("{text}/"),
        format!("./{text}"),
    ] {
        let key = parse(&other)?;
        let when = format!("under {other:?}, when only {text:?} is in use");
        bench.absent(&key, &when).await?;
        ensure!(
            !bench.delete(&key).await?,
            "`delete` says that there was a session {when}"
        );
        if bench.powers.in_key {
            continue;
        }
        let record = bench.record(r#"{"thief":1}"#)?;
        let saved = bench.save(&key, &record, &kept.version).await?;
        ensure!(
            matches!(saved, Saved::Gone),
            "`save` answered {saved:?}, not `Gone`, {when}"
        );
        let old = super::case::Kept {
            key,
            version: kept.version.clone(),
        };
        let renamed = bench.rename(&old, &Bench::key()?, &record).await?;
        ensure!(
            matches!(renamed, Renamed::Gone),
            "`rename` answered {renamed:?}, not `Gone`, {when}"
        );
    }
    let when = "after calls with similar keys";
    bench.found(&kept.key, json, when).await?;
    Ok(())
}

/// An outage would be 503, for as long as the visitor's browser has that cookie.
async fn hostile_keys_are_absent_and_no_error(bench: Bench) -> Outcome {
    for text in [
        "../../../../../etc/passwd".to_owned(),
        "/etc/passwd".to_owned(),
        "........".to_owned(),
        "%00%00%00%00".to_owned(),
        "'OR'1'='1'--".to_owned(),
        "********".to_owned(),
        "[a-z0-9]{32}".to_owned(),
        "%s%s%s%n%n%n".to_owned(),
        "$(reboot)`reboot`".to_owned(),
        "{\"a\":1}:1:2".replace('"', "'"),
        "k".repeat(41),
        "k".repeat(200),
        "k".repeat(251),
        "k".repeat(256),
        "k".repeat(5000),
    ] {
        let key = parse(&text)?;
        let what = format!(
            "of the key {:?} ({} bytes)",
            text.get(..20.min(text.len())),
            text.len()
        );
        let loaded = bench.one.load(&key).await;
        let loaded = loaded.map_err(|error| failed(&format!("`load` {what}"), &error))?;
        ensure!(loaded.is_none(), "`load` {what} finds a session");
        let deleted = bench.one.delete(&key).await;
        let deleted = deleted.map_err(|error| failed(&format!("`delete` {what}"), &error))?;
        ensure!(!deleted, "`delete` {what} says that there was a session");
    }
    Ok(())
}

async fn a_taken_key_is_drawn_again(bench: Bench) -> Outcome {
    use super::request::{request, respond, stored, visitor};
    use crate::middleware::Sessions;

    bench.needs_a_place()?;
    // Whatever `testing::settings` runs on has real randomness, so the first key is drawn, and the dice are loaded with it.
    let dice = super::request::LoadedDice::new()?;
    let system = dice.clone();
    let sessions = Sessions::with_system(
        super::stage::Stage::new(&bench.one),
        &bench.settings,
        system,
    )?;
    dice.load();
    let first = visitor(&sessions, &[("user", 1)]).await?;
    dice.load();
    let second = visitor(&sessions, &[("user", 2)]).await?;
    ensure!(
        first != second,
        "a new session was given a key that was in use: `create` did not answer `Taken`"
    );
    dice.load();
    let (lazy, session) = request(&sessions, &second).await?;
    session.cycle_key().await?;
    let third = respond(&sessions, &lazy).await?.cookie;
    ensure!(
        third.as_ref().is_some_and(|third| *third != first),
        "`cycle_key` gave a key that was in use: `rename` did not answer `Taken`"
    );
    let found = stored(&sessions, &first).await?;
    ensure!(
        found == [("user".to_owned(), "1".to_owned())],
        "the session whose key was drawn again now holds {found:?}"
    );
    Ok(())
}
