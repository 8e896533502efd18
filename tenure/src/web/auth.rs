//! The user of a request, and the tower layer that asks for one.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Extensions, HeaderValue, Request, Response, StatusCode, header};
use tower_layer::Layer;
use tower_service::Service;

use super::tower::{failure, plain};
use crate::{
    auth::{Admission, Auth, AuthError, LoginRequired, User},
    error::SessionError,
    session::{LazySession, Session},
};

/// The user of a request with these extensions: the one whom a [`LoginRequired`] has found, else the one of the session.
pub(super) async fn user(extensions: &Extensions, auth: &Auth) -> Result<Option<User>, AuthError> {
    if let Some(user) = extensions.get::<User>() {
        return Ok(Some(user.clone()));
    }
    auth.user(&session(extensions).await?).await
}

async fn session(extensions: &Extensions) -> Result<Session, SessionError> {
    let session = extensions.get::<LazySession>().cloned();
    session.ok_or(SessionError::MissingLayer)?.load().await
}

/// The response in place of one that had to know the user.
pub(super) fn auth_failure<Body: Default + 'static>(error: AuthError) -> Response<Body> {
    match error {
        AuthError::Session(error) => failure(&error),
        AuthError::Users(error) => failure(&SessionError::Store(error)),
        other => {
            let status = StatusCode::from_u16(other.status());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if status.is_server_error() {
                tracing::error!("{other}");
                let text = "The login could not be handled. The server's log says why.\n";
                return plain(status, text);
            }
            plain(status, &format!("{other}\n"))
        }
    }
}

impl<S> Layer<S> for LoginRequired {
    type Service = LoginRequiredService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        LoginRequiredService {
            inner,
            guard: self.clone(),
        }
    }
}

/// The service that [`LoginRequired`] makes. See there.
#[derive(Clone, Debug)]
pub struct LoginRequiredService<S> {
    inner: S,
    guard: LoginRequired,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for LoginRequiredService<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone + Send + 'static,
    S::Future: Send,
    RequestBody: Send + 'static,
    ResponseBody: Default + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        // The service that was found ready is the one to call.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let guard = self.guard.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let target = parts.uri.path_and_query();
            let target = target.map_or("/", |target| target.as_str());
            let admission = async {
                let user = user(&parts.extensions, guard.auth()).await?;
                let session = session(&parts.extensions).await?;
                guard.admit(&session, user, target).await
            };
            match admission.await {
                Ok(Admission::Admitted(user)) => {
                    parts.extensions.insert(user);
                    inner.call(Request::from_parts(parts, body)).await
                }
                Ok(Admission::LogIn(location)) => Ok(redirect(location)),
                Ok(Admission::Forbidden) => {
                    let text = "You are logged in, but not allowed to see this page.\n";
                    Ok(plain(StatusCode::FORBIDDEN, text))
                }
                Ok(Admission::ProveAgain) => Ok(auth_failure(AuthError::NotRecent)),
                Err(error) => Ok(auth_failure(error)),
            }
        })
    }
}

fn redirect<Body: Default + 'static>(location: String) -> Response<Body> {
    // Settings that were checked do not come to this.
    let Ok(location) = HeaderValue::try_from(location) else {
        tracing::error!("LOGIN_URL holds a character that no header can");
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "");
    };
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, location);
    response
}
