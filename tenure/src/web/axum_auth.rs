//! The user of a request as an extractor for axum.

use axum_core::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};

use super::auth::{auth_failure, user};
use crate::auth::{Auth, AuthError, Remember, User};

/// Why the extractor [`User`] gave no user.
///
/// ```
/// use axum::response::IntoResponse;
/// use tenure::web::UserRejection;
///
/// assert_eq!(UserRejection::Anonymous.into_response().status(), 401);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserRejection {
    /// Nobody is logged in: 401. Take `Option<User>` to send visitors to a login page instead.
    #[error("nobody is logged in: take `Option<User>` where that is allowed")]
    Anonymous,
    /// It could not be told who is logged in.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// The user whom the request's session belongs to. The router's state must hold an [`Auth`]: `.with_state(auth)`, or a state that
/// derives `FromRef`.
impl<S> FromRequestParts<S> for User
where
    S: Sync + Send,
    Auth: FromRef<S>,
{
    type Rejection = UserRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let user = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        user.ok_or(UserRejection::Anonymous)
    }
}

/// The same, with `None` for an anonymous visitor.
impl<S> OptionalFromRequestParts<S> for User
where
    S: Sync + Send,
    Auth: FromRef<S>,
{
    type Rejection = AuthError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        user(&parts.extensions, &Auth::from_ref(state)).await
    }
}

/// So that a router whose state is a [`Remember`] has users.
impl FromRef<Remember> for Auth {
    fn from_ref(remember: &Remember) -> Self {
        remember.auth().clone()
    }
}

impl IntoResponse for UserRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Anonymous => (StatusCode::UNAUTHORIZED, "Log in first.\n").into_response(),
            Self::Auth(error) => error.into_response(),
        }
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        auth_failure(self)
    }
}
