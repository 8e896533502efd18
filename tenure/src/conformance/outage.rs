//! The store's server is away, and comes back.

use std::time::{Duration, Instant};

use super::{
    case::{Outcome, Stop, ensure},
    request::{ensure_stored, request, respond, stored, visitor},
};
use crate::{
    error::{SessionError, StoreError},
    middleware::Sessions,
    session::LazySession,
};

/// What an outage breaks. See [`outage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// Every call: the server is stopped or paused, the line is cut.
    Everything,
    /// Only what writes: the server is read-only, its memory or disk is full.
    Writes,
}

/// Which rule about outages the store breaks.
///
/// See [`outage`] for an example.
#[derive(Debug, thiserror::Error)]
#[error("the store breaks a rule about outages: {0}")]
pub struct Failed(String);

/// How much later than its deadline a call may answer: the machine is busy.
const GRACE: Duration = Duration::from_millis(1500);
/// How long the store may take to be well again after `heal`.
const RECOVERY: Duration = Duration::from_secs(20);

/// Checks what visitors get while the store's server is away: 503 within the deadline, nobody logged out, and all as before afterwards.
///
/// `break_it` makes the server fail, `heal` ends that; the same `sessions` must go on then. It makes visitors of its own.
///
/// * While it is broken, requests that use their session, and those that only write in the case of [`Broken::Writes`], are answered with
///   503 no later than `settings.store_timeout` says. No cookie is set or removed. A new visitor is not given one.
/// * A request that does not touch its session does not notice.
/// * After `heal`, within 20 seconds, the visitors' old cookies work, with all that was there.
///
/// Set a short `store_timeout`, since every call may take as long.
///
/// # Errors
///
/// The first rule that does not hold.
///
/// # Example
///
/// ```no_run
/// // Not run: it needs a server to stop.
/// # async fn stop_the_server() {}
/// # async fn start_the_server() {}
/// # async fn example(sessions: tenure::Sessions) -> Result<(), tenure::conformance::Failed> {
/// use tenure::conformance::{self, Broken};
///
/// conformance::outage(
///     &sessions,
///     Broken::Everything,
///     async || stop_the_server().await,
///     async || start_the_server().await,
/// )
/// .await?;
/// # Ok(())
/// # }
/// ```
pub async fn outage(
    sessions: &Sessions,
    broken: Broken,
    break_it: impl AsyncFnOnce(),
    heal: impl AsyncFnOnce(),
) -> Result<(), Failed> {
    match stages(sessions, broken, break_it, heal).await {
        Ok(()) => Ok(()),
        Err(Stop::Failed(why) | Stop::DoesNotApply(why)) => Err(Failed(why)),
    }
}

async fn stages(
    sessions: &Sessions,
    broken: Broken,
    break_it: impl AsyncFnOnce(),
    heal: impl AsyncFnOnce(),
) -> Outcome {
    let mine = [("user", 7)];
    let reader = visitor(sessions, &mine).await?;
    let writer = visitor(sessions, &mine).await?;
    // What these ask for may be done after all when a paused server goes on, so nothing is known of their sessions afterwards.
    let (leaver, mover) = (
        visitor(sessions, &mine).await?,
        visitor(sessions, &mine).await?,
    );
    let (writing, written) = request(sessions, &writer).await?;
    written.insert("cart", 1)?;
    let (leaving, left) = request(sessions, &leaver).await?;
    let (mover_request, changing) = request(sessions, &mover).await?;
    let (new, anonymous) = request(sessions, "").await?;
    anonymous.insert("cart", 1)?;

    break_it().await;
    let during = "while the store is away";
    if broken == Broken::Everything {
        let lazy = sessions.begin([reader.as_bytes()]);
        let call = async || lazy.load().await.map(drop);
        fails(
            sessions,
            &lazy,
            call,
            &format!("a request that reads, {during},"),
        )
        .await?;
    }
    let call = async || sessions.finish(&writing, 200).await.map(drop);
    fails(
        sessions,
        &writing,
        call,
        &format!("a request that writes, {during},"),
    )
    .await?;
    let call = async || sessions.finish(&new, 200).await.map(drop);
    fails(
        sessions,
        &new,
        call,
        &format!("a new visitor's request, {during},"),
    )
    .await?;
    let what = format!("a request that changes its key, {during},");
    fails(
        sessions,
        &mover_request,
        async || changing.cycle_key().await,
        &what,
    )
    .await?;
    if broken == Broken::Everything {
        let what = format!("a request that logs out, {during},");
        fails(sessions, &leaving, async || left.flush().await, &what).await?;
    }
    let untouched = sessions.begin([reader.as_bytes()]);
    let headers = sessions.finish_now(&untouched, 200);
    ensure!(
        headers
            .as_ref()
            .is_some_and(|headers| headers.set_cookie.is_none() && !headers.vary_cookie),
        "{during}, a request that does not touch its session is answered with {headers:?}"
    );

    heal().await;
    recover(sessions, &reader).await?;
    let after = "after the outage";
    ensure_stored(sessions, &reader, &mine, after).await?;
    // A write whose answer was lost may have been done.
    let found = stored(sessions, &writer).await?;
    let whole = [vec![("user", "7")], vec![("cart", "1"), ("user", "7")]];
    let pairs: Vec<_> = found
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    ensure!(
        whole.contains(&pairs),
        "{after}, a session that was to be written holds {found:?}, neither the old values nor the new"
    );
    let (lazy, session) = request(sessions, &reader).await?;
    session.insert("after", 1)?;
    respond(sessions, &lazy).await?;
    ensure_stored(sessions, &reader, &[("after", 1), ("user", 7)], after).await?;
    visitor(sessions, &mine).await.map(drop)
}

/// That the call fails as an outage, in time, and says nothing about the cookie.
async fn fails(
    sessions: &Sessions,
    lazy: &LazySession,
    call: impl AsyncFnOnce() -> Result<(), SessionError>,
    what: &str,
) -> Outcome {
    let deadline = sessions.store().deadline();
    let started = Instant::now();
    let Err(error) = call().await else {
        return Err(Stop::Failed(format!("{what} succeeds")));
    };
    let took = started.elapsed();
    ensure!(
        matches!(
            error,
            SessionError::Store(StoreError::Unavailable { .. } | StoreError::Deadline { .. })
        ),
        "{what} fails with another error than an outage: {error}"
    );
    ensure!(
        took <= deadline + GRACE,
        "{what} fails after {took:?}, when the deadline is {deadline:?}"
    );
    let headers = sessions.finish_now(lazy, error.status());
    let set_cookie = headers.and_then(|headers| headers.set_cookie);
    ensure!(
        set_cookie.is_none(),
        "{what} is answered with the cookie {set_cookie:?}"
    );
    Ok(())
}

/// Waits until the store answers again.
async fn recover(sessions: &Sessions, cookie: &str) -> Outcome {
    let started = tokio::time::Instant::now();
    loop {
        let lazy = sessions.begin([cookie.as_bytes()]);
        let Err(error) = lazy.load().await else {
            return Ok(());
        };
        ensure!(
            started.elapsed() < RECOVERY,
            "{RECOVERY:?} after the outage, the store still fails: {error}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
