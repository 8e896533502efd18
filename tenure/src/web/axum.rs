//! Extractors for axum.

use std::convert::Infallible;

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;

use super::tower::{message, report};
use crate::{
    error::SessionError,
    session::{LazySession, Session},
};

fn lazy(parts: &Parts) -> Result<LazySession, SessionError> {
    parts
        .extensions
        .get::<LazySession>()
        .cloned()
        .ok_or(SessionError::MissingLayer)
}

impl<S: Sync> FromRequestParts<S> for LazySession {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        lazy(parts)
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        lazy(parts)?.load().await
    }
}

/// `None` where no [`SessionLayer`](crate::SessionLayer) wraps the route.
impl<S: Sync> OptionalFromRequestParts<S> for LazySession {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(lazy(parts).ok())
    }
}

impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        let (status, retry) = report(&self);
        let mut response = (status, message(&self)).into_response();
        response.headers_mut().extend(retry);
        response
    }
}
