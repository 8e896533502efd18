//! One server: a queue, and a task that owns the connection.
//!
//! The task takes what waits in the queue, sends it in one go, and reads all replies before it takes more. A caller who is dropped takes
//! nothing with them: what is sent whole is answered whole, and an answer that nobody waits for is thrown away. So no reply can reach the
//! wrong call.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    line::{Line, Trouble},
    placement::Address,
    protocol::{Outcome, Reply, Request},
};
use crate::{deadline::Deadline, error::StoreError};

/// How many calls may wait. More wait in line for a place, each until its own time is up.
const QUEUE: usize = 128;
/// How many bytes are sent in one go, unless one call alone has more: what the system's buffers hold for sure. A server that waits for us to
/// read its replies does not read; if we waited then for it to read, both would wait for ever.
const BATCH: usize = 16 * 1024;

/// What a server may cost.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// How long one call, or one connection attempt, may take.
    pub(super) wait: Deadline,
    /// The largest value that is read, in bytes.
    pub(super) value: usize,
}

/// A request, and who waits for the replies.
struct Call {
    request: Request,
    answer: oneshot::Sender<Result<Vec<Reply>, Trouble>>,
}

/// A memcached server.
#[derive(Debug)]
pub(super) struct Server {
    /// As in `LOCATION`.
    pub(super) name: String,
    address: Address,
    limits: Limits,
    /// Into the task's queue; none before the first call.
    queue: Mutex<Option<mpsc::Sender<Call>>>,
}

impl Server {
    pub(super) fn new(address: Address, limits: Limits) -> Self {
        Self {
            name: address.to_string(),
            address,
            limits,
            queue: Mutex::new(None),
        }
    }

    /// Sends a request that has one reply.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, StoreError> {
        let mut replies = self.ask_all(request).await?;
        replies.pop().ok_or_else(|| self.error(Trouble::Foreign))
    }

    /// Sends a request; there are as many replies as it has commands.
    pub(super) async fn ask_all(&self, request: Request) -> Result<Vec<Reply>, StoreError> {
        let asked = self.limits.wait.of(self.call(request)).await;
        let answered = asked.unwrap_or(Err(Trouble::Silent));
        let replies = answered.map_err(|trouble| self.error(trouble))?;
        for reply in &replies {
            match &reply.outcome {
                Outcome::Refused(words) => return Err(self.error(Trouble::Refused(words.clone()))),
                Outcome::TooLarge => {
                    let limit = self.limits.value;
                    return Err(StoreError::TooLarge { limit });
                }
                Outcome::Done | Outcome::Absent | Outcome::Other | Outcome::End => {}
            }
        }
        Ok(replies)
    }

    async fn call(&self, request: Request) -> Result<Vec<Reply>, Trouble> {
        let (answer, answered) = oneshot::channel();
        let mut call = Call { request, answer };
        // A task ends with the runtime that it was started on; the next one is started on this call's.
        for _ in 0..2 {
            match self.queue().send(call).await {
                Ok(()) => break,
                Err(mpsc::error::SendError(back)) => call = back,
            }
        }
        answered.await.unwrap_or_else(|_| {
            let ended = io::Error::other("the runtime that it was made on has ended");
            Err(Trouble::Broken(Arc::new(ended)))
        })
    }

    fn queue(&self) -> mpsc::Sender<Call> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue
            && !queue.is_closed()
        {
            return queue.clone();
        }
        let (sender, calls) = mpsc::channel(QUEUE);
        tokio::spawn(serve(self.address.clone(), self.limits.clone(), calls));
        queue.insert(sender).clone()
    }

    fn error(&self, trouble: Trouble) -> StoreError {
        let Self { name, limits, .. } = self;
        let what = match &trouble {
            Trouble::NoConnection(_) => format!(
                "no connection to memcached at {name}: check that it runs there, and LOCATION in CACHES"
            ),
            Trouble::Broken(_) => format!("the connection to memcached at {name} broke"),
            Trouble::Silent => format!(
                "memcached at {name} did not answer within {} ms: check whether it hangs, and the network to it",
                limits.wait.length().as_millis()
            ),
            Trouble::Foreign => {
                format!("what answers at {name} is not memcached, or is out of step")
            }
            Trouble::Unfit(why) => format!("memcached at {name} cannot be used: {why}"),
            &Trouble::EntryTooLarge { size, most } => {
                return StoreError::EntryTooLarge {
                    size,
                    limit: most,
                    address: name.clone(),
                };
            }
            Trouble::Refused(words) => format!(
                "memcached at {name} refuses: {words}; if it is out of memory, start it with a larger `-m`, and without `-M`"
            ),
        };
        let source = match trouble {
            Trouble::NoConnection(source) | Trouble::Broken(source) => Some(source.into()),
            _ => None,
        };
        StoreError::Unavailable { what, source }
    }
}

/// Serves calls until the last [`Server`] that sends any is gone.
async fn serve(address: Address, limits: Limits, mut calls: mpsc::Receiver<Call>) {
    let mut line = None;
    let mut left = None;
    while let Some(mut batch) = gather(&mut calls, &mut left).await {
        let exchange = exchange(&mut line, &address, limits.value, &mut batch);
        let done = limits.wait.of(exchange).await;
        if let Err(trouble) = done.unwrap_or(Err(Trouble::Silent)) {
            // Replies may still be under way on it.
            line = None;
            for call in batch {
                let _ = call.answer.send(Err(trouble.clone()));
            }
        }
    }
}

/// The calls to send next: what waits in the queue, and fits together. What does not is `left` for the next time.
async fn gather(
    calls: &mut mpsc::Receiver<Call>,
    left: &mut Option<Call>,
) -> Option<VecDeque<Call>> {
    let first = match left.take() {
        Some(call) => call,
        None => calls.recv().await?,
    };
    let mut size = first.request.bytes.len();
    let mut batch = VecDeque::from([first]);
    while let Ok(call) = calls.try_recv() {
        size += call.request.bytes.len();
        if size > BATCH {
            *left = Some(call);
            break;
        }
        batch.push_back(call);
    }
    Some(batch)
}

/// Sends the batch, and answers each call of it; those that are left in it at an error have no answer.
async fn exchange(
    line: &mut Option<Line>,
    address: &Address,
    largest: usize,
    batch: &mut VecDeque<Call>,
) -> Result<(), Trouble> {
    // What nobody waits for any more is better not done than done late.
    batch.retain(|call| !call.answer.is_closed());
    if batch.is_empty() {
        return Ok(());
    }
    if let Some(idle) = line
        && !idle.is_quiet().await
    {
        *line = None;
    }
    let line = match line {
        Some(line) => line,
        None => line.insert(Line::open(address).await?),
    };
    let mut bytes = Vec::new();
    let mut sent = VecDeque::with_capacity(batch.len());
    for call in batch.drain(..) {
        if let Some(trouble) = line.refusal(call.request.entry_size) {
            let _ = call.answer.send(Err(trouble));
        } else {
            bytes.extend_from_slice(&call.request.bytes);
            sent.push_back(call);
        }
    }
    *batch = sent;
    line.send(&bytes).await?;
    while let Some(call) = batch.front() {
        let mut replies = Vec::new();
        let through = |replies: &Vec<Reply>| {
            if call.request.quiet {
                replies.last().is_some_and(|it| it.outcome == Outcome::End)
            } else {
                replies.len() == call.request.replies
            }
        };
        while !through(&replies) {
            replies.push(line.reply(largest).await?);
        }
        if let Some(call) = batch.pop_front() {
            let _ = call.answer.send(Ok(replies));
        }
    }
    Ok(())
}
