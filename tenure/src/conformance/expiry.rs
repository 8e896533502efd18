//! When sessions end.

use std::time::{Duration, Instant, SystemTime};

use super::{
    case::{Bench, Case, Outcome, Stop, cases, ensure},
    in_seconds,
};
use crate::{
    record::Record,
    store::{Renamed, Saved},
};

pub(super) const CASES: &[Case] = cases![
    the_end_comes_back,
    save_moves_the_end_both_ways,
    what_has_ended_already_is_never_alive,
    a_session_ends_by_itself,
    what_the_store_has_forgotten_stays_dead,
];

/// Caches count in seconds, by a clock of their own.
const PRECISION: Duration = Duration::from_secs(2);

/// That `what` ends when it was told to.
pub(super) fn ensure_near(ends_at: SystemTime, expected: SystemTime, what: &str) -> Outcome {
    let apart = ends_at
        .duration_since(expected)
        .unwrap_or_else(|earlier| earlier.duration());
    let way = if ends_at < expected {
        "earlier"
    } else {
        "later"
    };
    ensure!(
        apart <= PRECISION,
        "{what} ends {} s {way} than it was told to",
        apart.as_secs_f32()
    );
    Ok(())
}

async fn the_end_comes_back(bench: Bench) -> Outcome {
    let usual = bench.settings.cookie_age.as_secs();
    // Memcached takes more than 30 days for a date.
    for seconds in [60, usual, 40 * 86_400, 3650 * 86_400] {
        if bench.powers.in_key && seconds != usual {
            continue;
        }
        let ends_at = in_seconds(seconds);
        let record = Bench::record_until(r#"{"user":7}"#, ends_at)?;
        let kept = bench.keep(&record).await?;
        let found = bench
            .found(&kept.key, r#"{"user":7}"#, "after `create`")
            .await?;
        let what = format!("a session of {seconds} s");
        ensure_near(found.expires_at, ends_at, &what)?;
    }
    Ok(())
}

async fn save_moves_the_end_both_ways(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let mut kept = bench.keep_json(r#"{"user":7}"#).await?;
    for seconds in [5000, 100, 1000] {
        let ends_at = in_seconds(seconds);
        let record = Bench::record_until(r#"{"user":7}"#, ends_at)?;
        kept = bench.replace(&kept, &record).await?;
        let found = bench
            .found(&kept.key, r#"{"user":7}"#, "after `save`")
            .await?;
        let what = format!("a session saved with {seconds} s");
        ensure_near(found.expires_at, ends_at, &what)?;
    }
    Ok(())
}

fn is_over(found: Option<&Record>) -> bool {
    found.is_none_or(|record| record.expires_at <= SystemTime::now())
}

async fn what_has_ended_already_is_never_alive(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let past = SystemTime::now() - Duration::from_mins(1);
    for past in [past, SystemTime::UNIX_EPOCH] {
        let ended = Bench::record_until(r#"{"user":7}"#, past)?;
        let kept = bench.keep(&ended).await?;
        ensure!(
            is_over(bench.load(&kept.key).await?.as_ref()),
            "a session that was made with its end in the past is alive"
        );
        let kept = bench.keep_json(r#"{"user":7}"#).await?;
        bench.replace(&kept, &ended).await?;
        ensure!(
            is_over(bench.load(&kept.key).await?.as_ref()),
            "a session that was saved with its end in the past is alive"
        );
    }
    Ok(())
}

/// Waits until the session that lasts a second is over.
async fn outlive(bench: &Bench) -> Outcome<super::case::Kept> {
    let record = Bench::record_until(
        r#"{"user":7}"#,
        SystemTime::now() + Duration::from_millis(1100),
    )?;
    let kept = bench.keep(&record).await?;
    let started = Instant::now();
    while !is_over(bench.load(&kept.key).await?.as_ref()) {
        ensure!(
            started.elapsed() < Duration::from_secs(6),
            "a session of one second is alive after six"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(kept)
}

async fn a_session_ends_by_itself(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    outlive(&bench).await.map(drop)
}

/// In stores that forget by their own clock. Elsewhere the session asks for the end before it writes.
async fn what_the_store_has_forgotten_stays_dead(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    if bench.powers.clear_expired {
        let why = "the store forgets nothing before `clear_expired`";
        return Err(Stop::DoesNotApply(why.to_owned()));
    }
    let kept = outlive(&bench).await?;
    // A date in the record is to the second or better; what the store's own clock says may come a little later.
    let started = Instant::now();
    while bench.load(&kept.key).await?.is_some() {
        if started.elapsed() > Duration::from_secs(3) {
            let why = "the store keeps what has ended until it is met";
            return Err(Stop::DoesNotApply(why.to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let record = bench.record(r#"{"late":1}"#)?;
    let saved = bench.save(&kept.key, &record, &kept.version).await?;
    ensure!(
        matches!(saved, Saved::Gone),
        "`save` of what the store has forgotten answered {saved:?}, not `Gone`"
    );
    let touched = bench.touch(&kept, in_seconds(100)).await?;
    ensure!(!touched, "`touch` found what the store has forgotten");
    let renamed = bench.rename(&kept, &Bench::key()?, &record).await?;
    ensure!(
        matches!(renamed, Renamed::Gone),
        "`rename` of what the store has forgotten answered {renamed:?}, not `Gone`"
    );
    bench
        .absent(&kept.key, "when the store has forgotten it")
        .await
}
