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
//! Mirrors `django/contrib/auth/__init__.py` and `django/contrib/auth/backends.py` (Django 5.2). It differs in one thing: a login always
//! changes the session's key, also when the same user logs in again (OWASP session management, "renew the session ID after any privilege
//! level change").

mod error;
mod login;
pub mod password;
mod table;
mod upgrade;
mod user;
mod user_id;
mod users;

pub use error::AuthError;
pub use login::{login, logout, update_session_auth_hash};
pub use user::User;
pub use user_id::UserId;
pub use users::{Auth, normalize_username};
