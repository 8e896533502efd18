//! The connection: made when it is needed, shared by all requests, and given up when it is of no use.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, PushInfo, PushKind, RedisError, RedisFuture,
    RedisResult, RetryMethod, ServerErrorKind, Value, aio::ConnectionLike,
};
use tokio::sync::Mutex;

use super::{script::Call, trouble};
use crate::{
    deadline::{Deadline, Elapsed},
    error::StoreError,
};

/// Where a connection leads.
pub(super) trait Place: Send + Sync + 'static {
    /// A new connection.
    fn connect(&self) -> RedisFuture<'_, Live>;

    /// The addresses, for people.
    fn address(&self) -> &str;

    /// Whether keys are spread over several servers.
    fn is_cluster(&self) -> bool {
        false
    }
}

/// One connection, whatever its type.
pub(super) trait Wire: Send + Sync {
    fn send<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value>;

    fn share(&self) -> Box<dyn Wire>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Wire for C {
    fn send<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.req_packed_command(command)
    }

    fn share(&self) -> Box<dyn Wire> {
        Box::new(self.clone())
    }
}

/// A connection that is up, as far as is known.
pub(super) struct Live {
    pub(super) wire: Box<dyn Wire>,
    /// Set once it is of no use any more. None for a connection that mends itself.
    pub(super) lost: Option<Arc<AtomicBool>>,
}

impl Live {
    /// Connects to one server.
    pub(super) async fn to(client: &Client) -> RedisResult<Self> {
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        // Without it, the first request after a quiet time would be the one to find out.
        let notice = move |push: PushInfo| -> Result<(), redis::aio::SendError> {
            if push.kind == PushKind::Disconnection {
                flag.store(true, Ordering::Release);
            }
            Ok(())
        };
        // `Link` has one deadline for all of it: connecting, waiting, trying again.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_push_sender(notice);
        let wire = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        Ok(Self {
            wire: Box::new(wire),
            lost: Some(lost),
        })
    }

    fn is_lost(&self) -> bool {
        let lost = self.lost.as_ref();
        lost.is_some_and(|lost| lost.load(Ordering::Acquire))
    }

    fn share(&self) -> Self {
        Self {
            wire: self.wire.share(),
            lost: self.lost.clone(),
        }
    }
}

/// A command, and what may be done about its failure.
pub(super) struct Request<'a> {
    command: Cmd,
    /// The call that it is, for a server that does not know the script.
    call: Option<Call<'a>>,
    /// Whether it may run twice: a command whose answer was lost may have run.
    repeatable: bool,
}

impl Request<'_> {
    /// The same request, which changes nothing and so may run twice.
    pub(super) fn repeatable(self) -> Self {
        Self {
            repeatable: true,
            ..self
        }
    }
}

impl From<Cmd> for Request<'_> {
    fn from(command: Cmd) -> Self {
        Self {
            command,
            call: None,
            repeatable: false,
        }
    }
}

impl<'a> From<Call<'a>> for Request<'a> {
    fn from(call: Call<'a>) -> Self {
        Self {
            command: call.short(),
            call: Some(call),
            repeatable: false,
        }
    }
}

/// The last attempt to connect that failed.
struct Refusal {
    began: Instant,
    error: RedisError,
}

/// A connection to a place, for any number of requests at once.
pub(super) struct Link {
    place: Box<dyn Place>,
    /// How long one request may take, all in all.
    patience: Deadline,
    live: RwLock<Option<Live>>,
    /// Held by the one request that connects.
    connecting: Mutex<Option<Refusal>>,
}

impl Link {
    pub(super) fn new(place: Box<dyn Place>, patience: Duration) -> Self {
        Self {
            place,
            patience: Deadline::new(patience),
            live: RwLock::new(None),
            connecting: Mutex::new(None),
        }
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.place.is_cluster()
    }

    pub(super) fn address(&self) -> &str {
        self.place.address()
    }

    /// Connects, so that whoever starts a program hears of a wrong address.
    pub(super) async fn open(&self) -> Result<(), StoreError> {
        let began = Instant::now();
        match self.patience.of(self.connection()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(trouble::explain(error, self.address(), began.elapsed())),
            Err(Elapsed) => Err(trouble::silence(self.address(), began.elapsed())),
        }
    }

    /// The answer to `request`.
    pub(super) fn ask<'a, R: Into<Request<'a>>>(
        &'a self,
        request: R,
    ) -> impl Future<Output = Result<Value, StoreError>> {
        self.answer(request.into())
    }

    async fn answer(&self, mut request: Request<'_>) -> Result<Value, StoreError> {
        let (mut used, mut since) = (None, None);
        let attempt = self.attempt(&mut request, &mut used);
        let error = match self.patience.of_waiting(&mut since, attempt).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Some(error),
            Err(Elapsed) => None,
        };
        let waited = since.map(|since| since.elapsed()).unwrap_or_default();
        if let Some(error) = error {
            return Err(trouble::explain(error, self.address(), waited));
        }
        // The line may be dead without either end knowing, and what waits on it is to be forgotten.
        self.give_up(used.as_ref());
        Err(trouble::silence(self.address(), waited))
    }

    async fn attempt(
        &self,
        request: &mut Request<'_>,
        used: &mut Option<Arc<AtomicBool>>,
    ) -> RedisResult<Value> {
        let mut tried = false;
        loop {
            let mut live = self.connection().await?;
            used.clone_from(&live.lost);
            let answer = live.wire.send(&request.command).await;
            let error = match answer.and_then(Value::extract_error) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let kind = error.kind();
            if kind == ErrorKind::Server(ServerErrorKind::NoScript)
                && let Some(call) = request.call.take()
            {
                request.command = call.in_full();
                continue;
            }
            // A primary that has become a replica has not run the command. Connecting again finds the new one, through a sentinel or a name.
            let demoted = kind == ErrorKind::Server(ServerErrorKind::ReadOnly);
            let broken =
                matches!(error.retry_method(), RetryMethod::Reconnect) || kind == ErrorKind::Io;
            if demoted || broken {
                self.give_up(live.lost.as_ref());
            }
            let again = demoted && live.lost.is_some() || broken && request.repeatable;
            if tried || !again {
                return Err(error);
            }
            tried = true;
        }
    }

    /// A share of the connection, which is made if there is none. Of requests that come meanwhile one connects, and all hear what became
    /// of it.
    async fn connection(&self) -> RedisResult<Live> {
        match self.shared() {
            Some(live) => Ok(live),
            // In a box, so that it takes no room in requests that find a connection.
            None => Box::pin(self.connect()).await,
        }
    }

    async fn connect(&self) -> RedisResult<Live> {
        let asked = Instant::now();
        let mut refusal = self.connecting.lock().await;
        if let Some(live) = self.shared() {
            return Ok(live);
        }
        if let Some(last) = &*refusal
            && last.began >= asked
        {
            return Err(last.error.clone());
        }
        let began = Instant::now();
        match self.place.connect().await {
            Ok(live) => {
                let share = live.share();
                *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live);
                Ok(share)
            }
            Err(error) => {
                let heard = error.clone();
                *refusal = Some(Refusal { began, error });
                Err(heard)
            }
        }
    }

    fn shared(&self) -> Option<Live> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let live = live.as_ref().filter(|live| !live.is_lost())?;
        Some(live.share())
    }

    /// Forgets the connection with this mark, and not one that was made since.
    fn give_up(&self, lost: Option<&Arc<AtomicBool>>) {
        let Some(lost) = lost else { return };
        lost.store(true, Ordering::Release);
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(Live::is_lost) {
            *live = None;
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("address", &self.address())
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
