//! Telling the cache what changed, also when it does not listen at the moment.
//!
//! What is in the cache is true only as long as every change of the row reaches it. A change that does not (the cache is away, or the
//! request was dropped half-way) is noted here: reads of that key in this process pass the cache by, and a task puts a tombstone there as
//! soon as the cache answers again.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use crate::{
    deadline::{Deadline, Elapsed},
    engine::cache::Cache,
    error::StoreError,
};

/// So many keys are remembered. Beyond, every read passes the cache by until all of them are told.
const MOST: usize = 100_000;
/// How long the cache is left alone after it failed, so that an outage does not hold up every request.
const REST: Duration = Duration::from_secs(1);
/// How often the cache is tried while keys wait. Other processes may read old values until then.
const AGAIN: Duration = Duration::from_millis(50);

/// A cache of which it is known what it has not been told yet.
#[derive(Debug)]
pub(super) struct ToldCache<C> {
    cache: C,
    /// Of one call. Shorter than that of the store: the database still has to be asked after it.
    deadline: Deadline,
    tombstone: &'static [u8],
    tombstone_ttl: Duration,
    state: Mutex<State>,
    /// Whether the state says anything; saves the lock where nothing is wrong.
    troubled: AtomicBool,
}

/// Why the cache gave no answer.
enum Failure {
    /// It is away, and so for every session.
    Away,
    /// It cannot do this, for one session: what it would have to keep or to read is too large, or the key is none to it.
    Refused,
}

#[derive(Debug, Default)]
struct State {
    untold: HashSet<String>,
    overflown: bool,
    rests_until: Option<Instant>,
    /// Whether a task works on `untold`.
    telling: bool,
}

impl<C: Cache> ToldCache<C> {
    pub(super) fn new(
        cache: C,
        timeout: Duration,
        tombstone: &'static [u8],
        tombstone_ttl: Duration,
    ) -> Self {
        Self {
            cache,
            deadline: Deadline::new(timeout),
            tombstone,
            tombstone_ttl,
            state: Mutex::default(),
            troubled: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what the cache has under `key` may be believed, and the cache is there to be asked.
    pub(super) fn usable(&self, key: &str) -> bool {
        if !self.troubled.load(Ordering::Acquire) {
            return true;
        }
        let mut state = self.state();
        if state
            .rests_until
            .is_some_and(|until| until <= Instant::now())
        {
            state.rests_until = None;
        }
        self.note(&state);
        state.rests_until.is_none() && !state.overflown && !state.untold.contains(key)
    }

    fn note(&self, state: &State) {
        let fine = state.untold.is_empty() && !state.overflown && state.rests_until.is_none();
        self.troubled.store(!fine, Ordering::Release);
    }

    /// Asks the cache. `None` if it fails, which is logged.
    pub(super) async fn ask<'a, T, F>(&'a self, call: impl FnOnce(&'a C) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>> + 'a,
    {
        self.try_ask(call).await.ok()
    }

    async fn try_ask<'a, T, F>(&'a self, call: impl FnOnce(&'a C) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, StoreError>> + 'a,
    {
        let error = match self.deadline.of(call(&self.cache)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(Elapsed) => StoreError::Deadline {
                after: self.deadline.length(),
            },
        };
        if !matches!(
            error,
            StoreError::Unavailable { .. } | StoreError::Deadline { .. }
        ) {
            tracing::warn!(
                "the cache cannot keep a session, which is served from the database: {error}"
            );
            return Err(Failure::Refused);
        }
        let mut state = self.state();
        if state.rests_until.is_none() {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(
                cause,
                "the cache is away, so sessions are served from the database: {error}"
            );
        }
        state.rests_until = Some(Instant::now() + REST);
        self.note(&state);
        Err(Failure::Away)
    }

    /// Has everybody read `key` from the database for a while. If the cache cannot be told at the moment, it will be.
    pub(super) async fn invalidate(self: &Arc<Self>, key: &str) {
        let change = self.begin(key);
        if self.usable(key) && self.bury(key).await {
            change.told();
        }
    }

    /// As [`invalidate`](Self::invalidate), for many.
    pub(super) async fn invalidate_many(self: &Arc<Self>, keys: &[String]) {
        let changes: Vec<_> = keys.iter().map(|key| self.begin(key)).collect();
        if !keys.iter().all(|key| self.usable(key)) {
            return;
        }
        let put = self.try_ask(|cache| cache.put_many(keys, self.tombstone, self.tombstone_ttl));
        if !matches!(put.await, Err(Failure::Away)) {
            changes.into_iter().for_each(Change::told);
        }
    }

    async fn bury(&self, key: &str) -> bool {
        let put = self.try_ask(|cache| cache.put(key, self.tombstone, self.tombstone_ttl));
        // A cache that can keep nothing under this key has nothing to be told of.
        !matches!(put.await, Err(Failure::Away))
    }

    /// A change of the row under `key` begins, of which the cache has to be told.
    pub(super) fn begin<'a>(self: &'a Arc<Self>, key: &'a str) -> Change<'a, C> {
        Change {
            cache: self,
            key,
            told: false,
        }
    }

    fn remember(self: &Arc<Self>, key: &str) {
        let mut state = self.state();
        if state.untold.len() < MOST {
            state.untold.insert(key.to_owned());
        } else if !std::mem::replace(&mut state.overflown, true) {
            tracing::error!(
                "the cache has missed the changes of {MOST} sessions: other processes may read old values from it until it is emptied"
            );
        }
        self.note(&state);
        let begin = !std::mem::replace(&mut state.telling, true);
        drop(state);
        if begin {
            match Handle::try_current() {
                Ok(runtime) => {
                    let cache = Arc::downgrade(self);
                    runtime.spawn(async move {
                        while let Some(cache) = cache.upgrade()
                            && cache.tell_one().await
                        {}
                    });
                }
                // The program is ending.
                Err(_) => self.state().telling = false,
            }
        }
    }

    /// Tells the cache of one change; whether there are more.
    async fn tell_one(&self) -> bool {
        let next = {
            let mut state = self.state();
            let next = state.untold.iter().next().cloned();
            if next.is_none() {
                state.telling = false;
                state.overflown = false;
                self.note(&state);
            }
            next
        };
        let Some(key) = next else { return false };
        if self.bury(&key).await {
            let mut state = self.state();
            state.untold.remove(&key);
            state.rests_until = None;
            self.note(&state);
        } else {
            tokio::time::sleep(AGAIN).await;
        }
        true
    }
}

/// A change that the cache has to be told of. Dropped before, as when a visitor hangs up, it is told later.
pub(super) struct Change<'a, C: Cache> {
    cache: &'a Arc<ToldCache<C>>,
    key: &'a str,
    told: bool,
}

impl<C: Cache> Change<'_, C> {
    /// The cache knows, or has nothing to know.
    pub(super) fn told(mut self) {
        self.told = true;
    }
}

impl<C: Cache> Drop for Change<'_, C> {
    fn drop(&mut self) {
        if !self.told {
            self.cache.remember(self.key);
        }
    }
}
