//! Deadlines that cost no system call.
//!
//! A new timer that ends before all others wakes the runtime's driver: a write to an `eventfd` and one more `epoll_wait`, which is a third
//! more system calls for a read of a database. Moving a timer that stands to a later moment is one atomic operation. So timers are kept when
//! their call is answered, and moved on for the next one.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    runtime::{Handle, Id},
    task::unconstrained,
    time::{Instant, Sleep, sleep_until},
};

/// As good as never, for a time that cannot be added to a date.
const FAR: Duration = Duration::from_hours(24 * 365 * 30);

/// The same time for each of any number of calls. Clones share their timers.
#[derive(Clone)]
pub(crate) struct Deadline {
    length: Duration,
    timers: Arc<Timers>,
}

/// The time is up.
#[derive(Debug)]
pub(crate) struct Elapsed;

impl Deadline {
    pub(crate) fn new(length: Duration) -> Self {
        Self {
            length,
            timers: Arc::default(),
        }
    }

    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    /// What `call` answers, if it does in time. What answers at once is never late.
    pub(crate) fn of<F: Future>(&self, call: F) -> Within<'_, F, impl FnOnce() -> Instant> {
        let due = || {
            let now = Instant::now();
            now.checked_add(self.length).unwrap_or(now + FAR)
        };
        self.timers.within(due, call)
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.length.fmt(f)
    }
}

/// Timers that wait for their next call.
#[derive(Default)]
pub(crate) struct Timers(Mutex<Vec<Timer>>);

struct Timer {
    /// A timer is of use in its own runtime alone.
    runtime: Id,
    sleep: Pin<Box<Sleep>>,
}

impl Timers {
    /// What `call` answers, if it does by `deadline`, which is asked for when it has to wait. One that answers at once never meets a timer.
    pub(crate) fn within<F: Future, D: FnOnce() -> Instant>(
        &self,
        deadline: D,
        call: F,
    ) -> Within<'_, F, D> {
        Within {
            call,
            deadline: Some(deadline),
            timers: self,
            lent: None,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pin_project! {
    /// A call that has to answer in time.
    ///
    /// No `async fn`: that would hold its argument and what becomes of it, so that two in each other quadruple the size of the call. Such
    /// futures lie in boxes, and the allocator is slow with more than a kilobyte.
    pub(crate) struct Within<'t, F, D> {
        #[pin]
        call: F,
        deadline: Option<D>,
        timers: &'t Timers,
        lent: Option<Lent<'t>>,
    }
}

impl<F: Future, D: FnOnce() -> Instant> Future for Within<'_, F, D> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(answer) = this.call.poll(context) {
            return Poll::Ready(Ok(answer));
        }
        if let Some(deadline) = this.deadline.take() {
            *this.lent = Some(Lent::from(this.timers, deadline()));
        }
        let Some(timer) = this.lent.as_mut().and_then(|lent| lent.timer.as_mut()) else {
            return Poll::Pending;
        };
        // A call that uses up the task's budget at each poll has a deadline too.
        pin!(unconstrained(timer.sleep.as_mut()))
            .poll(context)
            .map(|()| Err(Elapsed))
    }
}

/// A timer that is kept again once its call has an answer, or is dropped.
struct Lent<'a> {
    timers: &'a Timers,
    timer: Option<Timer>,
}

impl<'a> Lent<'a> {
    fn from(timers: &'a Timers, deadline: Instant) -> Self {
        let runtime = Handle::current().id();
        let kept = timers.kept().pop();
        let timer = match kept.filter(|timer| timer.runtime == runtime) {
            Some(mut timer) => {
                timer.sleep.as_mut().reset(deadline);
                timer
            }
            None => Timer {
                runtime,
                sleep: Box::pin(sleep_until(deadline)),
            },
        };
        Self {
            timers,
            timer: Some(timer),
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.timers.kept().extend(self.timer.take());
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::sleep;

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
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_was_used_before_serves_an_earlier_deadline() {
        let timers = Timers::default();
        for seconds in [5, 1, 3] {
            let began = Instant::now();
            let due = began + Duration::from_secs(seconds);
            assert!(timers.within(|| due, pending::<()>()).await.is_err());
            assert_eq!(began.elapsed().as_secs(), seconds);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_leaves_its_timer_to_the_next() {
        let deadline = Deadline::new(LENGTH);
        let call = tokio::spawn({
            let deadline = deadline.clone();
            async move { deadline.of(pending::<()>()).await }
        });
        sleep(Duration::from_secs(1)).await;
        call.abort();
        assert!(call.await.is_err());
        assert_eq!(deadline.timers.kept().len(), 1);
        let began = Instant::now();
        assert!(deadline.of(pending::<()>()).await.is_err());
        assert_eq!(began.elapsed(), LENGTH);
    }

    #[test]
    fn a_deadline_outlives_the_runtime_that_first_met_it() {
        let deadline = Deadline::new(LENGTH);
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                assert!(deadline.of(sleep(Duration::from_millis(1))).await.is_ok());
                assert!(deadline.of(pending::<()>()).await.is_err());
            });
        }
    }
}
