//! What every contestant has to show, and the services that its layer is put around.

use std::{
    convert::Infallible,
    future::Future,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    routing::{MethodRouter, Route, get},
};
use http::{Request, Response, StatusCode};
use tower_service::Service;

use crate::{
    Case, Error, Task,
    requests::{with_layer, without_layer},
};

/// One session library, with a session in its store that holds `theme` and `visits`.
pub trait Contestant {
    /// Its name, with the version if it is not this workspace's own.
    fn name(&self) -> &'static str;

    /// Requests of this kind to a layer around [`Bare`].
    ///
    /// # Errors
    ///
    /// When the case's session cannot be stored.
    fn bare(&self, case: &Case) -> Result<Task<'_>, Error>;

    /// Requests of this kind to a layer on an axum [`Router`].
    ///
    /// # Errors
    ///
    /// When the case's session cannot be stored.
    fn axum(&self, case: &Case) -> Result<Task<'_>, Error>;
}

/// No sessions: what the others are counted from.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Contestant for Nobody {
    fn name(&self) -> &'static str {
        "no layer"
    }

    fn bare(&self, case: &Case) -> Result<Task<'_>, Error> {
        let service = Bare(|_| async { Ok(answer(&Ok(()))) });
        Ok(without_layer(service, case, SOME_COOKIE))
    }

    fn axum(&self, case: &Case) -> Result<Task<'_>, Error> {
        let router = router(get(|| async {}));
        Ok(without_layer::<_, Body, _>(
            router.with_state(()),
            case,
            SOME_COOKIE,
        ))
    }
}

/// A layer that does nothing: what axum itself takes for every layer, since it boxes the route beneath once more.
#[derive(Clone, Copy, Debug)]
pub struct EmptyLayer;

impl Contestant for EmptyLayer {
    fn name(&self) -> &'static str {
        "empty layer"
    }

    fn bare(&self, case: &Case) -> Result<Task<'_>, Error> {
        Nobody.bare(case)
    }

    fn axum(&self, case: &Case) -> Result<Task<'_>, Error> {
        let empty = tower_layer::layer_fn(|inner: Route| inner);
        let router = router(get(|| async {})).layer(empty);
        Ok(without_layer::<_, Body, _>(
            router.with_state(()),
            case,
            SOME_COOKIE,
        ))
    }
}

const SOME_COOKIE: &str = "sessionid=0123456789abcdefghijklmnopqrstuv";

/// A service that answers without a body, and takes no memory for it.
#[derive(Clone, Copy, Debug)]
pub struct Bare<Handler>(pub Handler);

impl<Handler, F> Service<Request<()>> for Bare<Handler>
where
    Handler: Fn(Request<()>) -> F,
    F: Future<Output = Result<Response<()>, Infallible>>,
{
    type Response = Response<()>;
    type Error = Infallible;
    type Future = F;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> F {
        (self.0)(request)
    }
}

/// The bare service's answer to work that ended so.
pub(crate) fn answer(done: &Result<(), Error>) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status(done);
    response
}

/// Any failure becomes 500, which no case expects.
pub(crate) fn status(done: &Result<(), Error>) -> StatusCode {
    match done {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What reading must find.
pub(crate) fn expect_theme(theme: Option<&str>) -> Result<(), Error> {
    if theme == Some(THEME) {
        Ok(())
    } else {
        Err("the session does not hold its theme".into())
    }
}

/// The value under `theme`.
pub(crate) const THEME: &str = "dark";

pub(crate) fn router(view: MethodRouter) -> Router {
    Router::new().route("/", view)
}

/// The router with a contestant's layer, as `axum::serve` runs it: `with_state` makes the routes once, not for each request.
pub(crate) fn to_router<'a>(
    router: Router,
    case: &Case,
    cookie: &'a str,
    forget: impl Fn(&str) -> Result<(), Error> + 'a,
) -> Task<'a> {
    with_layer::<_, Body, _>(router.with_state(()), case, cookie, forget)
}
