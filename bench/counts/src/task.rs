//! What is counted, and what counts it.

use std::{
    fmt,
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use crate::Error;

/// Counts what a piece of work costs.
pub trait Counter {
    /// Does `work`, and adds what it costs to the present call.
    fn count(&mut self, work: &mut dyn FnMut());

    /// The present call is over.
    fn next(&mut self);
}

/// Does the work and counts nothing.
struct Nothing;

impl Counter for Nothing {
    fn count(&mut self, work: &mut dyn FnMut()) {
        work();
    }
    fn next(&mut self) {}
}

/// Something to be done again and again.
pub struct Task<'a> {
    calls: usize,
    call: Call<'a>,
}

type Call<'a> = Box<dyn FnMut(&mut dyn Counter) -> Result<(), Error> + 'a>;

/// A task with the name by which the file and the tables know it.
#[derive(Debug)]
pub struct Named<'a> {
    /// Part after part, the most general first.
    pub name: String,
    /// What is counted.
    pub task: Task<'a>,
}

impl<'a> Task<'a> {
    /// A task of which `calls` are counted, after a tenth as many that are not, until maps and caches have their size. `call` is to hand
    /// to the counter what is to be counted.
    pub fn new(calls: usize, call: impl FnMut(&mut dyn Counter) -> Result<(), Error> + 'a) -> Self {
        Self {
            calls,
            call: Box::new(call),
        }
    }

    /// Work that is the same in each call, so that few are counted. What it makes is dropped within the count.
    pub fn of<T>(mut work: impl FnMut() -> T + 'a) -> Self {
        Self::new(10, move |counter| {
            counter.count(&mut || drop(black_box(work())));
            Ok(())
        })
    }

    /// Does it, and counts.
    ///
    /// # Errors
    ///
    /// When it is not done as it should be.
    pub fn run(&mut self, counter: &mut dyn Counter) -> Result<(), Error> {
        for _ in 0..self.calls.div_ceil(10) {
            (self.call)(&mut Nothing)?;
        }
        for _ in 0..self.calls {
            (self.call)(counter)?;
            counter.next();
        }
        Ok(())
    }

    /// How many calls are counted.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// With this name.
    pub fn named(self, name: impl Into<String>) -> Named<'a> {
        Named {
            name: name.into(),
            task: self,
        }
    }
}

impl fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

/// What `future` gives without waiting. Stores in memory never make it wait, so no runtime can add to the counts.
///
/// # Errors
///
/// When it waits.
pub fn now<F: Future>(future: F) -> Result<F::Output, Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("it waited, where nothing is to wait for".into()),
    }
}
