//! Login and logout on Django's users: `authenticate`, `login`, `logout`, and the user of a request.
//!
//! Users are rows of Django's `auth_user` table, or of the table that `TENURE_USER_TABLE` names; passwords are Django's hashes, and what a
//! login leaves in the session are Django's three keys. So a login here is one there, and the reverse; a changed password ends the user's
//! other sessions on both sides.
//!
//! ```
//! use axum::{Form, extract::State, response::{IntoResponse, Redirect, Response}};
//! use tenure::{Session, auth::{self, Auth, AuthError, User}};
//!
//! #[derive(serde::Deserialize)]
//! struct Login {
//!     username: String,
//!     password: String,
//! }
//!
//! async fn log_in(State(auth): State<Auth>, session: Session, Form(form): Form<Login>) -> Result<Response, AuthError> {
//!     match auth.authenticate(&auth::normalize_username(&form.username), &form.password).await? {
//!         Some(user) => {
//!             auth::login(&session, &user).await?;
//!             Ok(Redirect::to("/").into_response())
//!         }
//!         None => Ok("That user name and password do not belong together.".into_response()),
//!     }
//! }
//!
//! async fn home(user: Option<User>) -> String {
//!     user.map_or("Hello, stranger!".into(), |user| format!("Hello, {}!", user.username()))
//! }
//!
//! async fn log_out(session: Session) -> Result<Redirect, AuthError> {
//!     auth::logout(&session).await?;
//!     Ok(Redirect::to("/"))
//! }
//! ```
//!
//! Pages for logged-in users, or for some of them, stand behind a [`LoginRequired`]; strangers are sent to the login page and, by
//! [`LoginUrls::after_login`], back:
//!
//! ```
//! # fn example(auth: tenure::auth::Auth, sessions: tenure::SessionLayer, settings: &tenure::Settings) -> axum::Router {
//! use axum::{Router, routing::get};
//! use tenure::auth::{LoginRequired, User};
//!
//! Router::new()
//!     .route("/sales", get(async |user: User| format!("What {} has sold", user.username())))
//!     .route_layer(LoginRequired::new(auth.clone(), settings).staff())
//!     .route("/", get("Welcome"))
//!     .layer(sessions)
//!     .with_state(auth)
//! # }
//! ```
//!
//! Who users are need not stand in the table: an [`AuthBackend`] may ask a directory or an API.
//!
//! Before what does harm in the wrong hands, such as a change of the password, [`require_recent_auth`] or [`LoginRequired::recent_auth`] asks
//! for a user who has proved who they are a short time ago; [`elevate`] notes that they have done so again.
//!
//! Mirrors `django/contrib/auth/__init__.py` and `django/contrib/auth/backends.py` (Django 5.2). It differs in one thing: a login always
//! changes the session's key, also when the same user logs in again (OWASP session management, "renew the session ID after any privilege
//! level change").

mod admit;
mod backend;
mod error;
mod guard;
mod login;
pub mod password;
mod proof;
mod redirect;
mod remember;
mod table;
mod upgrade;
mod user;
mod user_id;
mod users;

pub use backend::{AllowAllUsersModelBackend, AuthBackend, Backends, ModelBackend, Verdict};
pub use error::AuthError;
pub use guard::{Admission, LoginRequired};
pub use login::{login, logout, update_session_auth_hash};
pub use proof::{elevate, require_recent_auth};
pub use redirect::{LoginUrls, REDIRECT_FIELD_NAME, is_safe_redirect, redirect_to_login};
pub use remember::Remember;
pub use user::User;
pub use user_id::UserId;
pub use users::{Auth, normalize_username};
