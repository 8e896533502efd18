//! What is allowed.

use std::time::Duration;

use super::{Settings, SettingsError, Transport, suggest::nearest};

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
/// What `TENURE_COOKIE_REVOCATION` is about.
const REVOCATION: &str = "a session that is in its cookie cannot be deleted, so after a logout every copy of the cookie would still count; \
                          \"db\" or \"cache\" remembers there which sessions were ended, at one look-up for each request that uses its session, \
                          and \"none\" accepts that they go on";
const SERIALIZER: &str = "django.contrib.sessions.serializers.JSONSerializer";
const NEEDS_SECURE: &str = "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true";
/// The most seconds that a cookie lasts: 400 days (RFC 6265bis, section 5.6.2).
const MOST_COOKIE_SECONDS: u32 = 400 * 86_400;
/// The most seconds that a setting may hold: 136 years, within what dates can hold.
pub(super) const MOST_SECONDS: u32 = u32::MAX;
/// The least that `TENURE_MAX_SIZE` may be, in bytes: below, a login would not fit.
pub(super) const LEAST_MAX_SIZE: u32 = 1024;
/// The least that `TENURE_MAX_KEYS` may be: below, a login and what goes with it would not fit.
const LEAST_MAX_KEYS: usize = 10;

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
        self.check_engine()?;
        self.check_cookie()?;
        self.check_transports()?;
        self.check_limits()?;
        self.check_user_sessions()?;
        self.proxies()?;
        self.check_databases_and_caches()?;
        self.check_login_urls()?;
        self.check_users()?;
        self.zone()?;
        self.check_secret()
    }

    fn check_engine(&self) -> Result<(), SettingsError> {
        let engine = self.engine_name()?;
        if self.serializer != SERIALIZER {
            let needed = format!("{SERIALIZER:?} is the only one that is known");
            return Err(SettingsError::invalid(
                "SESSION_SERIALIZER",
                &self.serializer,
                &needed,
            ));
        }
        // Django has a cache `default` of its own accord.
        let known = self.cache_alias == "default" || self.caches.contains_key(&self.cache_alias);
        if matches!(engine, "cache" | "cached_db") && !known {
            let needed =
                format!("SESSION_ENGINE = {engine:?} needs an entry of that name in CACHES");
            return Err(SettingsError::invalid(
                "SESSION_CACHE_ALIAS",
                &self.cache_alias,
                &needed,
            ));
        }
        let in_cookies = matches!(engine, "signed_cookies" | "encrypted_cookies");
        match self.cookie_revocation.as_deref() {
            None if in_cookies => {
                return Err(SettingsError::described(
                    "TENURE_COOKIE_REVOCATION",
                    "missing",
                    REVOCATION,
                ));
            }
            None | Some("db" | "cache" | "none") => {}
            Some(other) => {
                let needed = "\"db\", \"cache\" or \"none\" is needed";
                return Err(SettingsError::invalid(
                    "TENURE_COOKIE_REVOCATION",
                    other,
                    needed,
                ));
            }
        }
        let folder = self.file_path.as_deref();
        if folder.is_some_and(|path| path.as_os_str().is_empty()) {
            let needed = "the path of a folder is needed, or nothing at all";
            return Err(SettingsError::invalid("SESSION_FILE_PATH", "", needed));
        }
        Ok(())
    }

    fn check_cookie(&self) -> Result<(), SettingsError> {
        self.check_cookie_name("SESSION_COOKIE_NAME", &self.cookie_name)?;
        self.check_cookie_name("TENURE_REMEMBER_COOKIE_NAME", &self.remember_cookie_name)?;
        if self.remember_cookie_name == self.cookie_name {
            return Err(SettingsError::invalid(
                "TENURE_REMEMBER_COOKIE_NAME",
                &self.remember_cookie_name,
                "another name than that of SESSION_COOKIE_NAME is needed",
            ));
        }
        // No port, no scheme, no list: browsers drop a cookie whose domain is not that of the page.
        let host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if let Some(domain) = self.cookie_domain.as_deref()
            && (domain.trim_matches('.').is_empty() || !domain.bytes().all(host))
        {
            let needed = "a host name is needed, such as \"example.com\", or nothing at all";
            return Err(SettingsError::invalid(
                "SESSION_COOKIE_DOMAIN",
                domain,
                needed,
            ));
        }
        // Browsers put the folder of the page in place of a path without the slash (RFC 6265, section 5.2.4).
        let printable = |byte: u8| (b'!'..=b'~').contains(&byte) && byte != b';';
        if let Some(path) = self.cookie_path.as_deref()
            && !(path.starts_with('/') && path.bytes().all(printable))
        {
            let needed = "printable ASCII that begins with / and has neither a space nor a semicolon is needed, or nothing at all";
            return Err(SettingsError::invalid("SESSION_COOKIE_PATH", path, needed));
        }
        if self.cookie_samesite.is_none() && !self.cookie_secure {
            let value = self.cookie_samesite.as_str().unwrap_or_default();
            return Err(SettingsError::invalid(
                "SESSION_COOKIE_SAMESITE",
                value,
                NEEDS_SECURE,
            ));
        }
        Ok(())
    }

    /// Whether browsers keep a cookie of this name with the attributes that are set.
    fn check_cookie_name(&self, setting: &str, name: &str) -> Result<(), SettingsError> {
        // RFC 6265, section 4.1.1, and RFC 9110, section 5.6.2.
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let wrong = |needed| Err(SettingsError::invalid(setting, name, needed));
        if name.is_empty() || !name.bytes().all(token) {
            return wrong(
                "one or more letters, digits and ! # $ % & ' * + - . ^ _ ` | ~ are needed",
            );
        }
        // What browsers would drop would look like a login that never works, so it is refused here. They read prefixes and None without
        // regard to case (RFC 6265bis, sections 4.1.3 and 5.7).
        let prefix = |prefix: &str| {
            let start = name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let whole_host = self.cookie_path.as_deref() == Some("/") && self.cookie_domain.is_none();
        if prefix("__Host-") && !(self.cookie_secure && whole_host) {
            return wrong(
                "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true, SESSION_COOKIE_PATH = \"/\" and \
                 no SESSION_COOKIE_DOMAIN",
            );
        }
        let by_http_alone = prefix("__Http-") || prefix("__Host-Http-");
        if by_http_alone && !(self.cookie_secure && self.cookie_httponly) {
            return wrong(
                "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true and SESSION_COOKIE_HTTPONLY = true",
            );
        }
        if prefix("__Secure-") && !self.cookie_secure {
            return wrong(NEEDS_SECURE);
        }
        Ok(())
    }

    fn check_transports(&self) -> Result<(), SettingsError> {
        let wrong = |needed| {
            let found = format!("{:?}", self.transports).to_ascii_lowercase();
            Err(SettingsError::described(
                "TENURE_TRANSPORTS",
                &found,
                needed,
            ))
        };
        if self.transports.is_empty() {
            return wrong("at least one of \"cookie\", \"header\" and \"url\" is needed");
        }
        let in_url = self.transports.contains(&Transport::Url);
        if in_url && matches!(self.engine_name()?, "signed_cookies" | "encrypted_cookies") {
            return wrong("with sessions in cookies, the whole session would stand in the URL");
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let parameter = self.url_parameter.as_str();
        if parameter.is_empty() || !parameter.bytes().all(plain) {
            let needed = "one or more letters, digits, - and _ are needed";
            return Err(SettingsError::invalid(
                "TENURE_URL_PARAMETER",
                parameter,
                needed,
            ));
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), SettingsError> {
        let most = Duration::from_secs(MOST_SECONDS.into());
        let age = self.cookie_age;
        if age < Duration::from_secs(1) || age > most || age.subsec_nanos() != 0 {
            return Err(SettingsError::described(
                "SESSION_COOKIE_AGE",
                &format!("{age:?}"),
                &format!("a whole number of seconds from 1 to {MOST_SECONDS} is needed"),
            ));
        }
        let age = self.remember_age;
        let most_of_cookie = Duration::from_secs(MOST_COOKIE_SECONDS.into());
        if age < Duration::from_secs(1) || age > most_of_cookie || age.subsec_nanos() != 0 {
            return Err(SettingsError::described(
                "TENURE_REMEMBER_AGE",
                &format!("{age:?}"),
                &format!(
                    "a whole number of seconds from 1 to {MOST_COOKIE_SECONDS} is needed: browsers keep no cookie longer than 400 days"
                ),
            ));
        }
        self.check_idle_and_absolute()?;
        if self.store_timeout.is_zero() || self.store_timeout > most {
            return Err(SettingsError::described(
                "TENURE_STORE_TIMEOUT",
                &format!("{:?}", self.store_timeout),
                &format!("more than 0 and at most {MOST_SECONDS} seconds are needed"),
            ));
        }
        if u64::try_from(self.max_size).is_ok_and(|size| size < LEAST_MAX_SIZE.into()) {
            return Err(SettingsError::described(
                "TENURE_MAX_SIZE",
                &self.max_size.to_string(),
                &format!("at least {LEAST_MAX_SIZE} bytes are needed"),
            ));
        }
        if let Some(keys) = self.max_keys.filter(|keys| *keys < LEAST_MAX_KEYS) {
            return Err(SettingsError::described(
                "TENURE_MAX_KEYS",
                &keys.to_string(),
                &format!("at least {LEAST_MAX_KEYS} are needed"),
            ));
        }
        Ok(())
    }

    fn check_user_sessions(&self) -> Result<(), SettingsError> {
        match self.max_sessions {
            Some(most) if most == 0 || !self.user_sessions => {
                let needed = "a number from 1 on is needed, and TENURE_USER_SESSIONS = true";
                Err(SettingsError::described(
                    "TENURE_MAX_SESSIONS",
                    &most.to_string(),
                    needed,
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_idle_and_absolute(&self) -> Result<(), SettingsError> {
        let most = Duration::from_secs(MOST_SECONDS.into());
        let (idle, absolute) = (self.idle_limit, self.absolute_limit);
        for (setting, limit) in [
            ("TENURE_IDLE_LIMIT", idle),
            ("TENURE_ABSOLUTE_LIMIT", absolute),
        ] {
            let wrong = |limit: &Duration| {
                *limit < Duration::from_secs(1) || *limit > most || limit.subsec_nanos() != 0
            };
            if let Some(limit) = limit.filter(wrong) {
                return Err(SettingsError::described(
                    setting,
                    &format!("{limit:?}"),
                    &format!(
                        "a whole number of seconds from 1 to {MOST_SECONDS} is needed, or nothing at all"
                    ),
                ));
            }
        }
        if let (Some(idle), Some(absolute)) = (idle, absolute)
            && idle > absolute
        {
            return Err(SettingsError::described(
                "TENURE_IDLE_LIMIT",
                &format!("{} seconds", idle.as_secs()),
                &format!(
                    "at most TENURE_ABSOLUTE_LIMIT, {} seconds, is needed: a session that has ended cannot lie idle",
                    absolute.as_secs()
                ),
            ));
        }
        Ok(())
    }

    fn check_login_urls(&self) -> Result<(), SettingsError> {
        let urls = [
            ("LOGIN_URL", Some(&self.login_url)),
            ("LOGIN_REDIRECT_URL", Some(&self.login_redirect_url)),
            ("LOGOUT_REDIRECT_URL", self.logout_redirect_url.as_ref()),
        ];
        let wrong = |url: &String| {
            let place = url.contains(['/', '.']) || url.starts_with(['?', '#']);
            !place || !url.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
        };
        for (setting, url) in urls {
            if let Some(url) = url.filter(|url| wrong(url)) {
                let needed = "a path or URL is needed, such as \"/accounts/login/\", in printable ASCII without spaces: the name of a URL \
                              pattern is Django's, and means nothing here";
                return Err(SettingsError::invalid(setting, url, needed));
            }
        }
        Ok(())
    }

    fn check_databases_and_caches(&self) -> Result<(), SettingsError> {
        for (alias, database) in &self.databases {
            if database.url.is_empty() {
                let needed = "a URL is needed, such as \"sqlite:///srv/site/db.sqlite3\"";
                let setting = format!("DATABASES.{alias}.URL");
                return Err(SettingsError::described(&setting, "missing", needed));
            }
            self.database_zone(alias)?;
        }
        self.check_read_replica()?;
        let nameless = self
            .caches
            .iter()
            .find(|(_, cache)| cache.backend.is_empty());
        nameless.map_or(Ok(()), |(alias, _)| {
            let needed = "Django's dotted name of a cache is needed, such as \"django.core.cache.backends.redis.RedisCache\"";
            let setting = format!("CACHES.{alias}.BACKEND");
            Err(SettingsError::described(&setting, "missing", needed))
        })
    }

    fn check_read_replica(&self) -> Result<(), SettingsError> {
        let Some(alias) = self.read_replica.as_deref() else {
            return Ok(());
        };
        let kind = |alias| {
            let database = self.databases.get(alias)?;
            match database.url.split(':').next()? {
                "postgres" | "postgresql" => Some("PostgreSQL"),
                "mysql" | "mariadb" => Some("MySQL"),
                _ => None,
            }
        };
        if alias != "default" && kind(alias).is_some() && kind(alias) == kind("default") {
            return Ok(());
        }
        let needed = "the name of another entry of DATABASES is needed, on a PostgreSQL or MySQL server as `default` is";
        Err(SettingsError::invalid("TENURE_READ_REPLICA", alias, needed))
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
}
