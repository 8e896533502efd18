//! Deadlines that cost no system call.
//!
//! A new timer that ends before all others wakes the runtime's driver: a write to an `eventfd` and one more `epoll_wait`, which is a third
//! more system calls for a read of a database. Moving a timer that stands to a later moment is one atomic operation. So timers are kept when
//! their call is answered, and moved on for the next one.
//!
//! Most calls with a deadline are made of one with an earlier deadline: that of the store has in it that of its server. As long as the
//! inner one waits, its timer does for both.

use std::{
    cell::Cell,
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
    pub(crate) fn of<F: Future>(
        &self,
        call: F,
    ) -> Within<'_, F, impl FnOnce(&mut Clock) -> Instant> {
        self.timers.within(|clock| self.due(clock.now()), call)
    }

    /// The same, and since when it has waited; it stays `None` if it does not have to.
    #[cfg(any(feature = "redis", test))]
    pub(crate) fn of_waiting<'a, F: Future>(
        &'a self,
        since: &'a mut Option<Instant>,
        call: F,
    ) -> Within<'a, F, impl FnOnce(&mut Clock) -> Instant> {
        let due = |clock: &mut Clock| self.due(*since.insert(clock.now()));
        self.timers.within(due, call)
    }

    fn due(&self, now: Instant) -> Instant {
        now.checked_add(self.length).unwrap_or(now + FAR)
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.length.fmt(f)
    }
}

/// Tells the time, of which all calls in each other need one reading.
pub(crate) struct Clock(Option<Instant>);

impl Clock {
    pub(crate) fn now(&mut self) -> Instant {
        *self.0.get_or_insert_with(Instant::now)
    }
}

/// A timer that will wake a task.
#[derive(Clone, Copy)]
struct Armed {
    due: Instant,
    /// When its call began to wait, if the clock was read for that.
    since: Option<Instant>,
    /// The waker's, by which a task is told from others that are polled inside it.
    task: *const (),
}

thread_local! {
    /// The timer that was last seen to run, in the poll that goes on.
    static ARMED: Cell<Option<Armed>> = const { Cell::new(None) };
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
    pub(crate) fn within<F: Future, D: FnOnce(&mut Clock) -> Instant>(
        &self,
        deadline: D,
        call: F,
    ) -> Within<'_, F, D> {
        Within {
            call,
            deadline: Some(deadline),
            due: None,
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
        due: Option<Instant>,
        timers: &'t Timers,
        lent: Option<Lent<'t>>,
    }
}

impl<F: Future, D: FnOnce(&mut Clock) -> Instant> Future for Within<'_, F, D> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ARMED.set(None);
        if let Poll::Ready(answer) = this.call.poll(context) {
            return Poll::Ready(Ok(answer));
        }
        let task = context.waker().data();
        // Not that of another task which was polled in this one, nor one that was given up meanwhile.
        let inner = ARMED.get().filter(|armed| armed.task == task);
        let mut clock = Clock(inner.and_then(|armed| armed.since));
        if let Some(deadline) = this.deadline.take() {
            *this.due = Some(deadline(&mut clock));
        }
        let Some(due) = *this.due else {
            return Poll::Pending;
        };
        if this.lent.is_none() && inner.is_some_and(|armed| armed.due <= due) {
            return Poll::Pending;
        }
        let lent = this
            .lent
            .get_or_insert_with(|| Lent::from(this.timers, due));
        let Some(timer) = lent.timer.as_mut() else {
            return Poll::Pending;
        };
        // A call that uses up the task's budget at each poll has a deadline too.
        let late = pin!(unconstrained(timer.sleep.as_mut())).poll(context);
        ARMED.set(Some(Armed {
            due,
            since: clock.0,
            task,
        }));
        late.map(|()| Err(Elapsed))
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
        ARMED.set(None);
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
            assert!(timers.within(|_| due, pending::<()>()).await.is_err());
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

    /// How many timers it has made, once no call waits.
    fn made(deadline: &Deadline) -> usize {
        deadline.timers.kept().len()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_in_each_other_share_the_earlier_timer() {
        let (outer, inner) = (Deadline::new(LENGTH), Deadline::new(LENGTH * 4 / 5));
        let began = Instant::now();
        let answer = outer.of(inner.of(pending::<()>())).await;
        assert!(matches!(answer, Ok(Err(Elapsed))));
        assert_eq!(began.elapsed(), LENGTH * 4 / 5);
        assert_eq!((made(&outer), made(&inner)), (0, 1));

        // The later one counts from the beginning of all, and takes over when the inner call is over.
        let began = Instant::now();
        let two = async {
            let first = inner.of(sleep(Duration::from_secs(3))).await;
            (first.is_ok(), inner.of(pending::<()>()).await.is_err())
        };
        assert!(outer.of(two).await.is_err());
        assert_eq!(began.elapsed(), LENGTH);
        let began = Instant::now();
        let then_without = async {
            inner.of(pending::<()>()).await.unwrap_err();
            pending::<()>().await;
        };
        assert!(outer.of(then_without).await.is_err());
        assert_eq!(began.elapsed(), LENGTH);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_was_given_up_or_is_of_another_task_does_not_count() {
        let (outer, inner) = (Deadline::new(LENGTH), Deadline::new(LENGTH / 5));
        let began = Instant::now();
        let given_up = async {
            tokio::select! {
                biased;
                _ = inner.of(pending::<()>()) => {}
                () = ready(()) => {}
            }
            pending::<()>().await;
        };
        assert!(outer.of(given_up).await.is_err());
        assert_eq!(began.elapsed(), LENGTH);

        // Nobody is woken by this waker, so that the outer call needs a timer of its own.
        let began = Instant::now();
        let unheard = async {
            let mut call = pin!(inner.of(pending::<()>()));
            let polled = call
                .as_mut()
                .poll(&mut Context::from_waker(std::task::Waker::noop()));
            assert!(polled.is_pending());
            pending::<()>().await;
        };
        assert!(outer.of(unheard).await.is_err());
        assert_eq!(began.elapsed(), LENGTH);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_known_since_when_a_call_has_waited() {
        let deadline = Deadline::new(LENGTH);
        let mut since = None;
        assert!(deadline.of_waiting(&mut since, ready(())).await.is_ok());
        assert_eq!(since, None);
        let began = Instant::now();
        let call = sleep(Duration::from_secs(1));
        assert!(deadline.of_waiting(&mut since, call).await.is_ok());
        assert_eq!(since, Some(began));
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
