//! Deadlines that cost no system call.
//!
//! A new timer that ends before all others wakes the runtime's driver: a write to an `eventfd` and one more `epoll_wait`, which is a third
//! more system calls for a read of a database. Moving a timer that stands to a later moment is one atomic operation. So timers are kept when
//! their call is answered, and moved on for the next one.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tokio::{
    runtime::{Handle, Id},
    task::unconstrained,
    time::{Instant, Sleep, sleep_until},
};

/// Timers that wait for their next call.
#[derive(Default)]
pub(crate) struct Timers(Mutex<Vec<Timer>>);

struct Timer {
    /// A timer is of use in its own runtime alone.
    runtime: Id,
    sleep: Pin<Box<Sleep>>,
}

impl Timers {
    /// What `call` answers; `None` if it has not answered by `deadline`, which is asked for when it has to wait. One that answers at once
    /// never meets a timer.
    pub(crate) async fn within<F: Future>(
        &self,
        deadline: impl FnOnce() -> Instant,
        call: F,
    ) -> Option<F::Output> {
        let mut call = pin!(call);
        let mut deadline = Some(deadline);
        let mut lent = None;
        poll_fn(|context| {
            if let Poll::Ready(answer) = call.as_mut().poll(context) {
                return Poll::Ready(Some(answer));
            }
            if let Some(deadline) = deadline.take() {
                lent = Some(Lent::from(self, deadline()));
            }
            let Some(timer) = lent.as_mut().and_then(|lent| lent.timer.as_mut()) else {
                return Poll::Pending;
            };
            // A call that uses up the task's budget at each poll has a deadline too.
            pin!(unconstrained(timer.sleep.as_mut()))
                .poll(context)
                .map(|()| None)
        })
        .await
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

impl std::fmt::Debug for Timers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
    }

    async fn silent(timers: &Timers, seconds: u64) -> Duration {
        let started = Instant::now();
        let limit = Duration::from_secs(seconds);
        let answer = timers.within(|| started + limit, pending::<()>()).await;
        assert!(answer.is_none());
        started.elapsed()
    }

    #[test]
    fn each_call_has_its_own_deadline_on_a_timer_that_was_used_before() {
        runtime().block_on(async {
            let timers = Timers::default();
            for seconds in [5, 1, 3] {
                let waited = silent(&timers, seconds).await;
                assert_eq!(waited.as_secs(), seconds);
            }
            let slow = tokio::time::sleep(Duration::from_secs(2));
            let deadline = || Instant::now() + Duration::from_secs(3);
            assert!(timers.within(deadline, slow).await.is_some());
            // Its timer still stands at an earlier moment than this one needs.
            assert_eq!(silent(&timers, 4).await.as_secs(), 4);
        });
    }

    #[test]
    fn a_call_in_a_second_runtime_has_a_deadline_after_the_first_has_ended() {
        let timers = Timers::default();
        for _ in 0..2 {
            assert_eq!(runtime().block_on(silent(&timers, 1)).as_secs(), 1);
        }
    }
}
