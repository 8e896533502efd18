//! Prolonging sessions.

use std::time::SystemTime;

use super::{
    case::{Bench, Case, Kept, Outcome, Stop, cases, ensure},
    expiry::ensure_near,
    in_seconds,
};
use crate::store::Renamed;

pub(super) const CASES: &[Case] = cases![
    touch_moves_the_end_and_not_the_data,
    touch_never_moves_the_end_backwards,
    touch_on_an_old_version_changes_nothing,
    a_late_touch_does_not_revive,
    a_session_can_be_saved_after_a_touch,
];

/// Without versions to compare, the default `touch` does nothing.
fn needs_touch(bench: &Bench) -> Outcome {
    bench.needs_a_place()?;
    bench.needs(
        |powers| powers.touch || powers.compare_and_swap,
        "touch` or `compare_and_swap",
    )
}

/// A session that ends at this moment.
async fn until(bench: &Bench, ends_at: SystemTime) -> Outcome<Kept> {
    needs_touch(bench)?;
    let record = Bench::record_until(r#"{"user":7}"#, ends_at)?;
    bench.keep(&record).await
}

async fn touch_moves_the_end_and_not_the_data(bench: Bench) -> Outcome {
    let kept = until(&bench, in_seconds(1000)).await?;
    let later = in_seconds(5000);
    ensure!(
        bench.touch(&kept, later).await?,
        "`touch` says that a session is not there that is"
    );
    let found = bench
        .found(&kept.key, r#"{"user":7}"#, "after `touch`")
        .await?;
    ensure_near(found.expires_at, later, "a touched session")
}

async fn touch_never_moves_the_end_backwards(bench: Bench) -> Outcome {
    let ends_at = in_seconds(1000);
    let kept = until(&bench, ends_at).await?;
    ensure!(
        bench.touch(&kept, in_seconds(100)).await?,
        "`touch` to an earlier moment says that the session is not there"
    );
    let when = "after `touch` to an earlier moment";
    let found = bench.found(&kept.key, r#"{"user":7}"#, when).await?;
    let what = "a session that was touched to an earlier moment";
    ensure_near(found.expires_at, ends_at, what)
}

/// Whoever has saved since has set the end too.
async fn touch_on_an_old_version_changes_nothing(bench: Bench) -> Outcome {
    bench.needs_versions()?;
    let mine = until(&bench, in_seconds(1000)).await?;
    let ends_at = in_seconds(500);
    let theirs = Bench::record_until(r#"{"theirs":1}"#, ends_at)?;
    bench.replace(&mine, &theirs).await?;
    ensure!(
        !bench.touch(&mine, in_seconds(5000)).await?,
        "`touch` on an old version says that the session is still in it"
    );
    let when = "after `touch` on an old version";
    let found = bench.found(&mine.key, r#"{"theirs":1}"#, when).await?;
    let what = "a session that was touched on an old version";
    ensure_near(found.expires_at, ends_at, what)
}

async fn a_late_touch_does_not_revive(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    bench.end(&kept).await?;
    let touched = bench.touch(&kept, in_seconds(5000)).await?;
    ensure!(
        !touched,
        "`touch` says that a session is there that was deleted"
    );
    bench
        .absent(&kept.key, "after `touch` of a session that was deleted")
        .await
}

/// On the version that `load` gives then.
async fn a_session_can_be_saved_after_a_touch(bench: Bench) -> Outcome {
    let kept = until(&bench, in_seconds(1000)).await?;
    bench.touch(&kept, in_seconds(5000)).await?;
    let found = bench
        .found(&kept.key, r#"{"user":7}"#, "after `touch`")
        .await?;
    let kept = Kept {
        version: found.version,
        ..kept
    };
    let kept = bench
        .replace(&kept, &bench.record(r#"{"user":8}"#)?)
        .await?;
    bench.touch(&kept, in_seconds(6000)).await?;
    let Some(found) = bench.load(&kept.key).await? else {
        return Err(Stop::Failed("after two touches, it is gone".to_owned()));
    };
    let kept = Kept {
        version: found.version,
        ..kept
    };
    let renamed = bench
        .rename(&kept, &Bench::key()?, &bench.record("{}")?)
        .await?;
    ensure!(
        matches!(renamed, Renamed::Renamed(_)),
        "`rename` of a session that was touched answered {renamed:?}"
    );
    Ok(())
}
