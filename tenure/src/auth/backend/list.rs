//! Several backends, in order.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::{AuthBackend, ModelBackend, Verdict};
use crate::auth::{Auth, AuthError, User, UserId, users::Shared};

type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, AuthError>> + Send + 'a>>;

/// [`AuthBackend`] without its type, so that different ones stand in one list.
trait ErasedBackend: Send + Sync {
    fn name(&self) -> &'static str;
    fn authenticate<'a>(
        &'a self,
        auth: &'a Auth,
        username: &'a str,
        password: &'a str,
    ) -> BackendFuture<'a, Verdict>;
    fn user<'a>(&'a self, auth: &'a Auth, id: &'a UserId) -> BackendFuture<'a, Option<User>>;
}

impl<B: AuthBackend> ErasedBackend for B {
    fn name(&self) -> &'static str {
        AuthBackend::name(self)
    }
    fn authenticate<'a>(
        &'a self,
        auth: &'a Auth,
        username: &'a str,
        password: &'a str,
    ) -> BackendFuture<'a, Verdict> {
        Box::pin(AuthBackend::authenticate(self, auth, username, password))
    }
    fn user<'a>(&'a self, auth: &'a Auth, id: &'a UserId) -> BackendFuture<'a, Option<User>> {
        Box::pin(AuthBackend::user(self, auth, id))
    }
}

/// Backends in the order in which they are asked. Django's `AUTHENTICATION_BACKENDS`; the default is [`ModelBackend`] alone.
///
/// ```
/// # fn example(auth: tenure::auth::Auth, directory: impl tenure::auth::AuthBackend) {
/// use tenure::auth::{Backends, ModelBackend};
///
/// let auth = auth.with_backends(Backends::first(directory).then(ModelBackend));
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "AUTHENTICATION_BACKENDS")]
pub struct Backends(Vec<Arc<dyn ErasedBackend>>);

impl Backends {
    /// The backend that is asked first.
    pub fn first(backend: impl AuthBackend) -> Self {
        Self(vec![Arc::new(backend)])
    }

    /// One more, asked if those before do not know the user.
    #[must_use]
    pub fn then(mut self, backend: impl AuthBackend) -> Self {
        self.0.push(Arc::new(backend));
        self
    }

    pub(in crate::auth) async fn authenticate(
        &self,
        auth: &Auth,
        username: &str,
        password: &str,
    ) -> Result<Option<User>, AuthError> {
        for backend in &self.0 {
            match backend.authenticate(auth, username, password).await? {
                Verdict::Found(user) => return Ok(Some(user.with_backend(backend.name()))),
                Verdict::NotMine => {}
                Verdict::Denied => break,
            }
        }
        Ok(None)
    }

    /// The user with this id whom the backend of this name has logged in.
    pub(in crate::auth) async fn user(
        &self,
        auth: &Auth,
        backend: &str,
        id: &UserId,
    ) -> Result<Option<User>, AuthError> {
        let Some(backend) = self.0.iter().find(|known| known.name() == backend) else {
            return Ok(None);
        };
        let user = backend.user(auth, id).await?;
        Ok(user.map(|user| user.with_backend(backend.name())))
    }

    /// The name of the backend, where there is but one.
    pub(in crate::auth) fn only(&self) -> Option<&'static str> {
        match self.0.as_slice() {
            [only] => Some(only.name()),
            _ => None,
        }
    }
}

impl Default for Backends {
    fn default() -> Self {
        Self::first(ModelBackend)
    }
}

impl fmt::Debug for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|backend| backend.name());
        f.debug_list().entries(names).finish()
    }
}

impl Auth {
    /// The same users, whom `backends` know.
    ///
    /// A session counts as long as the backend that logged its user in is among them, here and in Django. Otherwise its user is nobody
    /// here, and the session is left alone.
    #[must_use]
    pub fn with_backends(self, backends: Backends) -> Self {
        Self::on(Shared {
            backends,
            ..Shared::clone(&self.shared)
        })
    }
}
