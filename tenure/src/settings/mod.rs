//! Django's settings, under Django's names.
//!
//! They come from three places that mean the same: the file `tenure.toml`, then environment variables, which win, and the fields of
//! [`Settings`] in a program.
//!
//! ```toml
//! SECRET_KEY = "what `tenure secret` prints"
//! SESSION_COOKIE_AGE = 86400
//! SESSION_COOKIE_SECURE = true
//!
//! [DATABASES.default]
//! URL = "sqlite:///srv/site/db.sqlite3"
//! ```
//!
//! Names and defaults are those of `django/conf/global_settings.py` (Django 5.2). What Django does not have begins with `TENURE_`.
//! A wrong value is an error that names the setting, the value and what is allowed; so is a name that does not exist.

mod assurance;
mod backends;
mod check;
mod entries;
mod error;
mod load;
mod policy;
mod proxies;
mod redact;
mod same_site;
mod secret_key;
mod suggest;
mod transport;
mod users;
mod value;
mod zone;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

pub use assurance::AssuranceLevel;
pub use backends::{CacheSettings, DatabaseSettings};
pub use error::SettingsError;
pub use policy::{AtMaxSessions, Policy};
pub(crate) use proxies::TrustedProxies;
pub use redact::without_password;
pub use same_site::SameSite;
pub(crate) use suggest::nearest;
pub use transport::{Transport, UrlPlace};
pub use users::UserColumns;

use crate::secret::Secret;

