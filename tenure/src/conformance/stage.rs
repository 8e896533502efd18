//! Interleavings, forced.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, SystemTime},
};

use super::case::Outcome;
use crate::{
    error::StoreError,
    key::SessionKey,
    record::{Record, Version},
    store::{Created, Listed, Powers, Renamed, Saved, SessionStore, Store},
};

/// How far the calls of one request have come.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) finished: Vec<&'static str>,
    pub(super) under_way: Option<&'static str>,
    /// A `delete` said that there was a session.
    pub(super) deleted: bool,
    /// A `rename` said that it moved the session.
    pub(super) renamed: bool,
}

impl Progress {
    /// Whether the call was answered already.
    pub(super) fn has(&self, call: &str) -> bool {
        self.finished.contains(&call)
    }

    /// Whether the call may have reached the store.
    pub(super) fn may_have(&self, call: &str) -> bool {
        self.has(call) || self.under_way == Some(call)
    }
}

/// A store that takes a while to be asked and a while to answer, so that a request waits before and after each of its calls, and can be
/// stopped there; and that remembers how far the calls have come.
#[derive(Clone)]
pub(super) struct Stage {
    store: Store,
    progress: Arc<Mutex<Progress>>,
}

impl Stage {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            progress: Arc::default(),
        }
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn step<T>(&self, name: &'static str, call: impl Future<Output = T>) -> T {
        tokio::task::yield_now().await;
        self.progress().under_way = Some(name);
        let answer = call.await;
        {
            let mut progress = self.progress();
            progress.under_way = None;
            progress.finished.push(name);
        }
        tokio::task::yield_now().await;
        answer
    }
}

impl SessionStore for Stage {
    fn engine(&self) -> &'static str {
        self.store.engine()
    }

    fn powers(&self) -> Powers {
        self.store.powers()
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.step("load", self.store.load(key)).await
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.step("create", self.store.create(key, record)).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.step("save", self.store.save(key, record, base)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let deleted = self.step("delete", self.store.delete(key)).await;
        self.progress().deleted |= matches!(deleted, Ok(true));
        deleted
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        let call = self.store.rename(old, new, record, base);
        let renamed = self.step("rename", call).await;
        self.progress().renamed |= matches!(renamed, Ok(Renamed::Renamed(_)));
        renamed
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        let call = self.store.touch(key, expires_at, base);
        self.step("touch", call).await
    }

    async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Result<bool, StoreError> {
        let call = self.store.delete_expired(key, now);
        self.step("delete_expired", call).await
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.store.clear_expired(now, limit).await
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.store.scan(after, limit).await
    }
}

/// Runs `future` until it has had to wait `waits` times; its answer if it came to its end before.
pub(super) async fn run_until<F: Future + ?Sized>(
    mut future: Pin<&mut F>,
    waits: usize,
) -> Option<F::Output> {
    let mut left = waits;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What came of two requests of which one was stopped.
pub(super) struct Both<A, B> {
    pub(super) slow: A,
    pub(super) quick: B,
    /// The slow one was at its end before it had to be stopped: it has no further point to be stopped at.
    pub(super) was_done: bool,
    /// The quick one ran from its beginning to its end while the slow one stood still. Not so where a store lets one call wait for
    /// another, as the second of two equal reads for the answer of the first.
    pub(super) forced: bool,
}

/// Stops one request for another. Remembers how long it is worth waiting for the other one.
pub(super) struct Interleaver {
    patience: Cell<Duration>,
}

impl Interleaver {
    pub(super) fn new() -> Self {
        Self {
            patience: Cell::new(Duration::from_millis(500)),
        }
    }

    /// Runs `slow` until it has had to wait `waits` times, then `quick` from its beginning to its end, then `slow` to its end.
    ///
    /// If `quick` waits for `slow`, both go on together.
    pub(super) async fn run<A: Send + 'static, B>(
        &self,
        slow: impl Future<Output = Outcome<A>> + Send + 'static,
        waits: usize,
        quick: impl Future<Output = Outcome<B>>,
    ) -> Outcome<Both<A, B>> {
        let mut slow = Box::pin(slow);
        if let Some(slow) = run_until(slow.as_mut(), waits).await {
            return Ok(Both {
                slow: slow?,
                quick: quick.await?,
                was_done: true,
                forced: true,
            });
        }
        let mut quick = Box::pin(quick);
        let in_time = tokio::time::timeout(self.patience.get(), quick.as_mut()).await;
        let forced = in_time.is_ok();
        let (slow, quick) = if let Ok(quick) = in_time {
            (slow.await?, quick?)
        } else {
            // It would be as long the next time.
            self.patience
                .set((self.patience.get() / 2).max(Duration::from_millis(5)));
            let slow = tokio::spawn(slow);
            let quick = quick.await?;
            (slow.await??, quick)
        };
        Ok(Both {
            slow,
            quick,
            was_done: false,
            forced,
        })
    }
}
