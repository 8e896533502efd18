//! axum without sessions.

use axum::{Router, routing::get};

pub(crate) fn routes() -> Router {
    Router::new().route("/plain", get(async || "ok"))
}
