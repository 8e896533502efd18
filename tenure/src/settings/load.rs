//! Settings from `tenure.toml` and from the environment.

use std::{collections::BTreeMap, path::Path};

use toml::Table;

use super::{
    AssuranceLevel, AtMaxSessions, Policy, Settings, SettingsError, Transport, UrlPlace,
    check::LEAST_MAX_SIZE,
    entries,
    value::{Given, Raw},
};
use crate::secret::Secret;

/// The file that is read if it is there.
const FILE: &str = "tenure.toml";
/// The environment variable that names another file.
const FILE_NAME: &str = "TENURE_SETTINGS";
const ENVIRONMENT: &str = "environment";
const DATABASE_URL: &str = "DATABASE_URL";
/// `django` or `strict`: what the other settings are laid over.
const PROFILE: &str = "TENURE_PROFILE";
/// `aal1` to `aal3`: two limits in one word, which each of them overrides.
const ASSURANCE_LEVEL: &str = "TENURE_ASSURANCE_LEVEL";

const NAMES: &[&str] = &[
    "CACHES",
    "DATABASES",
    "LOGIN_REDIRECT_URL",
    "LOGIN_URL",
    "LOGOUT_REDIRECT_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SESSION_CACHE_ALIAS",
    "SESSION_COOKIE_AGE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PATH",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_SECURE",
    "SESSION_ENGINE",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "SESSION_FILE_PATH",
    "SESSION_SAVE_EVERY_REQUEST",
    "SESSION_SERIALIZER",
    "TENURE_ABSOLUTE_LIMIT",
    ASSURANCE_LEVEL,
    "TENURE_AT_MAX_SESSIONS",
    "TENURE_BIND_ADDRESS",
    "TENURE_BIND_USER_AGENT",
    "TENURE_COOKIE_CHUNKS",
    "TENURE_COOKIE_REVOCATION",
    "TENURE_DEVELOPMENT",
    "TENURE_HASH_KEYS",
    "TENURE_IDLE_LIMIT",
    "TENURE_MAX_KEYS",
    "TENURE_MAX_SESSIONS",
    "TENURE_MAX_SIZE",
    "TENURE_NO_STORE",
    "TENURE_PASSWORD_HASHER",
    PROFILE,
    "TENURE_READ_REPLICA",
    "TENURE_REMEMBER_AGE",
    "TENURE_REMEMBER_COOKIE_NAME",
    "TENURE_SITE",
    "TENURE_STORE_TIMEOUT",
    "TENURE_TRANSPORTS",
    "TENURE_TRUSTED_PROXIES",
    "TENURE_URL_PARAMETER",
    "TENURE_URL_PLACE",
    "TENURE_USER_COLUMNS",
    "TENURE_USER_SESSIONS",
    "TENURE_USER_TABLE",
    "TIME_ZONE",
    "USE_TZ",
];
const POLICIES: &str = "one of \"off\", \"report\", \"ask\" and \"end\" is needed";
/// Names that look like ours in the environment and are not: desktops set them.
const FOREIGN: &[&str] = &["SESSION_MANAGER"];
/// What Kubernetes and Docker add to every container for a service called `session` or `tenure`, and what tenure's own tests are told;
/// no setting has these words.
const FOREIGN_WORDS: &[&str] = &["_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "TENURE_TEST_"];

impl Settings {
    /// Reads `tenure.toml` in the working directory, if it is there, or the file that the environment variable `TENURE_SETTINGS` names,
    /// which has to be; then the environment, which wins; and checks everything.
    ///
    /// In the environment booleans are `true` or `false` (also `1`, `yes`, `on` and their opposites), lists and tables are JSON, and
    /// `DATABASE_URL` stands for `DATABASES["default"]["URL"]`. `SECRET_KEY_FALLBACKS` may also be one bare secret; several are JSON, since
    /// a secret may hold a comma. Python's `None` is understood where a setting may have no value. In development mode a missing secret is
    /// made for this process.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its name, its place, its value and what is allowed.
    ///
    /// # Example
    ///
    /// ```no_run
    /// // Not run: it depends on the working directory.
    /// let settings = tenure::Settings::load()?;
    /// # Ok::<(), tenure::SettingsError>(())
    /// ```
    pub fn load() -> Result<Self, SettingsError> {
        Self::load_from(None, environment()?)
    }

    /// As [`load`](Self::load), with this file, which has to be there, in place of `tenure.toml`.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Example
    ///
    /// ```
    /// let error = tenure::Settings::load_file("/nowhere/tenure.toml".as_ref()).unwrap_err();
    /// assert_eq!(error.to_string(), "the settings file /nowhere/tenure.toml cannot be read");
    /// ```
    pub fn load_file(file: &Path) -> Result<Self, SettingsError> {
        Self::load_from(Some(file), environment()?)
    }

    /// As [`load`](Self::load), from this file, which has to be there, and this environment.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Settings;
    ///
    /// let environment = [("TENURE_DEVELOPMENT", "true"), ("SESSION_COOKIE_AGE", "3600")];
    /// let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    /// let settings = Settings::load_from(None, environment)?;
    /// assert_eq!(settings.cookie_age.as_secs(), 3600);
    /// # Ok::<(), tenure::SettingsError>(())
    /// ```
    pub fn load_from(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let named = file
            .map(Path::to_path_buf)
            .or_else(|| environment.get(FILE_NAME).map(Into::into));
        let path = named.clone().unwrap_or_else(|| FILE.into());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
                String::new()
            }
            Err(error) => {
                return Err(SettingsError::File {
                    file: path.display().to_string(),
                    source: error.into(),
                });
            }
        };
        Self::read(&text, &path.display().to_string(), &environment)
    }

    /// Settings from the text of a `tenure.toml` alone, checked.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::Settings;
    ///
    /// let settings = Settings::from_toml(
    ///     r#"
    ///     TENURE_DEVELOPMENT = true
    ///     SESSION_COOKIE_SAMESITE = "Strict"
    ///     "#,
    /// )?;
    /// assert_eq!(settings.cookie_samesite.as_str(), Some("Strict"));
    /// # Ok::<(), tenure::SettingsError>(())
    /// ```
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        Self::read(text, FILE, &BTreeMap::new())
    }

    fn read(
        text: &str,
        file: &str,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, SettingsError> {
        let table: Table = text
            .parse()
            .map_err(|error| SettingsError::syntax(file, text, &error))?;
        let mut given: Vec<Given<'_>> = table
            .iter()
            .map(|(name, value)| Given {
                name,
                value: Raw::Toml(value),
                from: file,
            })
            .collect();
        for (name, value) in environment {
            if is_ours(name) && ![FILE_NAME, DATABASE_URL].contains(&name.as_str()) {
                given.push(Given {
                    name,
                    value: Raw::Text(value),
                    from: ENVIRONMENT,
                });
            }
        }
        let mut settings = Self::django();
        for profile in given.iter().filter(|given| given.name == PROFILE) {
            settings = match profile.text()?.as_str() {
                "django" => Self::django(),
                "strict" => Self::strict(),
                _ => return Err(profile.wrong("\"django\" or \"strict\" is needed")),
            };
        }
        for level in given.iter().filter(|given| given.name == ASSURANCE_LEVEL) {
            let needed = "one of \"aal1\", \"aal2\" and \"aal3\" is needed";
            settings.set_assurance_level(level.word(needed, AssuranceLevel::parse)?);
        }
        for given in &given {
            settings.set(given)?;
        }
        if let Some(url) = environment.get(DATABASE_URL) {
            settings.set_database_url(url);
        }
        let place = |setting: &str| {
            if setting == "DATABASES.default.URL" && environment.contains_key(DATABASE_URL) {
                return Some(ENVIRONMENT.to_owned());
            }
            let top = setting.split('.').next().unwrap_or(setting);
            // The environment comes last and wins.
            let last = given.iter().rfind(|given| given.name == top);
            last.map(|given| given.from.to_owned())
        };
        settings.check().map_err(|error| error.found(place))?;
        settings.warn_of_weak_fallbacks();
        settings.engine = settings.engine_name()?.to_owned();
        settings.secret_key = Some(settings.secret()?);
        Ok(settings)
    }

    fn set(&mut self, given: &Given<'_>) -> Result<(), SettingsError> {
        match given.name {
            "SESSION_ENGINE" => self.engine = given.text()?,
            "SESSION_CACHE_ALIAS" => self.cache_alias = given.text()?,
            "SESSION_COOKIE_NAME" => self.cookie_name = given.text()?,
            "SESSION_COOKIE_AGE" => self.cookie_age = given.seconds()?,
            "SESSION_COOKIE_DOMAIN" => self.cookie_domain = given.optional_text()?,
            "SESSION_COOKIE_PATH" => self.cookie_path = given.optional_text()?,
            "SESSION_COOKIE_SECURE" => self.cookie_secure = given.flag()?,
            "SESSION_COOKIE_HTTPONLY" => self.cookie_httponly = given.flag()?,
            "SESSION_COOKIE_SAMESITE" => self.cookie_samesite = given.same_site()?,
            "SESSION_SAVE_EVERY_REQUEST" => self.save_every_request = given.flag()?,
            "SESSION_EXPIRE_AT_BROWSER_CLOSE" => self.expire_at_browser_close = given.flag()?,
            "SESSION_FILE_PATH" => self.file_path = given.optional_text()?.map(Into::into),
            "SESSION_SERIALIZER" => self.serializer = given.text()?,
            "SECRET_KEY" => self.secret_key = Some(Secret::new(given.text()?)),
            "SECRET_KEY_FALLBACKS" => {
                self.secret_key_fallbacks = given.list()?.into_iter().map(Secret::new).collect();
            }
            "DATABASES" => self.databases = given.entries(entries::database)?,
            "CACHES" => self.caches = given.entries(entries::cache)?,
            "USE_TZ" => self.use_tz = given.flag()?,
            "TIME_ZONE" => self.time_zone = given.text()?,
            "LOGIN_URL" => self.login_url = given.text()?,
            "LOGIN_REDIRECT_URL" => self.login_redirect_url = given.text()?,
            "LOGOUT_REDIRECT_URL" => self.logout_redirect_url = given.optional_text()?,
            "TENURE_COOKIE_CHUNKS" => self.cookie_chunks = given.flag()?,
            "TENURE_COOKIE_REVOCATION" => self.cookie_revocation = Some(given.text()?),
            "TENURE_PASSWORD_HASHER" => self.password_hasher = given.optional_text()?,
            "TENURE_SITE" => self.site = given.text()?,
            "TENURE_DEVELOPMENT" => self.development = given.flag()?,
            "TENURE_USER_COLUMNS" => self.user_columns = given.fields(entries::user_columns)?,
            "TENURE_USER_TABLE" => self.user_table = given.text()?,
            "TENURE_READ_REPLICA" => self.read_replica = given.optional_text()?,
            "TENURE_STORE_TIMEOUT" => self.store_timeout = given.seconds()?,
            "TENURE_MAX_SIZE" => {
                let bytes = given.number(LEAST_MAX_SIZE.into(), " of bytes")?;
                self.max_size = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            "TENURE_IDLE_LIMIT" => self.idle_limit = given.optional_seconds()?,
            "TENURE_ABSOLUTE_LIMIT" => self.absolute_limit = given.optional_seconds()?,
            "TENURE_HASH_KEYS" => self.hash_keys = given.flag()?,
            "TENURE_USER_SESSIONS" => self.user_sessions = given.flag()?,
            "TENURE_MAX_SESSIONS" => self.max_sessions = given.optional_count()?,
            "TENURE_AT_MAX_SESSIONS" => {
                let needed = "\"end_oldest\" or \"refuse\" is needed";
                self.at_max_sessions = given.word(needed, AtMaxSessions::parse)?;
            }
            "TENURE_BIND_USER_AGENT" => {
                self.bind_user_agent = given.word(POLICIES, Policy::parse)?;
            }
            "TENURE_BIND_ADDRESS" => self.bind_address = given.word(POLICIES, Policy::parse)?,
            "TENURE_TRUSTED_PROXIES" => self.trusted_proxies = given.list()?,
            "TENURE_TRANSPORTS" => {
                let needed = "a list of \"cookie\", \"header\" and \"url\" is needed";
                let known = given
                    .list()?
                    .iter()
                    .map(|word| Transport::parse(word))
                    .collect();
                self.transports = Option::ok_or_else(known, || given.wrong(needed))?;
            }
            "TENURE_URL_PARAMETER" => self.url_parameter = given.text()?,
            "TENURE_URL_PLACE" => {
                let needed = "\"query\" or \"path\" is needed";
                self.url_place = given.word(needed, UrlPlace::parse)?;
            }
            "TENURE_NO_STORE" => self.no_store = given.flag()?,
            "TENURE_MAX_KEYS" => self.max_keys = given.optional_count()?,
            "TENURE_REMEMBER_COOKIE_NAME" => self.remember_cookie_name = given.text()?,
            "TENURE_REMEMBER_AGE" => self.remember_age = given.seconds()?,
            PROFILE | ASSURANCE_LEVEL => {}
            _ => return Err(given.unknown(NAMES, &[])),
        }
        Ok(())
    }
}

/// Whether a name of the environment is, or was meant to be, a setting.
fn is_ours(name: &str) -> bool {
    let foreign = FOREIGN_WORDS.iter().any(|words| name.contains(words));
    let known = NAMES.contains(&name) || [FILE_NAME, DATABASE_URL].contains(&name);
    let meant = name.starts_with("SESSION_") || name.starts_with("TENURE_");
    known || (meant && !foreign && !FOREIGN.contains(&name))
}

/// What of the process's environment is ours.
fn environment() -> Result<Vec<(String, String)>, SettingsError> {
    let mut environment = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| is_ours(name)) else {
            continue;
        };
        let value = value.into_string().map_err(|_| SettingsError::Invalid {
            setting: name.to_owned(),
            value: "not UTF-8".to_owned(),
            from: Some(ENVIRONMENT.to_owned()),
            needed: "text is needed".to_owned(),
        })?;
        environment.push((name.to_owned(), value));
    }
    Ok(environment)
}
