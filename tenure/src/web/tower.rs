//! The tower layer. It works with every framework on `http` and `tower`; extractors are the framework's own matter.

use std::{
    any::Any,
    future::Future,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{
    Extensions, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, VARY},
};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    engine::OpenError,
    error::{SessionError, StoreError},
    middleware::{RequestHead, ResponseHeaders, Sessions},
    session::LazySession,
    settings::{Settings, SettingsError},
    store::SessionStore,
};

/// Seconds after which a visitor who met an outage may try again.
pub(super) const RETRY_AFTER_SECONDS: u16 = 5;
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Gives every request below it a session. Django's `SessionMiddleware`.
///
/// Handlers take the session by the extractor [`Session`](crate::Session). A handler that does not costs no store call. What changed is
/// saved when the handler's response is ready and its status is below 500. If that fails, the visitor is told: 503 with `Retry-After`
/// when the store is away, 400 when another request has ended the session meanwhile.
///
/// ```no_run
/// // Not run: it listens for ever.
/// use axum::{Router, routing::get};
/// use tenure::{Session, SessionError, SessionLayer, Settings};
///
/// async fn my_view(session: Session) -> Result<String, SessionError> {
///     let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
///     Ok(format!("Visit {visits}"))
/// }
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionLayer::open(Settings::load()?).await?;
/// let app: Router = Router::new().route("/", get(my_view)).layer(sessions);
/// axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8000").await?, app).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "SessionMiddleware")]
pub struct SessionLayer {
    sessions: Sessions,
    peer_address: Option<PeerAddress>,
}

/// How the address at the other end of a request's connection is found.
type PeerAddress = fn(&Extensions) -> Option<IpAddr>;

impl SessionLayer {
    /// A layer over the engine that the settings name. See [`Sessions::open`].
    ///
    /// # Errors
    ///
    /// When a setting is wrong, or the engine cannot be opened.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        Sessions::open(settings).await.map(Self::from)
    }

    /// A layer over a store of your own.
    ///
    /// # Errors
    ///
    /// When a setting is wrong.
    pub fn new(store: impl SessionStore, settings: &Settings) -> Result<Self, SettingsError> {
        Sessions::new(store, settings).map(Self::from)
    }

    /// The same, told how to find the address at the other end of a request's connection, which only the server knows: the list of a user's
    /// sessions shows it, `TENURE_BIND_ADDRESS` compares it, and `TENURE_TRUSTED_PROXIES` needs it to tell proxies from others.
    ///
    /// ```no_run
    /// // Not run: it listens for ever.
    /// use std::net::SocketAddr;
    /// use axum::{Router, extract::ConnectInfo, routing::get};
    /// use tenure::{Session, SessionLayer, Settings};
    ///
    /// async fn address(session: Session) -> String {
    ///     format!("{:?}", session.client().address())
    /// }
    ///
    /// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = SessionLayer::open(Settings::load()?).await?.with_peer_address(|extensions| {
    ///     let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    ///     Some(peer.ip())
    /// });
    /// let app: Router = Router::new().route("/", get(address)).layer(sessions);
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    /// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_peer_address(self, find: fn(&Extensions) -> Option<IpAddr>) -> Self {
        Self {
            peer_address: Some(find),
            ..self
        }
    }
}

impl From<Sessions> for SessionLayer {
    fn from(sessions: Sessions) -> Self {
        Self {
            sessions,
            peer_address: None,
        }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService {
            inner,
            sessions: self.sessions.clone(),
            peer_address: self.peer_address,
        }
    }
}

/// The service that [`SessionLayer`] makes. See there.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
    peer_address: Option<PeerAddress>,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for SessionService<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: Default + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResponseBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let mut head = RequestHead::new(request.headers(), request.uri());
        head.peer = self
            .peer_address
            .and_then(|find| find(request.extensions()));
        let session = self.sessions.begin_request(&head);
        if let Some(uri) = self.sessions.url_without_key(request.uri()) {
            *request.uri_mut() = uri;
        }
        request.extensions_mut().insert(session.clone());
        ResponseFuture {
            inner: self.inner.call(request),
            sessions: self.sessions.clone(),
            session,
            finishing: None,
        }
    }
}

/// A response that waits for its session to be saved.
type Finishing<Body> = (
    Pin<Box<dyn Future<Output = Result<ResponseHeaders, SessionError>> + Send>>,
    Response<Body>,
);

pin_project! {
    /// The future of [`SessionService`]. See there.
    pub struct ResponseFuture<F, Body> {
        #[pin]
        inner: F,
        sessions: Sessions,
        session: LazySession,
        finishing: Option<Finishing<Body>>,
    }
}