/// Django's settings for sessions. See the [module docs](self) for where they come from.
///
/// ```
/// use std::time::Duration;
/// use tenure::{Secret, Settings};
///
/// let mut settings = Settings::django();
/// settings.secret_key = Some(Secret::new("3kq…-what-`tenure secret`-prints-0123456789"));
/// settings.cookie_age = Duration::from_secs(86_400);
/// settings.check()?;
/// # Ok::<(), tenure::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "they are Django's")]
pub struct Settings {
    /// `SESSION_ENGINE`: where sessions are kept, by Django's dotted name or the short one. `db`.
    #[doc(alias = "SESSION_ENGINE")]
    pub engine: String,
    /// `SESSION_CACHE_ALIAS`: which of `CACHES` the cache engines use. `default`.
    #[doc(alias = "SESSION_CACHE_ALIAS")]
    pub cache_alias: String,
    /// `SESSION_COOKIE_NAME`: `sessionid`.
    #[doc(alias = "SESSION_COOKIE_NAME")]
    pub cookie_name: String,
    /// `SESSION_COOKIE_AGE`: how long a session lasts, in whole seconds. Two weeks.
    #[doc(alias = "SESSION_COOKIE_AGE")]
    pub cookie_age: Duration,
    /// `SESSION_COOKIE_DOMAIN`: the domain that the cookie is sent to with all below it. None: the host that set it alone.
    #[doc(alias = "SESSION_COOKIE_DOMAIN")]
    pub cookie_domain: Option<String>,
    /// `SESSION_COOKIE_PATH`: the path that the cookie is sent to with all below it. `/`.
    #[doc(alias = "SESSION_COOKIE_PATH")]
    pub cookie_path: Option<String>,
    /// `SESSION_COOKIE_SECURE`: whether the cookie is sent over HTTPS alone. `false`.
    #[doc(alias = "SESSION_COOKIE_SECURE")]
    pub cookie_secure: bool,
    /// `SESSION_COOKIE_HTTPONLY`: whether the cookie is hidden from scripts. `true`.
    #[doc(alias = "SESSION_COOKIE_HTTPONLY")]
    pub cookie_httponly: bool,
    /// `SESSION_COOKIE_SAMESITE`: whether the cookie comes along from other sites. `Lax`.
    #[doc(alias = "SESSION_COOKIE_SAMESITE")]
    pub cookie_samesite: SameSite,
    /// `SESSION_SAVE_EVERY_REQUEST`: whether each request prolongs the session and sends the cookie again. `false`.
    #[doc(alias = "SESSION_SAVE_EVERY_REQUEST")]
    pub save_every_request: bool,
    /// `SESSION_EXPIRE_AT_BROWSER_CLOSE`: whether the cookie goes when the browser closes. `false`.
    #[doc(alias = "SESSION_EXPIRE_AT_BROWSER_CLOSE")]
    pub expire_at_browser_close: bool,
    /// `SESSION_FILE_PATH`: the folder of the file engine. None: the system's folder for temporary files.
    #[doc(alias = "SESSION_FILE_PATH")]
    pub file_path: Option<PathBuf>,
    /// `SESSION_SERIALIZER`: Django's JSON serializer is the only one that is known.
    #[doc(alias = "SESSION_SERIALIZER")]
    pub serializer: String,
    /// `SECRET_KEY`: signs what is stored. There is no default.
    #[doc(alias = "SECRET_KEY")]
    pub secret_key: Option<Secret>,
    /// `SECRET_KEY_FALLBACKS`: earlier secrets, whose signatures still count. None.
    #[doc(alias = "SECRET_KEY_FALLBACKS")]
    pub secret_key_fallbacks: Vec<Secret>,
    /// `DATABASES`: sessions and users are in `default`. None: the file `tenure.sqlite3` in the working directory.
    #[doc(alias = "DATABASES")]
    pub databases: BTreeMap<String, DatabaseSettings>,
    /// `CACHES`: what the cache engines may use. None.
    #[doc(alias = "CACHES")]
    pub caches: BTreeMap<String, CacheSettings>,
    /// `USE_TZ`: whether dates are stored in UTC rather than local time. `true`.
    #[doc(alias = "USE_TZ")]
    pub use_tz: bool,
    /// `TIME_ZONE`: the local time of dates where `USE_TZ` is off. `America/Chicago`, as in Django.
    #[doc(alias = "TIME_ZONE")]
    pub time_zone: String,
    /// `LOGIN_URL`: where visitors log in, a path or URL. `/accounts/login/`.
    #[doc(alias = "LOGIN_URL")]
    pub login_url: String,
    /// `LOGIN_REDIRECT_URL`: where a login leads that came from nowhere. `/accounts/profile/`.
    #[doc(alias = "LOGIN_REDIRECT_URL")]
    pub login_redirect_url: String,
    /// `LOGOUT_REDIRECT_URL`: where a logout leads. None: wherever the program says.
    #[doc(alias = "LOGOUT_REDIRECT_URL")]
    pub logout_redirect_url: Option<String>,
    /// `TENURE_DEVELOPMENT`: development mode, in which a missing or weak secret passes. `false`.
    pub development: bool,
    /// `TENURE_STORE_TIMEOUT`: how long one call to the store may take, in seconds. 5.
    pub store_timeout: Duration,
    /// `TENURE_READ_REPLICA`: the entry of `DATABASES` that sessions may be read from, a replica of `default`. None: `default` alone.
    ///
    /// See [`ReadReplica`](crate::engine::db::ReadReplica) for what this costs.
    pub read_replica: Option<String>,
    /// `TENURE_MAX_SIZE`: how many bytes of JSON a session may have. A larger one is not saved, and not inflated. 1 MiB.
    pub max_size: usize,
    /// `TENURE_COOKIE_REVOCATION`: where the cookie engines remember which sessions were ended: `db`, `cache`, or `none` for nowhere. They
    /// are not opened without it. See [`engine::cookies`](crate::engine::cookies).
    pub cookie_revocation: Option<String>,
    /// `TENURE_COOKIE_CHUNKS`: whether a session in encrypted cookies may fill up to three of them. `false`.
    pub cookie_chunks: bool,
    /// `TENURE_SITE`: tells this site from others with the same `SECRET_KEY`, so that an encrypted cookie of one counts nowhere else.
    /// Empty.
    pub site: String,
    /// `TENURE_PASSWORD_HASHER`: how new password hashes are made, as the site's Django makes them: the first of its `PASSWORD_HASHERS`, or
    /// an algorithm with its costs, such as `pbkdf2_sha256$1200000`. None: Django 5.2's default.
    ///
    /// See `auth::password::Hasher`.
    #[doc(alias = "PASSWORD_HASHERS")]
    pub password_hasher: Option<String>,
    /// `TENURE_USER_TABLE`: the table of the site's user model, its `db_table`; on PostgreSQL also `schema.table`. `auth_user`.
    #[doc(alias = "AUTH_USER_MODEL")]
    pub user_table: String,
    /// `TENURE_USER_COLUMNS`: what the columns of that table are called. As in `auth_user`.
    pub user_columns: UserColumns,
    /// `TENURE_IDLE_LIMIT`: how long after a user's last request the session ends, in seconds, however long it might last otherwise. None.
    pub idle_limit: Option<Duration>,
    /// `TENURE_ABSOLUTE_LIMIT`: how long after its begin, or the last proof of who the user is, a session ends, in seconds, however active.
    /// None.
    pub absolute_limit: Option<Duration>,
    /// `TENURE_HASH_KEYS`: whether the store keeps a hash of each key in its place, so that who reads the store can use none. Django does not
    /// find such sessions, and switching it on or off ends those that there are. `false`.
    pub hash_keys: bool,
    /// `TENURE_USER_SESSIONS`: whether the sessions of each user are listed, for "your devices" and "log out everywhere". Sessions that are
    /// kept in cookies have no list. `false`.
    ///
    /// See [`Sessions::sessions_of`](crate::Sessions::sessions_of).
    pub user_sessions: bool,
    /// `TENURE_MAX_SESSIONS`: how many sessions a user may have at a time, which a login here sees to; Django's does not. Needs
    /// `TENURE_USER_SESSIONS`, and an engine that keeps sessions on the server. None: any number.
    pub max_sessions: Option<usize>,
    /// `TENURE_AT_MAX_SESSIONS`: what a login beyond that does: `end_oldest` or `refuse`.
    pub at_max_sessions: AtMaxSessions,
    /// `TENURE_BIND_USER_AGENT`: what happens when a session comes back from another kind of browser: `off`, `report`, `ask` or `end`.
    /// Versions do not count, so that an update of the browser logs nobody out.
    pub bind_user_agent: Policy,
    /// `TENURE_BIND_ADDRESS`: what happens when a session comes back from another network, the first 24 bits of IPv4 or 48 of IPv6: `off`,
    /// `report`, `ask` or `end`. Needs [`SessionLayer::with_peer_address`](crate::SessionLayer::with_peer_address). Telephones change their
    /// network all day, and a visitor with both kinds of address may come from either.
    pub bind_address: Policy,
    /// `TENURE_TRUSTED_PROXIES`: the networks of the proxies whose word about the visitor's address and scheme counts, such as
    /// `10.0.0.0/8`. None.
    pub trusted_proxies: Vec<String>,
    /// `TENURE_TRANSPORTS`: how a session's key may travel; the first is how new ones do. `cookie` alone.
    pub transports: Vec<Transport>,
    /// `TENURE_URL_PARAMETER`: what the key is called where it stands in the URL. `sid`.
    pub url_parameter: String,
    /// `TENURE_URL_PLACE`: where in the URL it stands: `query` or `path`.
    pub url_place: UrlPlace,
    /// `TENURE_NO_STORE`: whether responses with the session's cookie also say `Cache-Control: private, no-store`, so that no cache
    /// gives out one visitor's session to another. Django's do not. `false`.
    pub no_store: bool,
    /// `TENURE_MAX_KEYS`: how many keys a session may hold. One with more is not saved. None: any number.
    pub max_keys: Option<usize>,
    /// `TENURE_REMEMBER_COOKIE_NAME`: the cookie that remembers a user beyond the session. `remember`.
    pub remember_cookie_name: String,
    /// `TENURE_REMEMBER_AGE`: how long that cookie lasts after its last use, in seconds. 30 days.
    pub remember_age: Duration,
}

