//! What is allowed.

use std::time::Duration;

use super::{Settings, SettingsError};
use crate::{
    moment::Zone,
    secret::Secret,
    system::{RandomError, System, random_text},
};

/// Each engine's short name with Django's dotted one.
const ENGINES: &[(&str, &str)] = &[
    ("db", "django.contrib.sessions.backends.db"),
    ("file", "django.contrib.sessions.backends.file"),
    ("cache", "django.contrib.sessions.backends.cache"),
    ("cached_db", "django.contrib.sessions.backends.cached_db"),
    (
        "signed_cookies",
        "django.contrib.sessions.backends.signed_cookies",
    ),
    ("encrypted_cookies", "tenure.encrypted_cookies"),
];
const SERIALIZER: &str = "django.contrib.sessions.serializers.JSONSerializer";

/// Django warns below 50 characters (`security.W009` in `django/core/checks/security/base.py`); what is below 32 can be guessed if it is
/// words.
const MIN_SECRET_CHARACTERS: usize = 32;
const MIN_SECRET_VARIETY: usize = 5;
const INSECURE_PREFIX: &str = "django-insecure-";
const NEW_SECRET: &str = "`tenure secret` prints a good one; TENURE_DEVELOPMENT = true lets it pass while nobody else uses the site";

/// `get_random_secret_key` of `django/core/management/utils.py`.
const SECRET_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)";
const SECRET_LENGTH: usize = 50;

impl Secret {
    /// A new secret of 50 characters, as Django's `startproject` makes them.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{Secret, system::OperatingSystem};
    ///
    /// assert_eq!(Secret::generate(&OperatingSystem)?.as_bytes().len(), 50);
    /// # Ok::<(), tenure::system::RandomError>(())
    /// ```
    pub fn generate(system: &dyn System) -> Result<Self, RandomError> {
        random_text(system, SECRET_ALPHABET, SECRET_LENGTH).map(Self::new)
    }
}

impl Settings {
    /// Whether everything can be used as it is set. Engines and layers call it, so that settings made in a program are checked too.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    ///
    /// # Example
    ///
    /// ```
    /// let mut settings = tenure::testing::settings();
    /// settings.cookie_name = "__Host-id".into();
    /// let error = settings.check().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "SESSION_COOKIE_NAME is \"__Host-id\": browsers keep such a cookie only with SESSION_COOKIE_SECURE = true, \
    ///      SESSION_COOKIE_PATH = \"/\" and no SESSION_COOKIE_DOMAIN",
    /// );
    /// ```
    pub fn check(&self) -> Result<(), SettingsError> {
        self.engine_name()?;
        if self.serializer != SERIALIZER {
            let needed = format!("{SERIALIZER:?} is the only one that is known");
            return Err(SettingsError::invalid(
                "SESSION_SERIALIZER",
                &self.serializer,
                &needed,
            ));
        }
        self.check_cookie()?;
        if self.cookie_age < Duration::from_secs(1) || self.cookie_age.subsec_nanos() != 0 {
            let needed = "a whole number of seconds of at least 1 is needed";
            return Err(SettingsError::secret(
                "SESSION_COOKIE_AGE",
                &format!("{:?}", self.cookie_age),
                needed,
            ));
        }
        if self.store_timeout.is_zero() {
            return Err(SettingsError::secret(
                "TENURE_STORE_TIMEOUT",
                "0",
                "more than 0 seconds are needed",
            ));
        }
        self.zone()?;
        self.check_secret()
    }

