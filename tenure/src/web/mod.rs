//! Thin adapters between the request protocol and web frameworks.

#[cfg(feature = "axum")]
mod axum;
#[cfg(all(feature = "axum", feature = "auth"))]
mod axum_auth;
mod tower;

#[cfg(all(feature = "axum", feature = "auth"))]
pub use axum_auth::UserRejection;
pub use tower::{ResponseFuture, SessionLayer, SessionService};
