//! Replacing sessions.

use std::time::SystemTime;

use super::{
    case::{Bench, Case, Kept, Outcome, Stop, cases, ensure},
    in_seconds,
};
use crate::{record::Version, store::Saved};

pub(super) const CASES: &[Case] = cases![
    save_replaces_what_is_there,
    save_makes_nothing,
    a_late_save_does_not_revive,
    save_on_an_old_version_changes_nothing,
    a_conflict_tells_what_is_there_now,
    without_versions_the_last_writer_wins,
];

async fn save_replaces_what_is_there(bench: Bench) -> Outcome {
    let mut kept = bench.keep_json(r#"{"user":7,"cart":[1]}"#).await?;
    for round in 0..3 {
        let json = format!(r#"{{"round":{round}}}"#);
        kept = bench.replace(&kept, &bench.record(&json)?).await?;
        bench.found(&kept.key, &json, "after `save`").await?;
    }
    // Saving what is there already is no conflict either.
    let same = r#"{"round":2}"#;
    kept = bench.replace(&kept, &bench.record(same)?).await?;
    bench
        .found(&kept.key, same, "after `save` of the same")
        .await?;
    Ok(())
}

/// `save` of the session, which is dead.
async fn assert_gone(bench: &Bench, dead: &Kept, when: &str) -> Outcome {
    let record = bench.record(r#"{"late":1}"#)?;
    for version in [dead.version.clone(), Version::default()] {
        let saved = bench.save(&dead.key, &record, &version).await?;
        ensure!(
            matches!(saved, Saved::Gone),
            "{when}, `save` answered {saved:?}, not `Gone`"
        );
        bench
            .absent(&dead.key, &format!("{when}, after `save`"))
            .await?;
    }
    Ok(())
}

async fn save_makes_nothing(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let dead = Kept {
        key: Bench::key()?,
        version: bench.keep_json("{}").await?.version,
    };
    assert_gone(&bench, &dead, "under a key that nobody has used").await
}

async fn a_late_save_does_not_revive(bench: Bench) -> Outcome {
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    bench.end(&kept).await?;
    assert_gone(&bench, &kept, "on a session that was deleted").await
}

/// Saves on the version of `kept` after somebody else has saved; gives the answer and what the other one has kept.
async fn overtaken(bench: &Bench, ends_at: SystemTime) -> Outcome<(Saved, Kept)> {
    bench.needs_versions()?;
    let mine = bench.keep_json(r#"{"user":7}"#).await?;
    let theirs = Bench::record_until(r#"{"theirs":1}"#, ends_at)?;
    let theirs = bench.replace(&mine, &theirs).await?;
    let record = bench.record(r#"{"mine":1}"#)?;
    let saved = bench.save(&mine.key, &record, &mine.version).await?;
    Ok((saved, theirs))
}

async fn save_on_an_old_version_changes_nothing(bench: Bench) -> Outcome {
    let (saved, theirs) = overtaken(&bench, in_seconds(5000)).await?;
    ensure!(
        matches!(saved, Saved::Conflict(_)),
        "`save` on an old version answered {saved:?}, not `Conflict`"
    );
    let when = "after `save` on an old version";
    bench.found(&theirs.key, r#"{"theirs":1}"#, when).await?;
    let record = bench.record(r#"{"mine":1}"#)?;
    let saved = bench
        .save(&theirs.key, &record, &Version::default())
        .await?;
    ensure!(
        matches!(saved, Saved::Conflict(_)),
        "`save` on an unknown version answered {saved:?}, not `Conflict`"
    );
    Ok(())
}

async fn a_conflict_tells_what_is_there_now(bench: Bench) -> Outcome {
    let ends_at = in_seconds(5000);
    let (saved, theirs) = overtaken(&bench, ends_at).await?;
    let Saved::Conflict(current) = saved else {
        return Err(Stop::DoesNotApply("there was no conflict".to_owned()));
    };
    let json = current.data.to_json();
    ensure!(
        json == r#"{"theirs":1}"#,
        "the record of `Conflict` holds {json}, not what is there now"
    );
    super::expiry::ensure_near(current.expires_at, ends_at, "the record of `Conflict`")?;
    let theirs = Kept {
        version: current.version,
        ..theirs
    };
    // The session merges and saves again on it.
    bench
        .replace(&theirs, &bench.record(r#"{"both":1}"#)?)
        .await?;
    let when = "after `save` on the version that `Conflict` told";
    bench.found(&theirs.key, r#"{"both":1}"#, when).await?;
    Ok(())
}

async fn without_versions_the_last_writer_wins(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    if bench.powers.compare_and_swap {
        let why = "the store compares versions";
        return Err(Stop::DoesNotApply(why.to_owned()));
    }
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    for json in [r#"{"first":1}"#, r#"{"second":2}"#] {
        let saved = bench.replace(&kept, &bench.record(json)?).await?;
        ensure!(
            saved.version.is_unknown(),
            "`save` gives a version, but `powers` say `compare_and_swap: false`"
        );
        let record = bench.found(&kept.key, json, "after `save`").await?;
        ensure!(
            record.version.is_unknown(),
            "`load` gives a version, but `powers` say `compare_and_swap: false`"
        );
    }
    Ok(())
}
