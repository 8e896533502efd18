//! Stand-in.
use crate::{moment::Zone, secret::Secret};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);
impl SettingsError {
    pub(crate) fn invalid(name: &str, value: &str, problem: &str) -> Self {
        Self(format!("{name} is {value:?}: {problem}"))
    }
}
#[derive(Clone, Debug)]
pub struct SameSite(Option<String>);
impl SameSite {
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}
#[derive(Clone, Debug, Default)]
pub struct DatabaseSettings {
    pub url: String,
    pub time_zone: Option<String>,
}
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    pub engine: String,
    pub cookie_name: String,
    pub cookie_age: Duration,
    pub cookie_domain: Option<String>,
    pub cookie_path: Option<String>,
    pub cookie_secure: bool,
    pub cookie_httponly: bool,
    pub cookie_samesite: SameSite,
    pub save_every_request: bool,
    pub expire_at_browser_close: bool,
    pub secret_key: Option<Secret>,
    pub secret_key_fallbacks: Vec<Secret>,
    pub databases: BTreeMap<String, DatabaseSettings>,
    pub use_tz: bool,
    pub time_zone: String,
    pub development: bool,
    pub store_timeout: Duration,
    pub max_size: usize,
}
impl Settings {
    pub fn django() -> Self {
        Self {
            engine: "db".into(),
            cookie_name: "sessionid".into(),
            cookie_age: Duration::from_secs(1_209_600),
            cookie_domain: None,
            cookie_path: Some("/".into()),
            cookie_secure: false,
            cookie_httponly: true,
            cookie_samesite: SameSite(Some("Lax".into())),
            save_every_request: false,
            expire_at_browser_close: false,
            secret_key: None,
            secret_key_fallbacks: vec![],
            databases: BTreeMap::new(),
            use_tz: true,
            time_zone: "UTC".into(),
            development: false,
            store_timeout: Duration::from_secs(5),
            max_size: 1 << 20,
        }
    }
    pub fn load() -> Result<Self, SettingsError> {
        Ok(Self::django())
    }
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        let mut s = Self::django();
        let table: toml::Table = text.parse().map_err(|e| SettingsError(format!("{e}")))?;
        for (k, v) in table {
            let st = || v.as_str().map(str::to_owned);
            match k.as_str() {
                "SECRET_KEY" => s.secret_key = Some(Secret::new(v.as_str().unwrap_or_default())),
                "SECRET_KEY_FALLBACKS" => {
                    s.secret_key_fallbacks = v
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|v| v.as_str())
                        .map(Secret::new)
                        .collect()
                }
                "SESSION_COOKIE_NAME" => s.cookie_name = st().unwrap_or_default(),
                "SESSION_COOKIE_AGE" => {
                    s.cookie_age = Duration::from_secs(v.as_integer().unwrap_or(0).unsigned_abs())
                }
                "SESSION_COOKIE_DOMAIN" => s.cookie_domain = st().filter(|v| v != "None"),
                "SESSION_COOKIE_PATH" => s.cookie_path = st().filter(|v| v != "None"),
                "SESSION_COOKIE_SECURE" => s.cookie_secure = v.as_bool().unwrap_or_default(),
                "SESSION_COOKIE_HTTPONLY" => s.cookie_httponly = v.as_bool().unwrap_or_default(),
                "SESSION_COOKIE_SAMESITE" => s.cookie_samesite = SameSite(st()),
                "SESSION_SAVE_EVERY_REQUEST" => {
                    s.save_every_request = v.as_bool().unwrap_or_default()
                }
                "SESSION_EXPIRE_AT_BROWSER_CLOSE" => {
                    s.expire_at_browser_close = v.as_bool().unwrap_or_default()
                }
                _ => {}
            }
        }
        Ok(s)
    }
    pub fn check(&self) -> Result<(), SettingsError> {
        Ok(())
    }
    pub(crate) fn secret(&self) -> Result<Secret, SettingsError> {
        self.secret_key
            .clone()
            .ok_or_else(|| SettingsError("SECRET_KEY".into()))
    }
    pub(crate) fn engine_name(&self) -> Result<&str, SettingsError> {
        Ok(&self.engine)
    }
    pub(crate) fn zone(&self) -> Result<Zone, SettingsError> {
        Ok(Zone::Utc)
    }
    pub(crate) fn database_zone(&self, _alias: &str) -> Result<Zone, SettingsError> {
        Ok(Zone::Utc)
    }
    pub fn set_database_url(&mut self, url: impl Into<String>) {
        self.databases.insert(
            "default".into(),
            DatabaseSettings {
                url: url.into(),
                time_zone: None,
            },
        );
    }
}
