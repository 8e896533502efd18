//! The table of users.

use std::{fmt, sync::Arc, time::SystemTime};

use rusqlite::{ErrorCode, OptionalExtension, Row, params};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    AuthError, login,
    password::{self, HashError, Hasher},
};
use crate::{
    engine::{
        OpenError,
        db::{Sqlite, date_text},
    },
    moment::Moment,
    session::Session,
    settings::{Settings, SettingsError},
    system::{OperatingSystem, System},
};

/// As Django's migrations `auth/0001` to `auth/0012` leave it.
const CREATE_TABLE: &str = r#"CREATE TABLE IF NOT EXISTS "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL)"#;
const BY_NAME: &str = r#"SELECT "id", "username", "password", "is_active", "is_staff", "is_superuser" FROM "auth_user" WHERE "username" = ?1"#;
const BY_ID: &str = r#"SELECT "id", "username", "password", "is_active", "is_staff", "is_superuser" FROM "auth_user" WHERE "id" = ?1"#;
const INSERT: &str = r#"INSERT INTO "auth_user" ("password", "last_login", "is_superuser", "username", "last_name", "email", "is_staff", "is_active", "date_joined", "first_name") VALUES (?1, NULL, 0, ?2, '', '', 0, 1, ?3, '')"#;
const NOTE_LOGIN: &str = r#"UPDATE "auth_user" SET "last_login" = ?1 WHERE "id" = ?2"#;

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
    pub(super) table: Arc<Sqlite>,
    pub(super) hasher: Hasher,
    pub(super) upgrades_hashes: bool,
    /// Hashing takes a core for a good while; more at once than there are cores would only let strangers pile up work.
    pub(super) hashing: Arc<Semaphore>,
}

/// A user of `auth_user`. With axum also an extractor: the user of the request; `Option<User>` where it may be nobody.
///
/// See the [module docs](super) for an example.
#[derive(Clone)]
pub struct User {
    auth: Auth,
    row: Arc<UserRow>,
}

#[derive(Clone)]
struct UserRow {
    id: i64,
    username: String,
    password: String,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
}

impl UserRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            username: row.get(1)?,
            password: row.get(2)?,
            is_active: row.get(3)?,
            is_staff: row.get(4)?,
            is_superuser: row.get(5)?,
        })
    }
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
            table: Sqlite::open(settings).await?,
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

    /// Makes Django's `auth_user` table, unless it is there.
    ///
    /// # Errors
    ///
    /// When the database is unavailable or refuses to write.
    pub async fn create_table(&self) -> Result<(), AuthError> {
        let create = self
            .shared
            .table
            .write(|connection, _| connection.execute_batch(CREATE_TABLE));
        create.await.map_err(AuthError::Users)
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
        let encoded = user.as_ref().map(|user| user.row.password.clone());
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
    /// When the name is taken or not allowed, the password is empty or over-long, or the users cannot be written.
    pub async fn create_user(&self, username: &str, password: &str) -> Result<User, AuthError> {
        let username = &*normalize_username(username);
        let allowed = |c: char| c.is_alphanumeric() || "@.+-_".contains(c);
        if username.is_empty() || username.chars().count() > 150 || !username.chars().all(allowed) {
            return Err(AuthError::UsernameInvalid(username.to_owned()));
        }
        if password.is_empty() || password.len() > password::MAX_BYTES {
            return Err(AuthError::PasswordInvalid);
        }
        let (text, hasher) = (password.to_owned(), self.shared.hasher);
        let encoded = self
            .hash(move || hasher.make(&text, &OperatingSystem))
            .await??;
        let (name, now) = (username.to_owned(), Moment::from(OperatingSystem.now()));
        let (stored_name, stored_password) = (name.clone(), encoded.clone());
        let inserted = self.shared.table.write(move |connection, zone| {
            let values = params![stored_password, stored_name, date_text(now, zone)];
            match connection.prepare_cached(INSERT)?.insert(values) {
                Ok(id) => Ok(Some(id)),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        });
        let id = inserted.await.map_err(AuthError::Users)?;
        let id = id.ok_or_else(|| AuthError::UsernameTaken(name.clone()))?;
        let row = UserRow {
            id,
            username: name,
            password: encoded,
            is_active: true,
            is_staff: false,
            is_superuser: false,
        };
        Ok(User {
            auth: self.clone(),
            row: Arc::new(row),
        })
    }

    /// The user with exactly this name, active or not.
    ///
    /// # Errors
    ///
    /// When the users cannot be read.
    pub async fn user_by_name(&self, username: &str) -> Result<Option<User>, AuthError> {
        let name = username.to_owned();
        self.find(move |connection| {
            connection
                .prepare_cached(BY_NAME)?
                .query_row([&name], UserRow::read)
                .optional()
        })
        .await
    }

    /// The user with this id, active or not.
    ///
    /// # Errors
    ///
    /// When the users cannot be read.
    pub async fn user_by_id(&self, id: i64) -> Result<Option<User>, AuthError> {
        self.find(move |connection| {
            connection
                .prepare_cached(BY_ID)?
                .query_row([id], UserRow::read)
                .optional()
        })
        .await
    }

    async fn find<Q>(&self, query: Q) -> Result<Option<User>, AuthError>
    where
        Q: Fn(&rusqlite::Connection) -> rusqlite::Result<Option<UserRow>> + Send + 'static,
    {
        let row = self
            .shared
            .table
            .read(move |connection, _| query(connection))
            .await
            .map_err(AuthError::Users)?;
        Ok(row.map(|row| User {
            auth: self.clone(),
            row: Arc::new(row),
        }))
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

impl User {
    /// The number of the row in `auth_user`.
    pub fn id(&self) -> i64 {
        self.row.id
    }

    /// The name that the user logs in with.
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
            auth: self.auth.clone(),
            row: Arc::new(row),
        }
    }

    /// Sets `last_login`, as Django's receiver of `user_logged_in` does.
    pub(super) async fn note_login(&self, now: SystemTime) -> Result<(), AuthError> {
        let (id, now) = (self.row.id, Moment::from(now));
        let update = self.auth.shared.table.write(move |connection, zone| {
            connection
                .prepare_cached(NOTE_LOGIN)?
                .execute(params![date_text(now, zone), id])
        });
        update.await.map(|_| ()).map_err(AuthError::Users)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("table", &self.shared.table)
            .finish_non_exhaustive()
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
