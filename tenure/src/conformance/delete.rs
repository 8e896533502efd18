//! Ending sessions, asked for or because their time is over.

use super::{
    case::{Bench, Case, Outcome, cases, ensure, failed},
    in_seconds,
};

pub(super) const CASES: &[Case] = cases![
    delete_tells_whether_there_was_one,
    delete_takes_this_session_alone,
    delete_many_takes_all_of_them_and_no_other,
    delete_expired_removes_what_has_ended,
    delete_expired_leaves_what_was_prolonged,
    clear_expired_removes_what_ended_and_nothing_else,
    clear_expired_removes_at_most_what_it_was_told,
];

async fn delete_tells_whether_there_was_one(bench: Bench) -> Outcome {
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    bench.end(&kept).await?;
    bench.absent(&kept.key, "after `delete`").await?;
    ensure!(
        !bench.delete(&kept.key).await?,
        "a second `delete` says that there was a session"
    );
    Ok(())
}

async fn delete_takes_this_session_alone(bench: Bench) -> Outcome {
    let kept = bench.keep_json(r#"{"user":7}"#).await?;
    let neighbour = bench.keep_json(r#"{"user":8}"#).await?;
    bench.end(&kept).await?;
    let when = "after `delete` of another session";
    bench.found(&neighbour.key, r#"{"user":8}"#, when).await?;
    Ok(())
}

/// As when a user ends all of their sessions: some have ended already.
async fn delete_many_takes_all_of_them_and_no_other(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    bench.one.delete_many(&[]).await?;
    let mut kept = Vec::new();
    for number in 0..12 {
        kept.push(
            bench
                .keep_json(&format!(r#"{{"number":{number}}}"#))
                .await?,
        );
    }
    let neighbour = bench.keep_json(r#"{"user":8}"#).await?;
    let mut keys: Vec<_> = kept.iter().map(|kept| kept.key.clone()).collect();
    if let Some(ended) = kept.get(3) {
        bench.end(ended).await?;
    }
    keys.push(Bench::key()?);
    let deleted = bench.one.delete_many(&keys).await;
    deleted.map_err(|error| failed("`delete_many`", &error))?;
    for key in &keys {
        bench.absent(key, "after `delete_many`").await?;
    }
    let when = "after `delete_many` of others";
    bench.found(&neighbour.key, r#"{"user":8}"#, when).await?;
    Ok(())
}

async fn delete_expired_removes_what_has_ended(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let record = Bench::record_until(r#"{"user":7}"#, in_seconds(60))?;
    let kept = bench.keep(&record).await?;
    let deleted = bench.delete_expired(&kept.key, in_seconds(120)).await?;
    ensure!(
        deleted,
        "`delete_expired` says that it left a session which had ended by the moment it was given"
    );
    bench.absent(&kept.key, "after `delete_expired`").await
}

/// It was met when it had ended, and another request has saved it since.
async fn delete_expired_leaves_what_was_prolonged(bench: Bench) -> Outcome {
    bench.needs_a_place()?;
    let record = Bench::record_until(r#"{"user":7}"#, in_seconds(60))?;
    let kept = bench.keep(&record).await?;
    let longer = Bench::record_until(r#"{"user":7}"#, in_seconds(600))?;
    let kept = bench.replace(&kept, &longer).await?;
    let deleted = bench.delete_expired(&kept.key, in_seconds(120)).await?;
    ensure!(
        !deleted,
        "`delete_expired` says that it removed a session which was to last longer than the moment it was given"
    );
    let when = "after `delete_expired` of a session that lasts longer";
    bench.found(&kept.key, r#"{"user":7}"#, when).await?;
    Ok(())
}

/// Removes what other cases have left.
async fn sweep(bench: &Bench) -> Outcome {
    bench.needs(|powers| powers.clear_expired, "clear_expired")?;
    bench.clear_expired(in_seconds(120), 1_000_000).await?;
    Ok(())
}

async fn clear_expired_removes_what_ended_and_nothing_else(bench: Bench) -> Outcome {
    sweep(&bench).await?;
    let mut ended = Vec::new();
    let mut lives = Vec::new();
    for number in 0..5 {
        let json = format!(r#"{{"number":{number}}}"#);
        ended.push(
            bench
                .keep(&Bench::record_until(&json, in_seconds(60))?)
                .await?,
        );
        lives.push(
            bench
                .keep(&Bench::record_until(&json, in_seconds(240))?)
                .await?,
        );
    }
    let removed = bench.clear_expired(in_seconds(120), 1000).await?;
    ensure!(
        removed == 5,
        "5 sessions had ended by the moment that it was given, and `clear_expired` says that it removed {removed}"
    );
    for (number, (ended, lives)) in ended.iter().zip(&lives).enumerate() {
        let when = "after `clear_expired` at a moment past its end";
        bench.absent(&ended.key, when).await?;
        let json = format!(r#"{{"number":{number}}}"#);
        let when = "after `clear_expired` at a moment before its end";
        bench.found(&lives.key, &json, when).await?;
    }
    Ok(())
}

async fn clear_expired_removes_at_most_what_it_was_told(bench: Bench) -> Outcome {
    sweep(&bench).await?;
    for _ in 0..7 {
        bench
            .keep(&Bench::record_until("{}", in_seconds(60))?)
            .await?;
    }
    let mut removed = Vec::new();
    for _ in 0..4 {
        removed.push(bench.clear_expired(in_seconds(120), 3).await?);
    }
    ensure!(
        removed == [3, 3, 1, 0],
        "`clear_expired` with the limit 3 on 7 ended sessions removed {removed:?}, not [3, 3, 1, 0]"
    );
    Ok(())
}
