//! A deadline for every call, at the price of a lock.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time::{Instant, Sleep, sleep_until},
};

/// As good as never, for a time that cannot be added to a date.
const FAR: Duration = Duration::from_hours(24 * 365 * 30);
/// More places than this are given back once no call waits.
const MANY: usize = 1024;

/// The same time for each of any number of calls. Clones share one timer.
///
/// Since all have the same time, whoever began first is due first, and one timer that is set for them is enough. It stays set when they are
/// through, and is set again when it rings, at most once in that time. `tokio::time::timeout` sets and clears one for each call, and each
/// that is the earliest wakes the runtime's thread by a system call: 700 instructions, a `write` and often an `epoll_wait` more.
#[derive(Clone)]
pub(crate) struct Deadline {
    length: Duration,
    waiting: Arc<Mutex<Waiting>>,
}

/// The time is up.
#[derive(Debug)]
pub(crate) struct Elapsed;

#[derive(Default)]
struct Waiting {
    /// In the order in which they began. None has a place that is free again.
    calls: VecDeque<Option<Call>>,
    /// The number of the first of them.
    first: u64,
    /// The runtimes of which a task waits for the first to be due. One that stands still must hold up no call of another.
    watching: Vec<runtime::Id>,
}

struct Call {
    due: Instant,
    waker: Waker,
}

impl Deadline {
    pub(crate) fn new(length: Duration) -> Self {
        Self {
            length,
            waiting: Arc::default(),
        }
    }

    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    /// What `call` answers, if it does in time. What answers at once is never late.
    pub(crate) async fn of<F: Future>(&self, call: F) -> Result<F::Output, Elapsed> {
        let mut call = pin!(call);
        let mut place = Place {
            deadline: self,
            number: None,
        };
        poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending if place.wait(context.waker()) => Poll::Pending,
            Poll::Pending => Poll::Ready(Err(Elapsed)),
        })
        .await
    }

    fn watch(&self, runtime: runtime::Id, due: Instant) {
        let watch = Watch {
            waiting: Arc::clone(&self.waiting),
            runtime,
            is_over: false,
        };
        // Made here, so that a runtime without timers is found out by the call and not by a task.
        tokio::spawn(watch.until(sleep_until(due)));
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.length.fmt(f)
    }
}

/// A call's place among those that wait.
struct Place<'a> {
    deadline: &'a Deadline,
    number: Option<u64>,
}

impl Place<'_> {
    /// Has the call woken when it is due; `false` if it is.
    fn wait(&mut self, waker: &Waker) -> bool {
        let mut waiting = lock(&self.deadline.waiting);
        let number = *self.number.get_or_insert_with(|| {
            let now = Instant::now();
            let due = now.checked_add(self.deadline.length).unwrap_or(now + FAR);
            let waker = waker.clone();
            waiting.calls.push_back(Some(Call { due, waker }));
            waiting.first + waiting.calls.len() as u64 - 1
        });
        let Some(call) = waiting.place(number).and_then(Option::as_mut) else {
            return false;
        };
        call.waker.clone_from(waker);
        let due = call.due;
        let runtime = Handle::current().id();
        let watched = waiting.watching.contains(&runtime);
        if !watched {
            waiting.watching.push(runtime);
        }
        drop(waiting);
        if !watched {
            self.deadline.watch(runtime, due);
        }
        true
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut waiting = lock(&self.deadline.waiting);
        if let Some(place) = waiting.place(number) {
            *place = None;
        }
        waiting.clear();
    }
}

