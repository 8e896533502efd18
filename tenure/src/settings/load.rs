//! Settings from `tenure.toml` and from the environment.

use std::{collections::BTreeMap, path::Path, time::Duration};

use toml::{Table, Value};

use super::{CacheSettings, DatabaseSettings, SameSite, Settings, SettingsError, check::nearest};
use crate::{secret::Secret, system::OperatingSystem};

/// The file that is read if it is there.
const FILE: &str = "tenure.toml";
/// The environment variable that names another file.
const FILE_NAME: &str = "TENURE_SETTINGS";
const ENVIRONMENT: &str = "environment";
const DATABASE_URL: &str = "DATABASE_URL";
/// `django` or `strict`: what the other settings are laid over.
const PROFILE: &str = "TENURE_PROFILE";

const NAMES: &[&str] = &[
    "CACHES",
    "DATABASES",
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
    "TENURE_DEVELOPMENT",
    "TENURE_MAX_SIZE",
    PROFILE,
    "TENURE_STORE_TIMEOUT",
    "TIME_ZONE",
    "USE_TZ",
];
/// Names that look like ours in the environment and are not: what desktops set, and what other parts of tenure read.
const FOREIGN: &[&str] = &["SESSION_MANAGER", FILE_NAME];

impl Settings {
    /// Reads `tenure.toml` in the working directory, if it is there, or the file that the environment variable `TENURE_SETTINGS` names,
    /// which has to be; then the environment, which wins; and checks everything.
    ///
    /// In the environment lists and tables are JSON, booleans `true` or `false`, and `DATABASE_URL` stands for
    /// `DATABASES["default"]["URL"]`. In development mode a missing secret is made for this process.
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
        Self::load_from(
            None,
            std::env::vars_os().filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            }),
        )
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
            .map_err(|error: toml::de::Error| SettingsError::File {
                file: file.to_owned(),
                source: without_line(&error, text).into(),
            })?;
        let mut given: Vec<Given<'_>> = table
            .iter()
            .map(|(name, value)| Given {
                name,
                value: Raw::Toml(value),
                from: file,
            })
            .collect();
        for (name, value) in environment {
            let ours = name.starts_with("SESSION_")
                || name.starts_with("TENURE_")
                || NAMES.contains(&name.as_str());
            if ours && !FOREIGN.contains(&name.as_str()) {
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
        for given in &given {
            settings.set(given)?;
        }
        if let Some(url) = environment.get(DATABASE_URL) {
            settings.set_database_url(url);
        }
        if settings.development && settings.secret_key.is_none() {
            tracing::warn!(
                "SECRET_KEY is missing: development mode makes one, so sessions and logins end with this process"
            );
            settings.secret_key = Some(Secret::generate(&OperatingSystem)?);
        }
        settings.check()?;
        Ok(settings)
    }

    fn set(&mut self, given: &Given<'_>) -> Result<(), SettingsError> {
        match given.name {
            "SESSION_ENGINE" => self.engine = given.text()?,
            "SESSION_CACHE_ALIAS" => self.cache_alias = given.text()?,
            "SESSION_COOKIE_NAME" => self.cookie_name = given.text()?,
            "SESSION_COOKIE_AGE" => self.cookie_age = given.seconds(1)?,
            "SESSION_COOKIE_DOMAIN" => self.cookie_domain = given.optional_text()?,
            "SESSION_COOKIE_PATH" => self.cookie_path = given.optional_text()?,
            "SESSION_COOKIE_SECURE" => self.cookie_secure = given.flag()?,
            "SESSION_COOKIE_HTTPONLY" => self.cookie_httponly = given.flag()?,
            "SESSION_COOKIE_SAMESITE" => self.cookie_samesite = given.same_site()?,
            "SESSION_SAVE_EVERY_REQUEST" => self.save_every_request = given.flag()?,
            "SESSION_EXPIRE_AT_BROWSER_CLOSE" => self.expire_at_browser_close = given.flag()?,
            "SESSION_FILE_PATH" => self.file_path = given.optional_text()?.map(Into::into),
            "SESSION_SERIALIZER" => self.serializer = given.text()?,
            "SECRET_KEY" => {
                let secret = given.text()?;
                self.secret_key = (!secret.is_empty()).then(|| Secret::new(secret));
            }
            "SECRET_KEY_FALLBACKS" => {
                self.secret_key_fallbacks = given.list()?.into_iter().map(Secret::new).collect();
            }
            "DATABASES" => self.databases = given.entries(database)?,
            "CACHES" => self.caches = given.entries(cache)?,
            "USE_TZ" => self.use_tz = given.flag()?,
            "TIME_ZONE" => self.time_zone = given.text()?,
            "TENURE_DEVELOPMENT" => self.development = given.flag()?,
            "TENURE_STORE_TIMEOUT" => self.store_timeout = given.seconds(1)?,
            "TENURE_MAX_SIZE" => {
                self.max_size =
                    usize::try_from(given.number(1024, " of bytes")?).unwrap_or(usize::MAX);
            }
            PROFILE => {}
            _ => return Err(given.unknown(NAMES)),
        }
        Ok(())
    }
}

