//! What a Django project tells of its settings. `project.py` makes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// All settings that tenure knows.
#[derive(Debug, Deserialize)]
pub(crate) struct Described {
    /// `5.2.19`.
    pub(crate) django: String,
    pub(crate) version: (u32, u32),
    /// The settings module; empty if there is none.
    pub(crate) module: String,
    pub(crate) debug: bool,
    #[serde(flatten)]
    pub(crate) secrets: Secrets,
    /// The others, under Django's names.
    pub(crate) settings: BTreeMap<String, Value>,
    pub(crate) engine: Part<Engine>,
    pub(crate) database: Part<Database>,
    pub(crate) cache: Part<Cache>,
    pub(crate) user: Part<User>,
    /// The first of `PASSWORD_HASHERS` with its costs: `pbkdf2_sha256$1000000`.
    pub(crate) hasher: Part<String>,
}

/// The secrets themselves, or a keyed hash of each.
#[derive(Debug, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) secret: String,
    pub(crate) fallbacks: Vec<String>,
}

/// What a part of Django told, or why it could not.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Part<T> {
    Failed { error: String },
    Told(T),
}

/// `SESSION_ENGINE` at work.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Engine {
    /// Which of Django's engines it is or is made from: `cached_db`.
    pub(crate) base: Option<String>,
    /// What `session_data` is signed with beside the secret.
    pub(crate) salt: String,
    /// The class that writes `session_data`.
    pub(crate) serializer: String,
    /// The table of sessions, if there is one.
    pub(crate) table: Option<String>,
    /// The folder of sessions, if there is one.
    pub(crate) folder: Option<String>,
}

/// The entry of `DATABASES` that sessions are in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Database {
    pub(crate) alias: String,
    pub(crate) engine: String,
    pub(crate) name: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) options: Map<String, Value>,
    /// Options that are Python objects.
    pub(crate) objects: Vec<String>,
}

/// The entry of `CACHES` that `SESSION_CACHE_ALIAS` names.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Cache {
    pub(crate) alias: String,
    pub(crate) backend: String,
    /// Whether `BACKEND` names a class of the project's own, made from `backend`.
    pub(crate) custom: bool,
    pub(crate) location: Vec<String>,
    pub(crate) key_prefix: String,
    pub(crate) version: i64,
    pub(crate) key_function: Option<String>,
    /// The full key of a session whose key is `KEY`.
    pub(crate) key: String,
    pub(crate) options: Map<String, Value>,
    /// Options that are Python objects.
    pub(crate) objects: Vec<String>,
}

/// `AUTH_USER_MODEL`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct User {
    pub(crate) table: String,
    /// Fields that tenure uses, with their columns; `None` for one that is not in the table.
    pub(crate) columns: BTreeMap<String, Option<String>>,
}

impl Described {
    /// A setting; null if this Django has none of the name.
    pub(crate) fn setting(&self, name: &str) -> &Value {
        self.settings.get(name).unwrap_or(&Value::Null)
    }

    /// Which of Django's engines keeps the sessions.
    pub(crate) fn base(&self) -> Option<&str> {
        self.engine.told()?.base.as_deref()
    }
}

impl User {
    /// The fields whose columns are not called as they are, with their columns; empty for a field that is not in the table.
    pub(crate) fn other_columns(&self) -> impl Iterator<Item = (&str, &str)> {
        let columns = self.columns.iter();
        let columns =
            columns.map(|(field, column)| (&**field, column.as_deref().unwrap_or_default()));
        columns.filter(|(field, column)| field != column)
    }
}

impl<T> Part<T> {
    pub(crate) fn told(&self) -> Option<&T> {
        match self {
            Self::Told(part) => Some(part),
            Self::Failed { .. } => None,
        }
    }

    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Told(_) => None,
            Self::Failed { error } => Some(error),
        }
    }
}
