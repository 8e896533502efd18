//! Making sessions, and finding them.

use super::case::{Bench, Case, Outcome, cases, ensure, failed};
use crate::{error::StoreError, store::Created};

pub(super) const CASES: &[Case] = cases![
    an_unknown_key_is_absent,
    a_created_session_is_found,
    a_second_handle_finds_what_the_first_wrote,
    create_never_overwrites,
    create_tells_the_version_that_it_made,
    prepare_keeps_what_is_there,
    powers_tell_what_the_store_does,
];

async fn an_unknown_key_is_absent(bench: Bench) -> Outcome {
    let key = Bench::key()?;
    bench
        .absent(&key, "under a key that nobody has used")
        .await?;
    ensure!(
        !bench.delete(&key).await?,
        "`delete` says that there was a session under a key that nobody has used"
    );
    ensure!(
        !bench.delete_expired(&key, super::in_seconds(0)).await?,
        "`delete_expired` says that there was a session under a key that nobody has used"
    );
    Ok(())
}

async fn a_created_session_is_found(bench: Bench) -> Outcome {
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    let when = "after `create`";
    bench.found(&kept.key, r#"{"user":7}"#, when).await?;
    bench.found(&kept.key, r#"{"user":7}"#, when).await?;
    Ok(())
}

async fn a_second_handle_finds_what_the_first_wrote(bench: Bench) -> Outcome {
    let other = Bench {
        one: bench.other.clone(),
        ..bench.clone()
    };
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    let when = "on another handle, after `create`";
    other.found(&kept.key, r#"{"user":7}"#, when).await?;
    let kept = other
        .replace(&kept, &bench.record(r#"{"user":8}"#)?)
        .await?;
    let when = "after `save` on another handle";
    bench.found(&kept.key, r#"{"user":8}"#, when).await?;
    other.end(&kept).await?;
    bench
        .absent(&kept.key, "after `delete` on another handle")
        .await
}

async fn create_never_overwrites(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    let second = bench.record(r#"{"thief":1}"#)?;
    let created = bench.create(&kept.key, &second).await?;
    ensure!(
        matches!(created, Created::Taken),
        "`create` on a key that is in use answered {created:?}, not `Taken`"
    );
    let when = "after `create` on a key that was in use";
    bench.found(&kept.key, r#"{"user":7}"#, when).await?;
    Ok(())
}

async fn create_tells_the_version_that_it_made(bench: Bench) -> Outcome {
    bench.needs_versions()?;
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    ensure!(
        !kept.version.is_unknown(),
        "`create` gives an unknown version, but `powers` declare `compare_and_swap`"
    );
    // It must do without a `load` in between.
    let kept = bench
        .replace(&kept, &bench.record(r#"{"user":8}"#)?)
        .await?;
    let loaded = bench
        .found(&kept.key, r#"{"user":8}"#, "after `save`")
        .await?;
    ensure!(
        loaded.version == kept.version,
        "`load` gives another version than the `save` before it"
    );
    Ok(())
}

async fn prepare_keeps_what_is_there(bench: Bench) -> Outcome {
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    for _ in 0..2 {
        let prepared = bench.one.prepare().await;
        prepared.map_err(|error| failed("`prepare`, again,", &error))?;
    }
    let when = "after `prepare` on a store in use";
    bench.found(&kept.key, r#"{"user":7}"#, when).await?;
    Ok(())
}

async fn powers_tell_what_the_store_does(bench: Bench) -> Outcome {
    let powers = bench.powers;
    let record = bench.record(r#"{"user":7}"#)?;
    let created = bench.create(&Bench::key()?, &record).await?;
    ensure!(
        matches!(created, Created::Rekeyed(_)) == powers.in_key,
        "`create` answered {created:?}, but `powers` say `in_key: {}`",
        powers.in_key
    );
    if let Created::Created(version) = created {
        ensure!(
            version.is_unknown() != powers.compare_and_swap,
            "`create` gives {version:?}, but `powers` say `compare_and_swap: {}`",
            powers.compare_and_swap
        );
    }
    match bench.one.scan(None, 1).await {
        Ok(_) => ensure!(powers.scan, "`scan` lists, but `powers` say `scan: false`"),
        Err(StoreError::Unsupported { .. }) => ensure!(
            !powers.scan,
            "`scan` is unsupported, but `powers` say `scan: true`"
        ),
        Err(error) => return Err(failed("`scan`", &error)),
    }
    if !powers.clear_expired {
        let removed = bench.clear_expired(super::in_seconds(0), 10).await?;
        ensure!(
            removed == 0,
            "`clear_expired` removed {removed} sessions, but `powers` say `clear_expired: false`"
        );
    }
    Ok(())
}
