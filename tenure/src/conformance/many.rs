//! Many calls at once.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::case::{Bench, Case, Outcome, Stop, cases};
use crate::{
    key::SessionKey,
    store::{Created, Renamed, Saved},
};

pub(super) const CASES: &[Case] = cases![
    many_visitors_at_once_get_their_own,
    of_many_creates_under_one_key_one_wins,
    of_many_saves_on_one_version_one_wins,
    of_many_renames_one_wins,
];

const MANY: u32 = 64;

/// What `work` gives for every number below [`MANY`], all at once.
async fn at_once<T: Send + 'static, F>(work: impl Fn(u32) -> F) -> Outcome<Vec<T>>
where
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let all_are_there = Arc::new(Barrier::new(MANY as usize));
    let tasks: Vec<_> = (0..MANY)
        .map(|number| {
            let (all_are_there, work) = (Arc::clone(&all_are_there), work(number));
            tokio::spawn(async move {
                all_are_there.wait().await;
                work.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await?);
    }
    // Not before all have ended, so that none disturbs the next case.
    answers.into_iter().collect()
}

fn json(number: u32) -> String {
    format!(r#"{{"number":{number}}}"#)
}

async fn many_visitors_at_once_get_their_own(bench: Bench) -> Outcome {
    at_once(|number| {
        let bench = bench.clone();
        async move {
            let mut kept = bench.keep_json(&json(number)).await?;
            for round in 0..10 {
                let mine = json(number * 1000 + round);
                kept = bench.replace(&kept, &bench.record(&mine)?).await?;
                let when = "with many others at work";
                bench.found(&kept.key, &mine, when).await?;
            }
            if !bench.powers.in_key {
                bench.end(&kept).await?;
                let when = "after `delete`, with many others at work";
                bench.absent(&kept.key, when).await?;
            }
            Ok(())
        }
    })
    .await
    .map(drop)
}

/// The numbers of those who won.
fn winners(won: &[bool]) -> Vec<usize> {
    let all = won.iter().enumerate();
    all.filter(|(_, won)| **won)
        .map(|(number, _)| number)
        .collect()
}

/// That one won, and that the session is the winner's.
async fn ensure_one(bench: &Bench, won: &[bool], key: &SessionKey, call: &str) -> Outcome {
    let winners = winners(won);
    let [winner] = winners.as_slice() else {
        let message = format!("of {MANY} {call} at once, {} succeeded", winners.len());
        return Err(Stop::Failed(message));
    };
    let json = format!(r#"{{"number":{winner}}}"#);
    let when = format!("after {MANY} {call} at once");
    bench.found(key, &json, &when).await.map(drop)
}

async fn of_many_creates_under_one_key_one_wins(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let key = Bench::key()?;
    let won = at_once(|number| {
        let (bench, key) = (bench.clone(), key.clone());
        async move {
            let created = bench.create(&key, &bench.record(&json(number))?).await?;
            Ok(matches!(created, Created::Created(_)))
        }
    })
    .await?;
    ensure_one(&bench, &won, &key, "`create`s under one key").await
}

async fn of_many_saves_on_one_version_one_wins(bench: Bench) -> Outcome {
    bench.needs_versions()?;
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    let won = at_once(|number| {
        let (bench, kept) = (bench.clone(), kept.clone());
        async move {
            let record = bench.record(&json(number))?;
            let saved = bench.save(&kept.key, &record, &kept.version).await?;
            Ok(matches!(saved, Saved::Saved(_)))
        }
    })
    .await?;
    ensure_one(&bench, &won, &kept.key, "`save`s on one version").await
}

async fn of_many_renames_one_wins(bench: Bench) -> Outcome {
    bench.needs_versions()?;
    bench.needs(|powers| powers.atomic_rename, "atomic_rename")?;
    let old = bench.keep_json(r#"{"user":7}"#).await?;
    let new = at_once(|number| {
        let (bench, old) = (bench.clone(), old.clone());
        async move {
            let new = Bench::key()?;
            let record = bench.record(&json(number))?;
            let renamed = bench.rename(&old, &new, &record).await?;
            Ok((matches!(renamed, Renamed::Renamed(_)), new))
        }
    })
    .await?;
    let won: Vec<_> = new.iter().map(|(won, _)| *won).collect();
    let key = new
        .iter()
        .find(|(won, _)| *won)
        .map_or(&old.key, |(_, key)| key);
    ensure_one(&bench, &won, key, "`rename`s of one session").await?;
    for (_, key) in new.iter().filter(|(won, _)| !won) {
        bench.absent(key, "under a key whose `rename` lost").await?;
    }
    let when = "under the old key, after `rename`";
    bench.absent(&old.key, when).await
}
