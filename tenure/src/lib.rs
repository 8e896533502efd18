//! Django's session framework for Rust web services, in Django's own formats.
//!
//! A handler takes the [`Session`] and uses it as a dictionary; the [`SessionLayer`] loads and saves it. A Rust service and a Django site
//! can share one session: the same table, the same cookie, the same login.
//!
//! ```no_run
//! // Not run: it listens for ever.
//! use axum::{Router, routing::get};
//! use tenure::{Session, SessionError, SessionLayer, Settings};
//!
//! async fn my_view(session: Session) -> Result<String, SessionError> {
//!     session.insert("username", "john_doe")?;
//!     let username: Option<String> = session.get("username")?;
//!     Ok(format!("Hello, {}!", username.unwrap_or_default()))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let settings = Settings::load()?; // tenure.toml, then the environment
//!     let sessions = SessionLayer::open(settings).await?; // the engine that SESSION_ENGINE names
//!     let app: Router = Router::new().route("/", get(my_view)).layer(sessions);
//!     axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8000").await?, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! | for | see |
//! |---|---|
//! | values, expiry, ending a session | [`Session`] |
//! | `SESSION_…` and the other settings | [`settings`] |
//! | login and logout | [`auth`] |
//! | the session in templates | [`template`] |
//! | forged requests | [`csrf`] |
//! | what happens to sessions, for metrics and alarms | [`events`] |
//! | a store of your own | [`store`], and its tests: [`conformance`](mod@conformance) |
//! | tests of your program | [`testing`] |

mod changes;
mod cookie;
mod data;
mod deadline;
mod error;
mod expiry;
mod json;
mod key;
mod limits;
mod moment;
mod record;
mod secret;
pub mod settings;
pub mod system;
mod url_key;

pub mod codec;
pub mod engine;
pub mod events;
pub mod store;

mod session;

#[cfg(feature = "auth")]
pub mod auth;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod csrf;
mod middleware;
#[cfg(feature = "minijinja")]
pub mod template;
pub mod testing;

pub mod web;

pub use data::Data;
pub use error::{BoxError, CodecError, SessionError, StoreError, ValueError};
pub use expiry::Expiry;
pub use json::Json;
pub use key::SessionKey;
pub use middleware::{RequestHead, ResponseHeaders, Sessions, UserSession};
pub use record::{Damage, Record, Version};
pub use secret::Secret;
pub use session::{Client, LazySession, Session, TimeLeft};
pub use settings::{Settings, SettingsError};
pub use web::SessionLayer;

/// The README's program is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
