//! The site's own passwords.

use super::{AuthBackend, Verdict};
use crate::auth::{Auth, AuthError, User, UserId};

/// Users of the table by the password in the table. What [`Auth`] asks unless it is told otherwise.
///
/// An unknown user costs as much time as a wrong password.
///
/// ```
/// use tenure::auth::{AuthBackend as _, ModelBackend};
///
/// assert_eq!(ModelBackend.name(), "django.contrib.auth.backends.ModelBackend");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelBackend;

impl AuthBackend for ModelBackend {
    fn name(&self) -> &'static str {
        "django.contrib.auth.backends.ModelBackend"
    }

    async fn authenticate(
        &self,
        auth: &Auth,
        username: &str,
        password: &str,
    ) -> Result<Verdict, AuthError> {
        let user = auth.owner(username, password).await?;
        Ok(user.filter(User::is_active).into())
    }
}

/// As [`ModelBackend`], for inactive users too: a site can then tell them what to do to be active again.
///
/// ```
/// # fn example(auth: tenure::auth::Auth) {
/// use tenure::auth::{AllowAllUsersModelBackend, Backends};
///
/// let auth = auth.with_backends(Backends::first(AllowAllUsersModelBackend));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAllUsersModelBackend;

impl AuthBackend for AllowAllUsersModelBackend {
    fn name(&self) -> &'static str {
        "django.contrib.auth.backends.AllowAllUsersModelBackend"
    }

    async fn authenticate(
        &self,
        auth: &Auth,
        username: &str,
        password: &str,
    ) -> Result<Verdict, AuthError> {
        Ok(auth.owner(username, password).await?.into())
    }

    async fn user(&self, auth: &Auth, id: &UserId) -> Result<Option<User>, AuthError> {
        auth.user_by_id(id).await
    }
}
