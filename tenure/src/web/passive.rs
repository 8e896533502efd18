//! Routes whose requests are not the user's own doing.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::session::LazySession;

/// Has the requests of a route not count as their user's: they do not prolong the session. A tower layer.
///
/// For what a page asks for by itself: news, a chat's messages, whether there is mail. See [`LazySession::set_passive`].
///
/// ```
/// use axum::{Router, routing::get};
/// use tenure::{SessionLayer, web::Passive};
///
/// fn app(sessions: SessionLayer) -> Router {
///     Router::new()
///         .route("/unread", get("3"))
///         .route_layer(Passive)
///         .route("/", get("Welcome"))
///         .layer(sessions)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Passive;

impl<S> Layer<S> for Passive {
    type Service = PassiveService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PassiveService { inner }
    }
}

/// The service that [`Passive`] makes. See there.
#[derive(Clone, Debug)]
pub struct PassiveService<S> {
    inner: S,
}

impl<S: Service<Request<Body>>, Body> Service<Request<Body>> for PassiveService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // Without a session there is nothing that the request could prolong.
        if let Some(session) = request.extensions().get::<LazySession>() {
            session.set_passive();
        }
        self.inner.call(request)
    }
}
