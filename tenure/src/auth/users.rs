//! The table of users.

use std::{fmt, sync::Arc};

use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    AuthError, User, UserId, login,
    password::{self, HashError, Hasher},
    table::{UserRow, UserTable},
};
use crate::{
    engine::OpenError,
    session::Session,
    settings::{Settings, SettingsError},
    system::{OperatingSystem, System},
};

/// Django's users: who may log in. Cheap to clone; put it into the router's state.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("site.sqlite3");
/// use tenure::{auth::Auth, testing};
///
/// let mut settings = testing::settings();
/// settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
/// let auth = Auth::open(&settings).await?;
/// auth.create_table().await?;
/// auth.create_user("ada", "correct horse").await?;
/// assert!(auth.authenticate("ada", "correct horse").await?.is_some());
/// assert!(auth.authenticate("ada", "wrong horse").await?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Auth {
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone)]
pub(super) struct Shared {
    pub(super) table: Arc<UserTable>,
    pub(super) hasher: Hasher,
    pub(super) upgrades_hashes: bool,
    /// Hashing takes a core for a good while; more at once than there are cores would only let strangers pile up work.
    pub(super) hashing: Arc<Semaphore>,
}

/// Brings a user name into the one form that is stored (Unicode NFKC), as Django's user manager and its login form do: full-width letters
/// and ligatures become plain ones, so that no two names look the same.
///
/// [`Auth::create_user`] does it by itself. [`Auth::authenticate`] looks for exactly what it is given, as Django's does; a login form
/// normalises what was typed.
///
/// ```
/// assert_eq!(tenure::auth::normalize_username("\u{ff41}da"), "ada");
/// ```
pub fn normalize_username(username: &str) -> String {
    username.nfkc().collect()
}

/// The hasher that the settings name.
fn hasher(settings: &Settings) -> Result<Hasher, SettingsError> {
    let Some(name) = settings.password_hasher.as_deref() else {
        return Ok(Hasher::default());
    };
    name.parse().map_err(|error: HashError| {
        SettingsError::invalid("TENURE_PASSWORD_HASHER", name, &error.to_string())
    })
}

impl Auth {
    /// The users in the database that `DATABASES["default"]` names.
    ///
    /// # Errors
    ///
    /// When a setting is wrong or the database cannot be opened.
    pub async fn open(settings: &Settings) -> Result<Self, OpenError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self::on(Shared {
            table: Arc::new(UserTable::open(settings).await?),
            hasher: hasher(settings)?,
            upgrades_hashes: false,
            hashing: Arc::new(Semaphore::new(cores)),
        }))
    }

    pub(super) fn on(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The same users; new hashes are made by `hasher`, in place of the setting `TENURE_PASSWORD_HASHER`. A wrong password takes at least
    /// its time.
    #[must_use]
    pub fn with_hasher(self, hasher: Hasher) -> Self {
        Self::on(Shared {
            hasher,
            ..Shared::clone(&self.shared)
        })
    }

    /// Makes Django's `auth_user` table, unless it is there. Those of groups and permissions, Django's `migrate` makes.
    ///
    /// # Errors
    ///
    /// When the database is unavailable or refuses to write, or the settings name another table or other columns than Django's: only the
    /// site knows what else belongs there.
    pub async fn create_table(&self) -> Result<(), AuthError> {
        self.shared.table.create().await
    }

    /// The active user with this name and password; `None` if there is none. Django's `authenticate`.
    ///
    /// An unknown user costs as much time as a wrong password.
    ///
    /// # Errors
    ///
    /// When the users cannot be read.
    pub async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<User>, AuthError> {
        let user = self.user_by_name(username).await?;
        let user = match self.verified(user, password).await? {
            Some(user) if self.must_upgrade(&user) => self.upgraded(user, password).await?,
            user => user,
        };
        Ok(user.filter(User::is_active))
    }

    /// `user`, if the password is theirs.
    pub(super) async fn verified(
        &self,
        user: Option<User>,
        password: &str,
    ) -> Result<Option<User>, AuthError> {
        let encoded = user.as_ref().map(|user| user.encoded_password().to_owned());
        let (password, hasher) = (password.to_owned(), self.shared.hasher);
        let right = self
            .hash(move || password::check_evenly(&password, encoded.as_deref(), &hasher))
            .await?;
        Ok(user.filter(|_| right))
    }

    /// The user whom the session belongs to; `None` if nobody is logged in. Django's `get_user`.
    ///
    /// The login is checked on every call: a user who was deactivated is nobody, and a session from before a change of password is
    /// flushed.
    ///
    /// # Errors
    ///
    /// When the users cannot be read or the session not be written.
    pub async fn user(&self, session: &Session) -> Result<Option<User>, AuthError> {
        login::user(self, session).await
    }

    /// Adds an active user without further rights. The name is normalised, see [`normalize_username`].
    ///
    /// # Errors
    ///
    /// When the name is taken or not allowed, the password is empty or over-long, or the users cannot be written; and where the settings
    /// name another table or other columns than Django's.
    pub async fn create_user(&self, username: &str, password: &str) -> Result<User, AuthError> {
        let username = &*normalize_username(username);
        let allowed = |c: char| c.is_alphanumeric() || "@.+-_".contains(c);
        if username.is_empty() || username.chars().count() > 150 || !username.chars().all(allowed) {
            return Err(AuthError::UsernameInvalid(username.to_owned()));
        }
        self.shared.table.is_djangos()?;
        let encoded = self.new_hash(password).await?;
        let now = OperatingSystem.now();
        let added = self.shared.table.insert(username, &encoded, now).await?;
        let row = added.ok_or_else(|| AuthError::UsernameTaken(username.to_owned()))?;
        Ok(User::new(self.clone(), row))
    }

    /// The hash of a new password.
    pub(super) async fn new_hash(&self, password: &str) -> Result<String, AuthError> {
        if password.is_empty() || password.len() > password::MAX_BYTES {
            return Err(AuthError::PasswordInvalid);
        }
        let (text, hasher) = (password.to_owned(), self.shared.hasher);
        let hash = self.hash(move || hasher.make(&text, &OperatingSystem));
        Ok(hash.await??)
    }

    /// The user with this name, active or not. As in Django, the database compares: PostgreSQL and SQLite to the letter, MySQL by the
    /// column's collation, which as a rule takes `Ada` for `ada`.
    ///
    /// # Errors
    ///
    /// When the users cannot be read.
    pub async fn user_by_name(&self, username: &str) -> Result<Option<User>, AuthError> {
        let row = self.shared.table.by_name(username).await?;
        Ok(self.user_of(row))
    }

    /// The user with this primary key, active or not.
    ///
    /// # Errors
    ///
    /// When the users cannot be read.
    pub async fn user_by_id(&self, id: impl Into<UserId>) -> Result<Option<User>, AuthError> {
        let row = self.shared.table.by_id(&id.into()).await?;
        Ok(self.user_of(row))
    }

    fn user_of(&self, row: Option<UserRow>) -> Option<User> {
        row.map(|row| User::new(self.clone(), row))
    }

    /// Runs `work` where it may take its time.
    pub(super) async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        // The semaphore is never closed; were it, hashing without its bound would still be right.
        let permit = Arc::clone(&self.shared.hashing).acquire_owned().await;
        let bounded = move || {
            // Held until the work is done, also if whoever asked for it has hung up meanwhile.
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(bounded)
            .await
            .map_err(AuthError::Hashing)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("table", &self.shared.table)
            .finish_non_exhaustive()
    }
}
