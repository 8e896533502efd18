//! The tower layer that logs users in whom a cookie remembers.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response, header::COOKIE};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::auth::auth_failure;
use crate::{auth::Remember, error::SessionError, session::LazySession};

/// Logs a user in whom the request's cookie remembers, before the handlers below it, so that a session that is over begins anew unnoticed.
///
/// The [`SessionLayer`](crate::SessionLayer) has to be outside of it. A request without the cookie passes untouched; one with it loads its
/// session, so the layer belongs around the routes that have users, and not around pictures and styles. If it cannot be told whether the
/// user is remembered, the answer is 503.
///
/// See [`Remember`] for an example.
#[derive(Clone, Debug)]
pub struct RememberLayer {
    remember: Remember,
}

impl RememberLayer {
    /// A layer over these cookies.
    pub fn new(remember: Remember) -> Self {
        Self { remember }
    }
}

impl<S> Layer<S> for RememberLayer {
    type Service = RememberService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RememberService {
            inner,
            remember: self.remember.clone(),
        }
    }
}

/// The service that [`RememberLayer`] makes. See there.
#[derive(Clone, Debug)]
pub struct RememberService<S> {
    inner: S,
    remember: Remember,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for RememberService<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone + Send + 'static,
    S::Future: Send,
    RequestBody: Send + 'static,
    ResponseBody: Default + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RememberFuture<S::Future, S::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let headers = request.headers().get_all(COOKIE);
        if !self
            .remember
            .has_cookie(headers.iter().map(HeaderValue::as_bytes))
        {
            return RememberFuture {
                stage: Stage::Plain {
                    inner: self.inner.call(request),
                },
            };
        }
        // The service that was found ready is the one to call.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let remember = self.remember.clone();
        let first = Box::pin(async move {
            let session = request.extensions().get::<LazySession>().cloned();
            let headers: Vec<HeaderValue> =
                request.headers().get_all(COOKIE).iter().cloned().collect();
            let logged_in = async {
                let session = session.ok_or(SessionError::MissingLayer)?;
                let headers = headers.iter().map(HeaderValue::as_bytes);
                remember.log_in(&session, headers).await
            };
            match logged_in.await {
                Ok(_) => inner.call(request).await,
                Err(error) => Ok(auth_failure(error)),
            }
        });
        RememberFuture {
            stage: Stage::CookieFirst { first },
        }
    }
}

type CookieFirst<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

pin_project! {
    /// The future of [`RememberService`]. See there.
    pub struct RememberFuture<F, T, E> {
        #[pin]
        stage: Stage<F, T, E>,
    }
}

pin_project! {
    #[project = Projected]
    enum Stage<F, T, E> {
        Plain { #[pin] inner: F },
        CookieFirst { first: CookieFirst<T, E> },
    }
}

impl<F, T, E> std::fmt::Debug for RememberFuture<F, T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RememberFuture").finish_non_exhaustive()
    }
}

impl<F, T, E> Future for RememberFuture<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().stage.project() {
            Projected::Plain { inner } => inner.poll(context),
            Projected::CookieFirst { first } => first.as_mut().poll(context),
        }
    }
}
