//! Requests, as a framework's adapter makes them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::case::{Outcome, Stop, ensure, failed};
use crate::{
    error::SessionError,
    middleware::Sessions,
    session::{LazySession, Session},
    system::{OperatingSystem, RandomError, System},
};

/// A request with this `Cookie` header, up to its handler.
pub(super) async fn request(sessions: &Sessions, cookie: &str) -> Outcome<(LazySession, Session)> {
    let lazy = sessions.begin([cookie.as_bytes()]);
    let session = lazy.load().await;
    let session = session.map_err(|error| failed("a request that loads its session", &error))?;
    Ok((lazy, session))
}

/// What a response says about the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    /// The `Cookie` header of the requests that follow, if the response sets one.
    pub(super) cookie: Option<String>,
    pub(super) removes_cookie: bool,
}

/// The end of a request whose handler answered 200.
pub(super) async fn finish(
    sessions: &Sessions,
    lazy: &LazySession,
) -> Result<Response, SessionError> {
    let headers = match sessions.finish_now(lazy, 200) {
        Some(headers) => headers,
        None => sessions.finish(lazy, 200).await?,
    };
    let set_cookie = headers.set_cookie.as_deref().unwrap_or_default();
    let removes_cookie = set_cookie.contains("Max-Age=0");
    let pair = set_cookie.split(';').next().unwrap_or_default();
    Ok(Response {
        cookie: (!pair.is_empty() && !removes_cookie).then(|| pair.to_owned()),
        removes_cookie,
    })
}

/// As [`finish`], which must succeed.
pub(super) async fn respond(sessions: &Sessions, lazy: &LazySession) -> Outcome<Response> {
    let finished = finish(sessions, lazy).await;
    finished.map_err(|error| failed("the end of a request", &error))
}

/// A visitor's `Cookie` header after a first request that set these values.
pub(super) async fn visitor(sessions: &Sessions, values: &[(&str, u32)]) -> Outcome<String> {
    let (lazy, session) = request(sessions, "").await?;
    session.extend(values.iter().copied())?;
    let response = respond(sessions, &lazy).await?;
    response
        .cookie
        .ok_or_else(|| Stop::Failed("a new session was given no cookie".to_owned()))
}

/// What a later request finds, in order of the keys.
pub(super) async fn stored(sessions: &Sessions, cookie: &str) -> Outcome<Vec<(String, String)>> {
    let (_, session) = request(sessions, cookie).await?;
    let mut all: Vec<_> = session.iter().collect();
    all.sort();
    Ok(all)
}

/// That a later request finds these values, which are in order of their keys.
pub(super) async fn ensure_stored(
    sessions: &Sessions,
    cookie: &str,
    values: &[(&str, u32)],
    when: &str,
) -> Outcome {
    let found = stored(sessions, cookie).await?;
    let expected: Vec<_> = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.to_string()))
        .collect();
    ensure!(
        found == expected,
        "{when}, the session holds {found:?}, but {expected:?} was to be there"
    );
    Ok(())
}

/// A request that sets one value; the visitor's cookie afterwards.
pub(super) async fn set(
    sessions: &Sessions,
    cookie: &str,
    key: &str,
    value: u32,
) -> Outcome<String> {
    let (lazy, session) = request(sessions, cookie).await?;
    session.insert(key, value)?;
    let response = respond(sessions, &lazy).await?;
    Ok(response.cookie.unwrap_or_else(|| cookie.to_owned()))
}

/// A request that logs out.
pub(super) async fn log_out(sessions: &Sessions, cookie: &str) -> Outcome {
    let (lazy, session) = request(sessions, cookie).await?;
    let flushed = session.flush().await;
    flushed.map_err(|error| failed("`flush`", &error))?;
    let response = respond(sessions, &lazy).await?;
    ensure!(
        response.removes_cookie,
        "after `flush`, the response does not remove the cookie"
    );
    Ok(())
}

/// A random source that gives the same key again each time it is loaded.
#[derive(Debug)]
pub(super) struct LoadedDice {
    key: [u8; 32],
    next: Mutex<VecDeque<u8>>,
}

impl LoadedDice {
    pub(super) fn new() -> Outcome<Arc<Self>> {
        let mut key = [0; 32];
        OperatingSystem.fill_random(&mut key)?;
        // Higher bytes would be drawn again, so that every letter is equally likely.
        let key = key.map(|byte| byte % 36);
        Ok(Arc::new(Self {
            key,
            next: Mutex::default(),
        }))
    }

    /// The next key that is drawn is the one that was drawn when it was loaded before.
    pub(super) fn load(&self) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = self.key.into();
    }
}

impl System for LoadedDice {
    fn now(&self) -> SystemTime {
        OperatingSystem.now()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        OperatingSystem.fill_random(bytes)?;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            *byte = next.pop_front().unwrap_or(*byte);
        }
        Ok(())
    }
}
