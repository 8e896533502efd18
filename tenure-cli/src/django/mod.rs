//! A Django project: what it says of itself, and what tenure makes of that.
//!
//! * `project.rs`, `project.py`: the project at work, asked by lines of JSON;
//! * `described.rs`: its settings, as it tells them;
//! * `database.rs`: its database as a URL;
//! * `toml.rs`: its settings as a `tenure.toml`.

pub(crate) mod database;
mod described;
mod project;
mod toml;

use std::path::PathBuf;

pub(crate) use self::{
    described::{Cache, Database, Described, Secrets},
    project::Project,
    toml::{value, write},
};

/// What `session_data` is signed with beside the secret, in both engines and files.
pub(crate) const SALT: &str = "django.contrib.sessions.SessionStore";
/// The class that writes `session_data` as tenure does, by both its names.
pub(crate) const SERIALIZERS: [&str; 2] = [
    "django.contrib.sessions.serializers.JSONSerializer",
    "django.core.signing.JSONSerializer",
];
/// The table of sessions.
pub(crate) const TABLE: &str = "django_session";
/// Django's cache where none is named.
pub(crate) const LOCMEM: &str = "django.core.cache.backends.locmem.LocMemCache";

/// Which Django project is meant.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// The project's manage.py
    #[arg(long = "django", value_name = "MANAGE.PY")]
    pub(crate) manage: Option<PathBuf>,
    /// The Python that runs the project [default: that of the active venv, or of a venv beside manage.py, or python3]
    #[arg(long, value_name = "PYTHON", requires = "manage")]
    pub(crate) python: Option<PathBuf>,
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{Described, LOCMEM, SALT};

    pub(crate) const SECRET: &str = "4k0z!w8m2q6x@t5nhn1r_y7u-e3jcp(l9d)s+f_g=o*aZ#vb1";

    /// What a new project tells, but for these changes.
    pub(crate) fn described(changes: &[(&str, Value)]) -> Described {
        let mut all = json!({
            "django": "5.2.19", "version": [5, 2], "module": "site.settings", "debug": false, "secret": SECRET, "fallbacks": [],
            "settings": {
                "LOGIN_REDIRECT_URL": "/accounts/profile/", "LOGIN_URL": "/accounts/login/", "LOGOUT_REDIRECT_URL": null,
                "SESSION_CACHE_ALIAS": "default", "SESSION_COOKIE_AGE": 1_209_600, "SESSION_COOKIE_DOMAIN": null,
                "SESSION_COOKIE_HTTPONLY": true, "SESSION_COOKIE_NAME": "sessionid", "SESSION_COOKIE_PATH": "/",
                "SESSION_COOKIE_SAMESITE": "Lax", "SESSION_COOKIE_SECURE": false,
                "SESSION_ENGINE": "django.contrib.sessions.backends.db", "SESSION_EXPIRE_AT_BROWSER_CLOSE": false,
                "SESSION_SAVE_EVERY_REQUEST": false, "TIME_ZONE": "America/Chicago", "USE_TZ": true
            },
            "engine": {
                "base": "db", "salt": SALT, "serializer": "django.core.signing.JSONSerializer", "table": "django_session", "folder": null
            },
            "database": {
                "alias": "default", "engine": "django.db.backends.sqlite3", "name": "/srv/db.sqlite3", "user": null, "password": null,
                "host": null, "port": null, "time_zone": null, "options": {}, "objects": []
            },
            "cache": {
                "alias": "default", "backend": LOCMEM, "custom": false, "location": [], "key_prefix": "", "version": 1,
                "key_function": null, "key": ":1:KEY", "options": {}, "objects": []
            },
            "user": {"table": "auth_user", "columns": {}}, "hasher": "pbkdf2_sha256$1000000"
        });
        for (pointer, value) in changes {
            *all.pointer_mut(pointer)
                .unwrap_or_else(|| panic!("{pointer}")) = value.clone();
        }
        if let Some(base) = all["engine"]["base"].as_str() {
            all["settings"]["SESSION_ENGINE"] =
                format!("django.contrib.sessions.backends.{base}").into();
        }
        serde_json::from_value(all).unwrap()
    }
}
