//! Thin adapters between the request protocol and web frameworks.

#[cfg(feature = "auth")]
mod auth;
#[cfg(feature = "axum")]
mod axum;
#[cfg(all(feature = "axum", feature = "auth"))]
mod axum_auth;
#[cfg(feature = "axum")]
mod axum_csrf;
#[cfg(feature = "axum")]
mod axum_time_left;
mod passive;
#[cfg(feature = "auth")]
mod remember;
mod tower;

#[cfg(feature = "auth")]
pub use auth::LoginRequiredService;
#[cfg(all(feature = "axum", feature = "auth"))]
pub use axum_auth::UserRejection;
#[cfg(feature = "axum")]
pub use axum_time_left::seconds_left;
pub use passive::{Passive, PassiveService};
#[cfg(feature = "auth")]
pub use remember::{RememberFuture, RememberLayer, RememberService};
pub use tower::{ResponseFuture, SessionLayer, SessionService};
