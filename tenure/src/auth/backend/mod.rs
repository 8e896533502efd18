//! Ways to find out who somebody is: a name and a password may belong to a user of the table, of a directory, of an API.
//!
//! Mirrors `authenticate` in `django/contrib/auth/__init__.py` and `django/contrib/auth/backends.py` (Django 5.2).

mod list;
mod model;

use std::future::Future;

pub use list::Backends;
pub use model::{AllowAllUsersModelBackend, ModelBackend};

use super::{Auth, AuthError, User, UserId};

/// A way to find out who somebody is. Django's `AUTHENTICATION_BACKENDS` name such ones.
///
/// Whatever finds them, users are rows of the table: sessions hold their ids, and Django reads them there. A backend that knows its users
/// from elsewhere makes the row at their first login.
///
/// # Example
///
/// Badges beside passwords. `examples/own_backend.rs` asks a directory.
///
/// ```
/// use tenure::auth::{Auth, AuthBackend, AuthError, Backends, ModelBackend, User, Verdict};
///
/// struct Badges;
///
/// impl AuthBackend for Badges {
///     fn name(&self) -> &'static str {
///         "site.backends.Badges"
///     }
///
///     async fn authenticate(&self, auth: &Auth, username: &str, badge: &str) -> Result<Verdict, AuthError> {
///         if !badge_is_valid(username, badge) {
///             return Ok(Verdict::NotMine);
///         }
///         Ok(auth.user_by_name(username).await?.filter(User::is_active).into())
///     }
/// }
/// # fn badge_is_valid(_: &str, _: &str) -> bool { false }
///
/// fn with_badges(auth: Auth) -> Auth {
///     auth.with_backends(Backends::first(ModelBackend).then(Badges))
/// }
/// ```
pub trait AuthBackend: Send + Sync + 'static {
    /// The dotted path that Django has in `AUTHENTICATION_BACKENDS` for the backend of the same users. A login stores it in the session,
    /// and counts on both sides if both have a backend of this name.
    fn name(&self) -> &'static str;

    /// Whose name and password these are.
    ///
    /// Whether the user [is active](User::is_active) is for the backend to ask. [`Auth::authenticate`] asks all backends, and so must not
    /// be called here; another backend's `authenticate` may be.
    ///
    /// # Errors
    ///
    /// When it cannot be told, as in an outage ([`AuthError::Users`]). No other backend is asked then.
    fn authenticate(
        &self,
        auth: &Auth,
        username: &str,
        password: &str,
    ) -> impl Future<Output = Result<Verdict, AuthError>> + Send;

    /// The user with this id, whom this backend has logged in, at each of their requests; `None` if they are nobody by now. Django's
    /// `get_user`.
    ///
    /// The default is the active user of the table.
    ///
    /// # Errors
    ///
    /// When it cannot be told.
    fn user(
        &self,
        auth: &Auth,
        id: &UserId,
    ) -> impl Future<Output = Result<Option<User>, AuthError>> + Send {
        async move { Ok(auth.user_by_id(id).await?.filter(User::is_active)) }
    }
}

/// What a backend says of a name and a password.
///
/// See [`AuthBackend`] for an example.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// They belong to this user.
    Found(User),
    /// They belong to nobody whom this backend knows: the next one is asked.
    NotMine,
    /// Whoever it is must not log in, and no other backend is asked. Django's `PermissionDenied`.
    Denied,
}

/// `NotMine` where there is nobody.
impl From<Option<User>> for Verdict {
    fn from(user: Option<User>) -> Self {
        user.map_or(Self::NotMine, Self::Found)
    }
}