impl Waiting {
    /// `None` for a call that was due.
    fn place(&mut self, number: u64) -> Option<&mut Option<Call>> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.calls.get_mut(index)
    }

    /// Takes the free places from the front.
    fn clear(&mut self) {
        while self.calls.front().is_some_and(Option::is_none) {
            self.calls.pop_front();
            self.first += 1;
        }
        if self.calls.is_empty() && self.calls.capacity() > MANY {
            self.calls = VecDeque::new();
        }
    }

    /// Takes those that are due by `now`.
    fn due(&mut self, now: Instant) -> Vec<Waker> {
        let mut wakers = Vec::new();
        self.clear();
        while let Some(Some(call)) = self.calls.front()
            && call.due <= now
        {
            let call = self.calls.pop_front().flatten();
            wakers.extend(call.map(|call| call.waker));
            self.first += 1;
            self.clear();
        }
        wakers
    }
}

/// Waits for calls to be due, until there are none.
struct Watch {
    waiting: Arc<Mutex<Waiting>>,
    runtime: runtime::Id,
    is_over: bool,
}

impl Watch {
    async fn until(mut self, sleep: Sleep) {
        let mut sleep = pin!(sleep);
        while !self.is_over {
            sleep.as_mut().await;
            let mut waiting = lock(&self.waiting);
            let wakers = waiting.due(Instant::now());
            if let Some(Some(next)) = waiting.calls.front() {
                sleep.as_mut().reset(next.due);
            } else {
                waiting.watching.retain(|runtime| *runtime != self.runtime);
                self.is_over = true;
            }
            drop(waiting);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl Drop for Watch {
    /// Its runtime has ended. Calls on another one are woken, and the first of them watches on.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut waiting = lock(&self.waiting);
        waiting.watching.retain(|runtime| *runtime != self.runtime);
        let wakers: Vec<_> = waiting
            .calls
            .iter()
            .flatten()
            .map(|call| call.waker.clone())
            .collect();
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::{
        task::yield_now,
        time::{advance, sleep},
    };

    use super::*;

    const LENGTH: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn each_call_has_its_own_time() {
        let deadline = Deadline::new(LENGTH);
        let late = |after: u64| {
            let deadline = deadline.clone();
            tokio::spawn(async move {
                sleep(Duration::from_secs(after)).await;
                let began = Instant::now();
                let answer = deadline.of(pending::<()>()).await;
                (answer.is_err(), began.elapsed().as_secs())
            })
        };
        for call in [late(0), late(2), late(2), late(30)] {
            assert_eq!(call.await.unwrap(), (true, 5));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_answers_in_time_is_not_late() {
        let deadline = Deadline::new(LENGTH);
        assert_eq!(deadline.of(ready(1)).await.unwrap(), 1);
        for seconds in [4, 4, 1] {
            let call = deadline.of(sleep(Duration::from_secs(seconds)));
            assert!(call.await.is_ok());
        }
        assert!(deadline.of(sleep(Duration::from_secs(6))).await.is_err());
        assert!(lock(&deadline.waiting).calls.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_leaves_no_place() {
        let deadline = Deadline::new(LENGTH);
        let call = tokio::spawn({
            let deadline = deadline.clone();
            async move { deadline.of(pending::<()>()).await }
        });
        yield_now().await;
        assert_eq!(lock(&deadline.waiting).calls.len(), 1);
        call.abort();
        assert!(call.await.is_err());
        assert!(lock(&deadline.waiting).calls.is_empty());
        advance(LENGTH * 2).await;
        assert!(deadline.of(pending::<()>()).await.is_err());
    }

    #[test]
    fn a_runtime_that_stands_still_or_has_ended_holds_up_no_call_of_another() {
        let deadline = Deadline::new(Duration::from_millis(50));
        let runtime = || {
            let mut builder = runtime::Builder::new_current_thread();
            builder.enable_time().build().unwrap()
        };
        let answered = |runtime: &runtime::Runtime| {
            let call = async { deadline.of(sleep(Duration::from_millis(1))).await };
            assert!(runtime.block_on(call).is_ok());
        };
        let still = runtime();
        answered(&still);
        answered(&runtime());
        let late = runtime().block_on(async { deadline.of(pending::<()>()).await });
        assert!(late.is_err());
        drop(still);
    }
}