    fn check_cookie(&self) -> Result<(), SettingsError> {
        // RFC 6265, section 4.1.1, and RFC 9110, section 5.6.2.
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if self.cookie_name.is_empty() || !self.cookie_name.bytes().all(token) {
            let needed = "one or more letters, digits and ! # $ % & ' * + - . ^ _ ` | ~ are needed";
            return Err(SettingsError::invalid(
                "SESSION_COOKIE_NAME",
                &self.cookie_name,
                needed,
            ));
        }
        let attribute = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| (b' '..=b'~').contains(&byte) && byte != b';')
        };
        let attributes = [
            ("SESSION_COOKIE_DOMAIN", &self.cookie_domain),
            ("SESSION_COOKIE_PATH", &self.cookie_path),
        ];
        for (setting, value) in attributes {
            if let Some(value) = value.as_deref().filter(|value| !attribute(value)) {
                let needed = "printable ASCII without a semicolon is needed, or nothing at all";
                return Err(SettingsError::invalid(setting, value, needed));
            }
        }
        // What browsers would drop would look like a login that never works, so it is refused here (RFC 6265bis, sections 4.1.3 and 5.7).
        // To them the prefixes count in any case.
        let prefixed = |prefix: &str| {
            let start = self.cookie_name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if prefixed("__Host-")
            && !(self.cookie_secure
                && self.cookie_path.as_deref() == Some("/")
                && self.cookie_domain.is_none())
        {
            let needed = "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true, SESSION_COOKIE_PATH = \"/\" and \
                          no SESSION_COOKIE_DOMAIN";
            return Err(SettingsError::invalid(
                "SESSION_COOKIE_NAME",
                &self.cookie_name,
                needed,
            ));
        }
        if prefixed("__Secure-") && !self.cookie_secure {
            let needed = "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true";
            return Err(SettingsError::invalid(
                "SESSION_COOKIE_NAME",
                &self.cookie_name,
                needed,
            ));
        }
        if self.cookie_samesite.is_none() && !self.cookie_secure {
            let needed = "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true";
            let value = self.cookie_samesite.as_str().unwrap_or_default();
            return Err(SettingsError::invalid(
                "SESSION_COOKIE_SAMESITE",
                value,
                needed,
            ));
        }
        Ok(())
    }

    fn check_secret(&self) -> Result<(), SettingsError> {
        let wrong = |problem: &str| Err(SettingsError::secret("SECRET_KEY", problem, NEW_SECRET));
        if self
            .secret_key_fallbacks
            .iter()
            .any(|secret| secret.as_bytes().is_empty())
        {
            let needed = "every one must be a secret that was used once";
            return Err(SettingsError::secret(
                "SECRET_KEY_FALLBACKS",
                "a list with an empty secret",
                needed,
            ));
        }
        let secret = self
            .secret_key
            .as_ref()
            .map(Secret::as_bytes)
            .unwrap_or_default();
        if secret.is_empty() {
            return wrong("missing");
        }
        if self.development {
            return Ok(());
        }
        let mut different = secret.to_vec();
        different.sort_unstable();
        different.dedup();
        let characters = String::from_utf8_lossy(secret).chars().count();
        if secret.starts_with(INSECURE_PREFIX.as_bytes()) {
            return wrong(
                "one of those that begin with `django-insecure-`, which are for development",
            );
        }
        if characters < MIN_SECRET_CHARACTERS {
            return wrong(&format!(
                "only {characters} characters long, and {MIN_SECRET_CHARACTERS} are needed"
            ));
        }
        if different.len() < MIN_SECRET_VARIETY {
            return wrong(&format!(
                "made of only {} different characters",
                different.len()
            ));
        }
        Ok(())
    }

    /// The short name of the engine.
    pub(crate) fn engine_name(&self) -> Result<&'static str, SettingsError> {
        let known = ENGINES
            .iter()
            .find(|(short, dotted)| self.engine == *short || self.engine == *dotted);
        if let Some((short, _)) = known {
            return Ok(short);
        }
        let names = ENGINES.iter().flat_map(|(short, dotted)| [*short, *dotted]);
        let shorts: Vec<_> = ENGINES.iter().map(|(short, _)| *short).collect();
        let mut needed = format!(
            "one of {} is needed, or Django's dotted name of one",
            shorts.join(", ")
        );
        if let Some(name) = nearest(&self.engine, names) {
            needed = format!("{needed}; did you mean {name:?}?");
        }
        Err(SettingsError::invalid(
            "SESSION_ENGINE",
            &self.engine,
            &needed,
        ))
    }

    /// The secret that signs.
    pub(crate) fn secret(&self) -> Result<Secret, SettingsError> {
        self.check_secret()?;
        self.secret_key
            .clone()
            .ok_or_else(|| SettingsError::secret("SECRET_KEY", "missing", NEW_SECRET))
    }

    /// The clock of texts that name no offset.
    pub(crate) fn zone(&self) -> Result<Zone, SettingsError> {
        if self.use_tz {
            Ok(Zone::Utc)
        } else {
            local("TIME_ZONE", &self.time_zone)
        }
    }

    /// The clock of the dates in a database.
    #[cfg(feature = "sqlite")]
    pub(crate) fn database_zone(&self, alias: &str) -> Result<Zone, SettingsError> {
        match self
            .databases
            .get(alias)
            .and_then(|database| database.time_zone.as_deref())
        {
            Some(name) => local(&format!("DATABASES.{alias}.TIME_ZONE"), name),
            None => self.zone(),
        }
    }
}

fn local(setting: &str, name: &str) -> Result<Zone, SettingsError> {
    if name.eq_ignore_ascii_case("UTC") {
        return Ok(Zone::Utc);
    }
    if !cfg!(feature = "timezone") {
        let needed = "dates in local time need the feature `timezone` of the crate `tenure`; UTC works without";
        return Err(SettingsError::invalid(setting, name, needed));
    }
    let needed = "a name of the IANA time zone database is needed, such as \"Europe/Paris\"";
    let zone = jiff::tz::TimeZone::get(name);
    zone.map(Zone::Local)
        .map_err(|_| SettingsError::invalid(setting, name, needed))
}

/// The name most like `given`, if one is at all.
pub(super) fn nearest<'a>(
    given: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(given, name);
    let rated = names.into_iter().map(|name| (likeness(name), name));
    let (likeness, name) = rated.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness > 0.85).then_some(name)
}