impl Settings {
    /// Django's defaults: for sites that share sessions with Django.
    ///
    /// ```
    /// let settings = tenure::Settings::django();
    /// assert_eq!(settings.cookie_name, "sessionid");
    /// assert_eq!(settings.cookie_age.as_secs(), 1_209_600);
    /// ```
    pub fn django() -> Self {
        Self {
            engine: "db".into(),
            cache_alias: "default".into(),
            cookie_name: "sessionid".into(),
            cookie_age: Duration::from_hours(14 * 24),
            cookie_domain: None,
            cookie_path: Some("/".into()),
            cookie_secure: false,
            cookie_httponly: true,
            cookie_samesite: SameSite::LAX,
            save_every_request: false,
            expire_at_browser_close: false,
            file_path: None,
            serializer: "django.contrib.sessions.serializers.JSONSerializer".into(),
            secret_key: None,
            secret_key_fallbacks: Vec::new(),
            databases: BTreeMap::new(),
            caches: BTreeMap::new(),
            use_tz: true,
            time_zone: "America/Chicago".into(),
            login_url: "/accounts/login/".into(),
            login_redirect_url: "/accounts/profile/".into(),
            logout_redirect_url: None,
            development: false,
            store_timeout: Duration::from_secs(5),
            read_replica: None,
            max_size: 1 << 20,
            cookie_revocation: None,
            cookie_chunks: false,
            site: String::new(),
            password_hasher: None,
            user_table: "auth_user".into(),
            user_columns: UserColumns::default(),
            idle_limit: None,
            absolute_limit: None,
            hash_keys: false,
            user_sessions: false,
            max_sessions: None,
            at_max_sessions: AtMaxSessions::EndOldest,
            bind_user_agent: Policy::Off,
            bind_address: Policy::Off,
            trusted_proxies: Vec::new(),
            transports: vec![Transport::Cookie],
            url_parameter: "sid".into(),
            url_place: UrlPlace::Query,
            no_store: false,
            max_keys: None,
            remember_cookie_name: "remember".into(),
            remember_age: Duration::from_hours(30 * 24),
        }
    }

