//! The time that a session has left, as a handler for axum.

use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::{error::SessionError, session::LazySession};

/// A handler for pages that warn of the end of the session: `{"seconds_left":840}`, without prolonging it.
///
/// It is 0 where there is no session. Framework-free: [`LazySession::seconds_left`].
///
/// # Errors
///
/// When the session cannot be loaded.
///
/// # Example
///
/// ```
/// use axum::{Router, routing::get};
/// use tenure::{SessionLayer, web};
///
/// fn app(sessions: SessionLayer) -> Router {
///     Router::new()
///         .route("/session/seconds-left", get(web::seconds_left))
///         .layer(sessions)
/// }
/// ```
pub async fn seconds_left(session: LazySession) -> Result<Response, SessionError> {
    let seconds = session.seconds_left().await?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, format!("{{\"seconds_left\":{seconds}}}")).into_response())
}
