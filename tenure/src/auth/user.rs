//! One user.

use std::{collections::BTreeSet, fmt, sync::Arc, time::SystemTime};

use tokio::sync::OnceCell;

use super::{Auth, AuthError, UserId, table::UserRow};

/// A user of the site. With axum also an extractor: the user of the request; `Option<User>` where it may be nobody.
///
/// A value holds what was in the table when it was read. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct User {
    auth: Auth,
    row: Arc<UserRow>,
    permissions: Arc<OnceCell<BTreeSet<String>>>,
}

impl User {
    pub(super) fn new(auth: Auth, row: UserRow) -> Self {
        Self {
            auth,
            row: Arc::new(row),
            permissions: Arc::default(),
        }
    }

    /// The primary key. Django's `user.pk`.
    #[doc(alias = "pk")]
    pub fn id(&self) -> &UserId {
        &self.row.id
    }

    /// The name that the user logs in with. Django's `get_username`.
    #[doc(alias = "get_username")]
    pub fn username(&self) -> &str {
        &self.row.username
    }

    /// Whether the user may log in. Inactive users are kept in the table, but are nobody to [`Auth::user`].
    pub fn is_active(&self) -> bool {
        self.row.is_active
    }

    /// Whether the user may enter Django's admin.
    pub fn is_staff(&self) -> bool {
        self.row.is_staff
    }

    /// Whether the user has every permission.
    pub fn is_superuser(&self) -> bool {
        self.row.is_superuser
    }

    /// Whether the user has this permission, as `shop.add_order`: an active superuser has every one, also one that does not exist, and an
    /// inactive user none; else it was given to the user or to one of their groups. Django's `has_perm`, by its `ModelBackend`.
    ///
    /// The permissions are read at the first question and kept with this value and its clones, as Django keeps them on the object: what is
    /// given or taken later counts from the next request on. Nothing is read for a superuser or an inactive user.
    ///
    /// # Errors
    ///
    /// When the permissions cannot be read, as where the user model is without Django's `PermissionsMixin` and so without their tables.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(user: tenure::auth::User) -> Result<(), tenure::auth::AuthError> {
    /// if user.has_perm("shop.add_order").await? {
    ///     // …
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn has_perm(&self, permission: &str) -> Result<bool, AuthError> {
        if self.row.is_superuser || !self.row.is_active {
            return Ok(self.row.is_active);
        }
        Ok(self.all_permissions().await?.contains(permission))
    }

    /// Whether the user has all of these permissions. Django's `has_perms`.
    ///
    /// # Errors
    ///
    /// As [`has_perm`](Self::has_perm).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(user: tenure::auth::User) -> Result<(), tenure::auth::AuthError> {
    /// let may = user.has_perms(["shop.add_order", "shop.change_order"]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn has_perms(
        &self,
        permissions: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<bool, AuthError> {
        for permission in permissions {
            if !self.has_perm(permission.as_ref()).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Every permission of the user: all that there are for an active superuser. Django's `get_all_permissions`.
    ///
    /// # Errors
    ///
    /// As [`has_perm`](Self::has_perm).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(user: tenure::auth::User) -> Result<(), tenure::auth::AuthError> {
    /// for permission in user.all_permissions().await? {
    ///     println!("{permission}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get_all_permissions")]
    pub async fn all_permissions(&self) -> Result<&BTreeSet<String>, AuthError> {
        let read = async || {
            let table = &self.auth.shared.table;
            match (self.row.is_active, self.row.is_superuser) {
                (false, _) => Ok(BTreeSet::new()),
                (true, true) => table.all_permissions().await,
                (true, false) => table.permissions(&self.row.id).await,
            }
        };
        self.permissions.get_or_try_init(read).await
    }

    /// Gives the user another password, at once also in the table. Django's `set_password` and `save`.
    ///
    /// It ends all sessions of the user, since each holds a digest of the hash; [`update_session_auth_hash`](super::update_session_auth_hash)
    /// keeps the one at hand.
    ///
    /// # Errors
    ///
    /// When the password is empty or over-long, the user was deleted, or the table cannot be written.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(mut user: tenure::auth::User, session: tenure::Session) -> Result<(), tenure::auth::AuthError> {
    /// user.set_password("battery staple").await?;
    /// tenure::auth::update_session_auth_hash(&session, &user).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_password(&mut self, password: &str) -> Result<(), AuthError> {
        let encoded = self.auth.new_hash(password).await?;
        let table = &self.auth.shared.table;
        if !table.set_password(&self.row.id, &encoded, None).await? {
            return Err(AuthError::UserGone);
        }
        *self = self.with_encoded_password(encoded);
        Ok(())
    }

    pub(super) fn encoded_password(&self) -> &str {
        &self.row.password
    }

    /// The same user with another hash.
    pub(super) fn with_encoded_password(&self, password: String) -> Self {
        let row = UserRow {
            password,
            ..UserRow::clone(&self.row)
        };
        Self {
            row: Arc::new(row),
            ..self.clone()
        }
    }

    /// Sets `last_login`, as Django's receiver of `user_logged_in` does.
    pub(super) async fn note_login(&self, now: SystemTime) -> Result<(), AuthError> {
        self.auth.shared.table.note_login(&self.row.id, now).await
    }
}

// Neither the hash nor the name belongs into a log.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.row.id)
            .finish_non_exhaustive()
    }
}