    /// For new services that share nothing with Django: a cookie that browsers guard best, and that goes when they close.
    ///
    /// The cookie is `__Host-id`, over HTTPS alone, hidden from scripts, `SameSite=Lax`. A session ends two weeks after its last request
    /// and 30 days after its begin (NIST's level AAL1) at the latest; its key is hashed in the store; each user's sessions are listed; and it
    /// holds at most 1,000 keys.
    ///
    /// ```
    /// let settings = tenure::Settings::strict();
    /// assert_eq!(settings.cookie_name, "__Host-id");
    /// assert!(settings.cookie_secure && settings.expire_at_browser_close);
    /// ```
    pub fn strict() -> Self {
        Self {
            cookie_name: "__Host-id".into(),
            cookie_secure: true,
            expire_at_browser_close: true,
            idle_limit: Some(Duration::from_hours(14 * 24)),
            absolute_limit: Some(Duration::from_hours(30 * 24)),
            hash_keys: true,
            user_sessions: true,
            no_store: true,
            max_keys: Some(1000),
            remember_cookie_name: "__Host-remember".into(),
            ..Self::django()
        }
    }

    /// Names the database for sessions and users: `DATABASES["default"]["URL"]`.
    ///
    /// ```
    /// let mut settings = tenure::Settings::django();
    /// settings.set_database_url("sqlite:///srv/site/db.sqlite3");
    /// assert_eq!(settings.databases["default"].url, "sqlite:///srv/site/db.sqlite3");
    /// ```
    pub fn set_database_url(&mut self, url: impl Into<String>) {
        self.databases.entry("default".into()).or_default().url = url.into();
    }
}

impl Default for Settings {
    /// [`Settings::django`].
    fn default() -> Self {
        Self::django()
    }
}
