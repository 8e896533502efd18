//! Who may enter a part of a site.

use std::{fmt, sync::Arc, time::Duration};

use super::{Auth, AuthError, LoginUrls, User, proof::is_recent};
use crate::{session::Session, settings::Settings};

#[derive(Clone)]
enum Condition {
    Test(Arc<dyn Fn(&User) -> bool + Send + Sync>),
    Permission(String),
}

/// Lets only logged-in users in: a tower layer for a part of a router. Django's `login_required`.
///
/// A stranger is sent to the login page, `LOGIN_URL`, which leads back here by its field `next`. With [`staff`](Self::staff),
/// [`permission`](Self::permission) and [`test`](Self::test) a logged-in user who does not pass gets 403. So it is with Django's mixins (`UserPassesTestMixin`); its decorators
/// (`user_passes_test`) send such a user to the login page, from which a user who is logged in is often sent back at once, round and round.
///
/// If it cannot be told who is logged in, since the sessions or the users are away, the answer is 503. The user stands in the request's
/// extensions, where the extractor [`User`] finds it without another look into the table.
///
/// The [`SessionLayer`](crate::SessionLayer) has to be outside of it, and so has [`Router::nest`]: a nested router does not know its own
/// prefix, which `next` needs.
///
/// ```
/// use axum::{Router, routing::get};
/// use tenure::{SessionLayer, Settings, auth::{Auth, LoginRequired, User}};
///
/// async fn account(user: User) -> String {
///     format!("The account of {}", user.username())
/// }
///
/// fn app(auth: Auth, sessions: SessionLayer, settings: &Settings) -> Router {
///     let members = Router::new()
///         .route("/account", get(account))
///         .route_layer(LoginRequired::new(auth.clone(), settings));
///     let staff = Router::new()
///         .nest("/reports", Router::new().route("/sales", get("Sales")))
///         .route_layer(LoginRequired::new(auth.clone(), settings).staff());
///     Router::new()
///         .route("/", get("Welcome"))
///         .merge(members)
///         .merge(staff)
///         .layer(sessions)
///         .with_state(auth)
/// }
/// ```
///
/// Mirrors `django/contrib/auth/mixins.py` (Django 5.2).
///
/// [`Router::nest`]: https://docs.rs/axum/latest/axum/struct.Router.html#method.nest
#[derive(Clone)]
#[doc(alias = "login_required")]
pub struct LoginRequired(Arc<Rules>);

#[derive(Clone)]
struct Rules {
    auth: Auth,
    urls: LoginUrls,
    conditions: Vec<Condition>,
    recent: Option<Duration>,
}

/// What becomes of a request.
///
/// See [`LoginRequired::admit`] for an example.
#[derive(Debug)]
#[non_exhaustive]
pub enum Admission {
    /// The user may enter.
    Admitted(User),
    /// Nobody is logged in: 302 to this address of the login page.
    LogIn(String),
    /// The user is logged in and may not enter: 403.
    Forbidden,
    /// The user may enter once they have proved again who they are: 403, or a page that asks for their password.
    ProveAgain,
}

impl LoginRequired {
    /// Lets every logged-in user in, and sends others to the `LOGIN_URL` of these settings.
    pub fn new(auth: Auth, settings: &Settings) -> Self {
        Self(Arc::new(Rules {
            auth,
            urls: LoginUrls::new(settings),
            conditions: Vec::new(),
            recent: None,
        }))
    }

    /// The same for staff alone: users who may enter Django's admin. Django's `staff_member_required`; a stranger is sent to `LOGIN_URL`
    /// here too, and not to the admin's own login page.
    #[doc(alias = "staff_member_required")]
    #[must_use]
    pub fn staff(self) -> Self {
        self.test(User::is_staff)
    }

    /// The same for users alone who pass `test`, beside what was asked for before. Django's `user_passes_test`.
    ///
    /// ```
    /// # fn example(auth: tenure::auth::Auth, settings: &tenure::Settings) {
    /// use tenure::auth::LoginRequired;
    ///
    /// let owners = LoginRequired::new(auth, settings).test(|user| user.username() == "ada");
    /// # }
    /// ```
    #[doc(alias = "user_passes_test")]
    #[must_use]
    pub fn test(self, test: impl Fn(&User) -> bool + Send + Sync + 'static) -> Self {
        self.and(Condition::Test(Arc::new(test)))
    }

    /// The same for users alone who have this permission ([`User::has_perm`]), beside what was asked for before. Django's
    /// `permission_required`.
    ///
    /// ```
    /// # fn example(auth: tenure::auth::Auth, settings: &tenure::Settings) {
    /// use tenure::auth::LoginRequired;
    ///
    /// let clerks = LoginRequired::new(auth, settings).permission("shop.change_order");
    /// # }
    /// ```
    #[doc(alias = "permission_required")]
    #[must_use]
    pub fn permission(self, permission: impl Into<String>) -> Self {
        self.and(Condition::Permission(permission.into()))
    }

    /// The same for users alone who have proved within this time who they are, as [`require_recent_auth`](super::require_recent_auth) asks
    /// for it. Others get 403 and the advice to log in again.
    ///
    /// ```
    /// # fn example(auth: tenure::auth::Auth, settings: &tenure::Settings) {
    /// use std::time::Duration;
    /// use tenure::auth::LoginRequired;
    ///
    /// let careful = LoginRequired::new(auth, settings).recent_auth(Duration::from_mins(10));
    /// # }
    /// ```
    #[must_use]
    pub fn recent_auth(self, within: Duration) -> Self {
        let mut rules = Arc::unwrap_or_clone(self.0);
        rules.recent = Some(within);
        Self(Arc::new(rules))
    }

    fn and(self, condition: Condition) -> Self {
        let mut rules = Arc::unwrap_or_clone(self.0);
        rules.conditions.push(condition);
        Self(Arc::new(rules))
    }

    /// The users whom it asks for.
    pub fn auth(&self) -> &Auth {
        &self.0.auth
    }

    /// What becomes of a request for `path_and_query` by `user`, the one of this session. For adapters to other frameworks; the tower layer asks it too.
    ///
    /// # Errors
    ///
    /// When the user's permissions cannot be read.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(guard: tenure::auth::LoginRequired, session: tenure::Session) -> Result<(), tenure::auth::AuthError> {
    /// use tenure::auth::Admission;
    ///
    /// let user = guard.auth().user(&session).await?;
    /// match guard.admit(&session, user, "/cart?page=2").await? {
    ///     Admission::Admitted(user) => println!("{} may see the cart", user.username()),
    ///     Admission::LogIn(location) => println!("302 to {location}"),
    ///     _ => println!("403"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn admit(
        &self,
        session: &Session,
        user: Option<User>,
        path_and_query: &str,
    ) -> Result<Admission, AuthError> {
        let Some(user) = user else {
            return Ok(Admission::LogIn(self.0.urls.login(path_and_query)));
        };
        for condition in &self.0.conditions {
            let passes = match condition {
                Condition::Test(test) => test(&user),
                Condition::Permission(permission) => user.has_perm(permission).await?,
            };
            if !passes {
                return Ok(Admission::Forbidden);
            }
        }
        if self
            .0
            .recent
            .is_some_and(|within| !is_recent(session, within))
        {
            return Ok(Admission::ProveAgain);
        }
        Ok(Admission::Admitted(user))
    }
}

impl fmt::Debug for LoginRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRequired")
            .field("urls", &self.0.urls)
            .field("conditions", &self.0.conditions.len())
            .field("recent", &self.0.recent)
            .finish_non_exhaustive()
    }
}