impl<F, Body, Error> Future for ResponseFuture<F, Body>
where
    F: Future<Output = Result<Response<Body>, Error>>,
    Body: Default + 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.finishing.is_none() {
            let mut response = ready!(this.inner.poll(context))?;
            if this.session.finish_untouched() {
                return Poll::Ready(Ok(response));
            }
            let status = response.status().as_u16();
            if let Some(headers) = this.sessions.finish_now(this.session, status) {
                headers.apply(response.headers_mut());
                return Poll::Ready(Ok(response));
            }
            let (sessions, session) = (this.sessions.clone(), this.session.clone());
            let finish = Box::pin(async move { sessions.finish(&session, status).await });
            *this.finishing = Some((finish, response));
        }
        let Some((finish, _)) = this.finishing else {
            return Poll::Pending;
        };
        let finished = ready!(finish.as_mut().poll(context));
        let Some((_, mut response)) = this.finishing.take() else {
            return Poll::Pending;
        };
        match finished {
            Ok(headers) => {
                headers.apply(response.headers_mut());
                Poll::Ready(Ok(response))
            }
            Err(error) => {
                let mut response = failure(&error);
                let status = response.status().as_u16();
                // A key that was changed before the outage is the only one that still works, so the visitor must learn it all the same.
                if let Some(headers) = this.sessions.finish_now(this.session, status) {
                    headers.apply(response.headers_mut());
                }
                Poll::Ready(Ok(response))
            }
        }
    }
}

impl<F, Body> std::fmt::Debug for ResponseFuture<F, Body> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// The response in place of one whose session could not be loaded or saved.
pub(super) fn failure<Body: Default + 'static>(error: &SessionError) -> Response<Body> {
    let (status, retry) = report(error);
    let mut response = plain(status, message(error));
    response.headers_mut().extend(retry);
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("Cookie"));
    response
}

/// A response of `text`.
pub(super) fn plain<Body: Default + 'static>(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, PLAIN_TEXT);
    fill(response.body_mut(), text);
    response
}

/// Logs what went wrong, and gives the status and the header that tell the visitor.
pub(super) fn report(error: &SessionError) -> (StatusCode, Option<(HeaderName, HeaderValue)>) {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        let mut causes = String::new();
        let mut cause = match error {
            // What serde says of a value may quote it.
            SessionError::Value { .. } => None,
            error => std::error::Error::source(error),
        };
        while let Some(error) = cause {
            causes = format!("{causes}: {error}");
            cause = error.source();
        }
        tracing::error!("{error}{causes}; the request got {}", status.as_u16());
    } else {
        tracing::info!("{error}");
    }
    let retry = (status == StatusCode::SERVICE_UNAVAILABLE)
        .then(|| (RETRY_AFTER, RETRY_AFTER_SECONDS.into()));
    (status, retry)
}

/// What the visitor reads. Causes stay in the log: they may name hosts and files.
pub(super) fn message(error: &SessionError) -> &'static str {
    match error {
        SessionError::Store(StoreError::TooLarge { .. }) => {
            "Your session is too large to be read. The server's log says more.\n"
        }
        SessionError::Store(StoreError::PythonValue { .. }) => {
            "Your session holds a value that cannot be read here. The server's log says more.\n"
        }
        SessionError::Store(
            StoreError::EntryTooLarge { .. } | StoreError::CookieTooLarge { .. },
        )
        | SessionError::TooLarge { .. }
        | SessionError::TooManyKeys { .. } => {
            "Your session is too large to be kept. The server's log says more.\n"
        }
        SessionError::Store(_) => {
            "Sessions are not available at the moment. Try again in a few seconds.\n"
        }
        SessionError::Interrupted => {
            "Your session was ended by another request. Reload the page, and log in again if asked to.\n"
        }
        SessionError::Plaintext => {
            "This site keeps sessions over HTTPS alone: use an address that begins with https://.\n"
        }
        SessionError::MissingLayer => {
            "No session in this request: add `SessionLayer` to the router.\n"
        }
        _ => "The session could not be used. The server's log says why.\n",
    }
}

/// Puts `text` into the body where its type is known. Demanding that every body can be made from text would keep out those of other
/// layers, such as compression.
fn fill<Body: 'static>(body: &mut Body, text: &str) {
    let body: &mut dyn Any = body;
    #[cfg(feature = "axum")]
    if let Some(body) = body.downcast_mut::<axum_core::body::Body>() {
        *body = text.to_owned().into();
        return;
    }
    if let Some(body) = body.downcast_mut::<String>() {
        text.clone_into(body);
    }
}