/// Where the file is broken and why. The parser's own message quotes the line, in which the secret may stand.
fn without_line(error: &toml::de::Error, text: &str) -> String {
    let start = error.span().map_or(text.len(), |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {}", error.message())
}

fn database(entry: &[Given<'_>]) -> Result<DatabaseSettings, SettingsError> {
    let mut database = DatabaseSettings::default();
    for given in entry {
        match given.last_name() {
            "URL" => database.url = given.text()?,
            "TIME_ZONE" => database.time_zone = given.optional_text()?,
            _ => return Err(given.unknown(&["URL", "TIME_ZONE"])),
        }
    }
    Ok(database)
}

fn cache(entry: &[Given<'_>]) -> Result<CacheSettings, SettingsError> {
    let mut cache = CacheSettings::default();
    for given in entry {
        match given.last_name() {
            "BACKEND" => cache.backend = given.text()?,
            "LOCATION" => cache.location = given.list()?,
            "KEY_PREFIX" => cache.key_prefix = given.text()?,
            "VERSION" => cache.version = given.number(i64::MIN, "")?,
            // The session's age is always passed to the cache, so the default never counts; see django/core/cache/backends/base.py.
            "TIMEOUT" => {}
            "OPTIONS" => cache.options = given.entries_of_text()?,
            _ => {
                return Err(given.unknown(&[
                    "BACKEND",
                    "LOCATION",
                    "KEY_PREFIX",
                    "VERSION",
                    "TIMEOUT",
                    "OPTIONS",
                ]));
            }
        }
    }
    Ok(cache)
}

/// A value as it was given.
#[derive(Clone, Copy)]
enum Raw<'a> {
    Toml(&'a Value),
    /// From the environment, where everything is text.
    Text(&'a str),
}

/// A setting as it was given.
struct Given<'a> {
    name: &'a str,
    value: Raw<'a>,
    from: &'a str,
}

impl Given<'_> {
    fn last_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    fn wrong(&self, needed: &str) -> SettingsError {
        let value = match self.value {
            _ if self.name.starts_with("SECRET_KEY") || self.name.ends_with(".OPTIONS") => {
                "of the wrong kind".to_owned()
            }
            // Passwords may stand anywhere in these.
            Raw::Text(_) if matches!(self.name, "CACHES" | "DATABASES") => {
                "of the wrong kind".to_owned()
            }
            Raw::Toml(Value::Array(_)) => "a list".to_owned(),
            Raw::Toml(Value::String(text)) => format!("{:?}", super::without_password(text)),
            Raw::Toml(Value::Table(_)) => "a table".to_owned(),
            Raw::Toml(value) => value.to_string(),
            Raw::Text(text) => format!("{:?}", super::without_password(text)),
        };
        SettingsError::Invalid {
            setting: self.name.to_owned(),
            value,
            from: Some(self.from.to_owned()),
            needed: needed.to_owned(),
        }
    }

    fn unknown(&self, known: &[&str]) -> SettingsError {
        let suggestion = nearest(self.last_name(), known.iter().copied()).map(str::to_owned);
        SettingsError::Unknown {
            name: self.name.to_owned(),
            from: self.from.to_owned(),
            suggestion,
        }
    }

    fn text(&self) -> Result<String, SettingsError> {
        match self.value {
            Raw::Toml(Value::String(text)) => Ok(text.clone()),
            Raw::Text(text) => Ok(text.to_owned()),
            Raw::Toml(_) => Err(self.wrong("text in quotes is needed")),
        }
    }

    /// Text; nothing for `""`, for `false`, and for Python's `None`.
    fn optional_text(&self) -> Result<Option<String>, SettingsError> {
        match self.value {
            Raw::Toml(Value::Boolean(false)) => Ok(None),
            Raw::Text(text) if text.eq_ignore_ascii_case("false") => Ok(None),
            _ => Ok(Some(self.text()?).filter(|text| !text.is_empty() && text != "None")),
        }
    }

    fn flag(&self) -> Result<bool, SettingsError> {
        let wrong = || self.wrong("true or false is needed");
        match self.value {
            Raw::Toml(Value::Boolean(flag)) => Ok(*flag),
            Raw::Toml(_) => Err(wrong()),
            Raw::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(true),
                "false" | "0" | "no" | "off" => Ok(false),
                _ => Err(wrong()),
            },
        }
    }

    fn number(&self, least: i64, unit: &str) -> Result<i64, SettingsError> {
        let most = i64::from(u32::MAX);
        let number = match self.value {
            Raw::Toml(value) => value.as_integer(),
            Raw::Text(text) => text.trim().parse().ok(),
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| {
                self.wrong(&format!(
                    "a whole number{unit} from {least} to {most} is needed"
                ))
            })
    }

    fn seconds(&self, least: i64) -> Result<Duration, SettingsError> {
        Ok(Duration::from_secs(
            self.number(least, " of seconds")?.unsigned_abs(),
        ))
    }

    fn same_site(&self) -> Result<SameSite, SettingsError> {
        let wrong = || self.wrong("\"Lax\", \"Strict\", \"None\" or false is needed");
        match self.value {
            Raw::Toml(Value::Boolean(false)) => Ok(SameSite::OMIT),
            Raw::Text(text) if text.eq_ignore_ascii_case("false") => Ok(SameSite::OMIT),
            Raw::Toml(Value::String(_)) | Raw::Text(_) => {
                SameSite::parse(&self.text()?).ok_or_else(wrong)
            }
            Raw::Toml(_) => Err(wrong()),
        }
    }

    /// A list of texts. One text alone is a list of one; from the environment a list is JSON.
    fn list(&self) -> Result<Vec<String>, SettingsError> {
        let wrong = || self.wrong("a list of texts is needed, such as [\"one\", \"two\"]");
        match self.value {
            Raw::Toml(Value::String(text)) => Ok(vec![text.clone()]),
            Raw::Toml(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect(),
            Raw::Toml(_) => Err(wrong()),
            Raw::Text(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).map_err(|_| wrong())
            }
            Raw::Text("") => Ok(Vec::new()),
            Raw::Text(text) => Ok(vec![text.to_owned()]),
        }
    }

    fn table(&self) -> Result<Table, SettingsError> {
        let wrong = || self.wrong("a table is needed; in the environment a JSON object");
        match self.value {
            Raw::Toml(Value::Table(table)) => Ok(table.clone()),
            Raw::Toml(_) => Err(wrong()),
            Raw::Text(text) => serde_json::from_str(text).map_err(|_| wrong()),
        }
    }

    /// A table of tables: `DATABASES`, `CACHES`.
    fn entries<T>(
        &self,
        read: impl Fn(&[Given<'_>]) -> Result<T, SettingsError>,
    ) -> Result<BTreeMap<String, T>, SettingsError> {
        let mut entries = BTreeMap::new();
        for (alias, entry) in &self.table()? {
            let name = format!("{}.{alias}", self.name);
            let fields = Given {
                name: &name,
                value: Raw::Toml(entry),
                from: self.from,
            }
            .table()?;
            let names: Vec<String> = fields
                .keys()
                .map(|field| format!("{name}.{field}"))
                .collect();
            let given: Vec<Given<'_>> = names
                .iter()
                .zip(fields.values())
                .map(|(name, value)| Given {
                    name,
                    value: Raw::Toml(value),
                    from: self.from,
                })
                .collect();
            entries.insert(alias.clone(), read(&given)?);
        }
        Ok(entries)
    }

    fn entries_of_text(&self) -> Result<BTreeMap<String, String>, SettingsError> {
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        Ok(self
            .table()?
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect())
    }
}
