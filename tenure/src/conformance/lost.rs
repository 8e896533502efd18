//! Nothing is lost: one request is stopped at each of its waits, and another one writes the same session meanwhile.

use super::{
    case::{Bench, Case, Outcome, cases, ensure, failed},
    request::{ensure_stored, finish, request, respond, set, visitor},
    stage::{Interleaver, Stage},
};
use crate::{error::SessionError, middleware::Sessions};

pub(super) const CASES: &[Case] = cases![
    changes_of_different_keys_stand_beside_each_other,
    no_increment_is_lost,
    increments_of_many_requests_at_once_sum_up,
    a_new_key_keeps_what_another_request_wrote,
];

/// Slow requests on the one handle and quick ones on the other, and the other way round.
fn both_ways(bench: &Bench) -> Outcome<[(Sessions, Sessions); 2]> {
    bench.needs_versions()?;
    let slow = |store| Sessions::new(Stage::new(store), &bench.settings);
    let (one, other) = (slow(&bench.one)?, slow(&bench.other)?);
    Ok([(one.clone(), other.clone()), (other, one)])
}

/// Calls `round` with the waits after which the slow request is stopped, until there have been enough rounds. It tells whether the request
/// was at its end before.
async fn rounds(bench: &Bench, round: impl AsyncFn(u32, usize) -> Outcome<bool>) -> Outcome {
    let mut waits = 0;
    for number in 1..=bench.rounds {
        let was_done = round(number, waits).await?;
        waits = if was_done { 0 } else { waits + 1 };
    }
    Ok(())
}

async fn changes_of_different_keys_stand_beside_each_other(bench: Bench) -> Outcome {
    let ways = both_ways(&bench)?;
    let [(one, _), _] = &ways;
    let cookie = visitor(one, &[("cart", 0), ("user", 0)]).await?;
    let interleaver = Interleaver::new();
    rounds(&bench, async |number, waits| {
        let [(slow, quick), (other_slow, other_quick)] = &ways;
        let (slow, quick) = if number % 2 == 0 {
            (slow, quick)
        } else {
            (other_slow, other_quick)
        };
        let (sessions, header) = (slow.clone(), cookie.clone());
        let slow = async move { set(&sessions, &header, "cart", number).await };
        let both = interleaver
            .run(slow, waits, set(quick, &cookie, "user", number))
            .await?;
        let when = format!(
            "after two requests that set one key each, of which one was stopped at wait {waits}"
        );
        let expected = [("cart", number), ("user", number)];
        ensure_stored(quick, &cookie, &expected, &when).await?;
        Ok(both.was_done)
    })
    .await
}

/// A request that counts one further.
async fn count(sessions: &Sessions, cookie: &str) -> Outcome {
    let (lazy, session) = request(sessions, cookie).await?;
    session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
    respond(sessions, &lazy).await.map(drop)
}

async fn no_increment_is_lost(bench: Bench) -> Outcome {
    let ways = both_ways(&bench)?;
    let [(one, _), _] = &ways;
    let cookie = visitor(one, &[("visits", 0)]).await?;
    let interleaver = Interleaver::new();
    rounds(&bench, async |number, waits| {
        let [(slow, quick), (other_slow, other_quick)] = &ways;
        let (slow, quick) = if number % 2 == 0 {
            (slow, quick)
        } else {
            (other_slow, other_quick)
        };
        let (sessions, header) = (slow.clone(), cookie.clone());
        let slow = async move { count(&sessions, &header).await };
        let both = interleaver.run(slow, waits, count(quick, &cookie)).await?;
        let when = format!(
            "after two requests that count one further, of which one was stopped at wait {waits}"
        );
        ensure_stored(quick, &cookie, &[("visits", 2 * number)], &when).await?;
        Ok(both.was_done)
    })
    .await
}

async fn increments_of_many_requests_at_once_sum_up(bench: Bench) -> Outcome {
    const MANY: u32 = 40;
    let ways = both_ways(&bench)?;
    let [(one, other), _] = &ways;
    let cookie = visitor(one, &[("visits", 0)]).await?;
    let tasks: Vec<_> = (0..MANY)
        .map(|number| {
            let sessions = if number % 2 == 0 { one } else { other };
            let (sessions, cookie) = (sessions.clone(), cookie.clone());
            tokio::spawn(async move { count(&sessions, &cookie).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let when = format!("after {MANY} requests at once that count one further each");
    ensure_stored(one, &cookie, &[("visits", MANY)], &when).await
}

async fn a_new_key_keeps_what_another_request_wrote(bench: Bench) -> Outcome {
    bench.needs(|powers| powers.atomic_rename, "atomic_rename")?;
    let [(slow, quick), _] = both_ways(&bench)?;
    let interleaver = Interleaver::new();
    let mut waits = 0;
    loop {
        let cookie = visitor(&slow, &[("cart", 1)]).await?;
        let (sessions, header) = (slow.clone(), cookie.clone());
        let slow = async move {
            let (lazy, session) = request(&sessions, &header).await?;
            session.insert("user", 7)?;
            session.cycle_key().await?;
            respond(&sessions, &lazy).await
        };
        let other = async {
            let (lazy, session) = request(&quick, &cookie).await?;
            session.insert("theme", 2)?;
            Ok(finish(&quick, &lazy).await)
        };
        let both = interleaver.run(slow, waits, other).await?;
        let new = both.slow.cookie.unwrap_or_default();
        ensure!(new != cookie, "`cycle_key` gave the key that was there");
        let expected: &[_] = match &both.quick {
            Ok(response) if response.cookie.as_ref() == Some(&cookie) => {
                &[("cart", 1), ("theme", 2), ("user", 7)]
            }
            // It came after the new key, and is told so or began a session of its own.
            Ok(_) | Err(SessionError::Interrupted) => &[("cart", 1), ("user", 7)],
            Err(error) => return Err(failed("the end of a request", error)),
        };
        let when = format!(
            "after a request that changed the key, stopped at wait {waits} for another one that wrote"
        );
        ensure_stored(&quick, &new, expected, &when).await?;
        ensure_stored(&quick, &cookie, &[], &format!("under the old key, {when}")).await?;
        if both.was_done {
            return Ok(());
        }
        waits += 1;
    }
}
