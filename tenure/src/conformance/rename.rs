//! New keys.

use super::{
    case::{Bench, Case, Kept, Outcome, Stop, cases, ensure},
    in_seconds,
};
use crate::store::Renamed;

pub(super) const CASES: &[Case] = cases![
    rename_moves_the_session,
    rename_never_overwrites,
    rename_on_an_old_version_changes_nothing,
    a_late_rename_does_not_revive,
];

async fn rename_moves_the_session(bench: Bench) -> Outcome {
    let old = bench.keep_json(r#"{"cart":1}"#).await?;
    let new = Bench::key()?;
    let ends_at = in_seconds(5000);
    let record = Bench::record_until(r#"{"cart":1,"user":7}"#, ends_at)?;
    let new = match bench.rename(&old, &new, &record).await? {
        Renamed::Renamed(version) => Kept { key: new, version },
        Renamed::Rekeyed(key) => Kept {
            key,
            version: old.version.clone(),
        },
        other => {
            let message = format!("`rename` of a session that is there answered {other:?}");
            return Err(Stop::Failed(message));
        }
    };
    let json = r#"{"cart":1,"user":7}"#;
    let found = bench.found(&new.key, json, "under the new key").await?;
    if bench.powers.in_key {
        return Ok(());
    }
    super::expiry::ensure_near(found.expires_at, ends_at, "the renamed session")?;
    bench
        .absent(&old.key, "under the old key, after `rename`")
        .await?;
    bench
        .replace(&new, &bench.record(r#"{"later":1}"#)?)
        .await?;
    bench
        .found(&new.key, r#"{"later":1}"#, "after `rename` and `save`")
        .await?;
    Ok(())
}

async fn rename_never_overwrites(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let old = bench.keep_json(r#"{"mine":1}"#).await?;
    let taken = bench.keep_json(r#"{"theirs":1}"#).await?;
    let record = bench.record(r#"{"mine":2}"#)?;
    let renamed = bench.rename(&old, &taken.key, &record).await?;
    ensure!(
        matches!(renamed, Renamed::Taken),
        "`rename` to a key that is in use answered {renamed:?}, not `Taken`"
    );
    let when = "after `rename` to a key that was in use, under that key";
    bench.found(&taken.key, r#"{"theirs":1}"#, when).await?;
    let when = "after `rename` to a key that was in use, under the old key";
    bench.found(&old.key, r#"{"mine":1}"#, when).await?;
    Ok(())
}

async fn rename_on_an_old_version_changes_nothing(bench: Bench) -> Outcome {
    bench.needs_versions()?;
    let mine = bench.keep_json(r#"{"user":7}"#).await?;
    bench
        .replace(&mine, &bench.record(r#"{"theirs":1}"#)?)
        .await?;
    let new = Bench::key()?;
    let renamed = bench
        .rename(&mine, &new, &bench.record(r#"{"mine":1}"#)?)
        .await?;
    let Renamed::Conflict(current) = renamed else {
        let message = format!("`rename` on an old version answered {renamed:?}, not `Conflict`");
        return Err(Stop::Failed(message));
    };
    let json = current.data.to_json();
    ensure!(
        json == r#"{"theirs":1}"#,
        "the record of `Conflict` holds {json}, not what is there now"
    );
    let when = "under the new key, after `rename` on an old version";
    bench.absent(&new, when).await?;
    let when = "under the old key, after `rename` on an old version";
    bench.found(&mine.key, r#"{"theirs":1}"#, when).await?;
    let current = Kept {
        version: current.version,
        ..mine
    };
    let renamed = bench
        .rename(&current, &new, &bench.record(r#"{"both":1}"#)?)
        .await?;
    ensure!(
        matches!(renamed, Renamed::Renamed(_)),
        "`rename` on the version that `Conflict` told answered {renamed:?}"
    );
    Ok(())
}

async fn a_late_rename_does_not_revive(bench: Bench) -> Outcome {
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    bench.end(&kept).await?;
    let new = Bench::key()?;
    let record = bench.record(r#"{"late":1}"#)?;
    let renamed = bench.rename(&kept, &new, &record).await?;
    ensure!(
        matches!(renamed, Renamed::Gone),
        "`rename` of a session that was deleted answered {renamed:?}, not `Gone`"
    );
    for (name, key) in [("old", &kept.key), ("new", &new)] {
        let when = format!("under the {name} key, after `rename` of a session that was deleted");
        bench.absent(key, &when).await?;
    }
    Ok(())
}
