//! A client that goes away: the future of a call is dropped at every point where it waits.

use std::future::Future;

use super::{
    case::{Bench, Case, Kept, Outcome, cases, ensure, same},
    in_seconds,
    stage::run_until,
};
use crate::record::{Record, Version};

pub(super) const CASES: &[Case] = cases![
    a_dropped_create_leaves_nothing_or_all,
    a_dropped_save_leaves_old_or_new,
    a_dropped_rename_leaves_old_or_new,
    a_dropped_delete_leaves_all_or_nothing,
    a_dropped_touch_leaves_the_data,
    a_dropped_load_leaves_the_store_usable,
];

const OLD: &str = r#"{"old":1}"#;
const NEW: &str = r#"{"new":2,"more":"0123456789"}"#;

/// Drops the future after `waits` waits; tells whether it had come to its end.
async fn dropped(future: impl Future + Send, waits: usize) -> bool {
    let mut future = Box::pin(future);
    run_until(future.as_mut(), waits).await.is_some()
}

/// Does `round` with 0, 1, 2, … waits until it says that nothing had to be dropped; a few times, since waits depend on the weather.
async fn at_every_wait(round: impl AsyncFn(usize) -> Outcome<bool>) -> Outcome {
    for _ in 0..5 {
        for waits in 0..100 {
            if round(waits).await? {
                break;
            }
        }
    }
    Ok(())
}

/// Whether it is this text, whole; or absent, if that is asked for.
fn is(found: Option<&Record>, state: Option<&str>) -> bool {
    match (found, state) {
        (None, None) => true,
        (Some(found), Some(json)) => found.damage.is_none() && same(&found.data, json),
        _ => false,
    }
}

/// What lies under the key is in one of two states.
async fn whole(bench: &Bench, kept: &Kept, states: [Option<&str>; 2], when: &str) -> Outcome {
    let found = bench.load(&kept.key).await?;
    let json = found.as_ref().map(|record| record.data.to_json());
    ensure!(
        states.iter().any(|state| is(found.as_ref(), *state)),
        "{when}, `load` gives {json:?}, but {states:?} are the whole ones"
    );
    Ok(())
}

async fn a_dropped_create_leaves_nothing_or_all(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let record = bench.record(NEW)?;
    at_every_wait(async |waits| {
        let kept = Kept {
            key: Bench::key()?,
            version: Version::default(),
        };
        let done = dropped(bench.one.create(&kept.key, &record), waits).await;
        let when = format!("after a `create` dropped at wait {waits}");
        whole(&bench, &kept, [None, Some(NEW)], &when).await?;
        Ok(done)
    })
    .await
}

async fn a_dropped_save_leaves_old_or_new(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let record = bench.record(NEW)?;
    at_every_wait(async |waits| {
        let kept = bench.keep_json(OLD).await?;
        let save = bench.one.save(&kept.key, &record, &kept.version);
        let done = dropped(save, waits).await;
        let when = format!("after a `save` dropped at wait {waits}");
        whole(&bench, &kept, [Some(OLD), Some(NEW)], &when).await?;
        Ok(done)
    })
    .await
}

async fn a_dropped_rename_leaves_old_or_new(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    bench.needs(|powers| powers.atomic_rename, "atomic_rename")?;
    let record = bench.record(NEW)?;
    at_every_wait(async |waits| {
        let old = bench.keep_json(OLD).await?;
        let new = Bench::key()?;
        let rename = bench.one.rename(&old.key, &new, &record, &old.version);
        let done = dropped(rename, waits).await;
        // The server may still be at it, so that one look at each key proves nothing.
        for _ in 0..3 {
            let at_old = bench.load(&old.key).await?;
            let at_new = bench.load(&new).await?;
            let again = bench.load(&old.key).await?;
            let when = format!("after a `rename` dropped at wait {waits}");
            ensure!(
                is(at_old.as_ref(), None) || is(at_old.as_ref(), Some(OLD)),
                "{when}, the old key has other data than before"
            );
            ensure!(
                is(at_new.as_ref(), None) || is(at_new.as_ref(), Some(NEW)),
                "{when}, the new key has other data than was given"
            );
            ensure!(
                at_old.is_some() || at_new.is_some(),
                "{when}, the session is under neither key"
            );
            ensure!(
                at_new.is_none() || again.is_none(),
                "{when}, the session is under both keys"
            );
        }
        Ok(done)
    })
    .await
}

async fn a_dropped_delete_leaves_all_or_nothing(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    at_every_wait(async |waits| {
        let kept = bench.keep_json(OLD).await?;
        let done = dropped(bench.one.delete(&kept.key), waits).await;
        let when = format!("after a `delete` dropped at wait {waits}");
        whole(&bench, &kept, [Some(OLD), None], &when).await?;
        Ok(done)
    })
    .await
}

async fn a_dropped_touch_leaves_the_data(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    at_every_wait(async |waits| {
        let kept = bench
            .keep(&Bench::record_until(OLD, in_seconds(1000))?)
            .await?;
        let touch = bench.one.touch(&kept.key, in_seconds(5000), &kept.version);
        let done = dropped(touch, waits).await;
        let when = format!("after a `touch` dropped at wait {waits}");
        whole(&bench, &kept, [Some(OLD), Some(OLD)], &when).await?;
        Ok(done)
    })
    .await
}

/// An answer that nobody waited for must not be taken for that of the next call.
async fn a_dropped_load_leaves_the_store_usable(bench: Bench) -> Outcome {
    let other = bench.keep_json(OLD).await?;
    at_every_wait(async |waits| {
        let kept = bench.keep_json(NEW).await?;
        let done = dropped(bench.one.load(&other.key), waits).await;
        let when = format!("after a `load` of another session dropped at wait {waits}");
        bench.found(&kept.key, NEW, &when).await?;
        Ok(done)
    })
    .await
}
