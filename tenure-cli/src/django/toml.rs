//! Django's settings as a `tenure.toml`.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde_json::Value;
use tenure::{Settings, SettingsError, auth::password::Hasher};

use super::{Cache, Described, LOCMEM, SALT, SERIALIZERS, TABLE, database};

/// A settings file, and what stands in its way.
pub(crate) struct Written {
    pub(crate) text: String,
    /// What Django has and tenure cannot have, so that the two do not share sessions before it is changed.
    pub(crate) obstacles: Vec<String>,
}

/// The settings that are one value each, with what tenure takes where none is given.
const PLAIN: &[(&str, &str)] = &[
    ("SESSION_CACHE_ALIAS", "\"default\""),
    ("SESSION_COOKIE_NAME", "\"sessionid\""),
    ("SESSION_COOKIE_AGE", "1209600"),
    ("SESSION_COOKIE_DOMAIN", "false"),
    ("SESSION_COOKIE_PATH", "\"/\""),
    ("SESSION_COOKIE_SECURE", "false"),
    ("SESSION_COOKIE_HTTPONLY", "true"),
    ("SESSION_COOKIE_SAMESITE", "\"Lax\""),
    ("SESSION_SAVE_EVERY_REQUEST", "false"),
    ("SESSION_EXPIRE_AT_BROWSER_CLOSE", "false"),
    ("LOGIN_URL", "\"/accounts/login/\""),
    ("LOGIN_REDIRECT_URL", "\"/accounts/profile/\""),
    ("LOGOUT_REDIRECT_URL", "false"),
    ("USE_TZ", "true"),
    ("TIME_ZONE", "\"America/Chicago\""),
];

/// Writes what differs from tenure's defaults, and what has none.
///
/// # Errors
///
/// When tenure could not load it: a weak secret in a project that does not say DEBUG.
pub(crate) fn write(described: &Described, manage: &str) -> Result<Written, SettingsError> {
    let mut file = File::default();
    file.secrets(described);
    file.engine(described);
    for (name, default) in PLAIN {
        // Nothing, in Django's words and in TOML's.
        let value = match described.setting(name) {
            Value::Null => &Value::Bool(false),
            value => value,
        };
        if let Some(value) = toml(value).filter(|value| value != default) {
            file.set(name, &value);
        }
    }
    file.users(described);
    file.hasher(described);
    file.database(described);
    file.cache(described);
    let mut text = file.text(described, manage);
    if described.debug && Settings::from_toml(&text).is_err() {
        // A secret for development, as a rule.
        file.comment(
            "Django's DEBUG is true and the secret is weak. Never on a machine that others reach.",
        );
        file.set("TENURE_DEVELOPMENT", "true");
        text = file.text(described, manage);
    }
    Settings::from_toml(&text)?;
    Ok(Written {
        text,
        obstacles: file.obstacles,
    })
}

#[derive(Default)]
struct File {
    top: String,
    tables: String,
    left_out: Vec<String>,
    obstacles: Vec<String>,
}

impl File {
    fn set(&mut self, name: &str, value: &str) {
        // Writing to a String cannot fail; so below.
        let _ = writeln!(self.top, "{name} = {value}");
    }

    fn comment(&mut self, text: &str) {
        let _ = writeln!(self.top, "# {text}");
    }

    fn leave_out(&mut self, what: impl Into<String>) {
        self.left_out.push(what.into());
    }

    /// Left out, and sessions are not shared because of it.
    fn obstacle(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.obstacles.push(what.clone());
        self.left_out.push(what);
    }

    fn text(&self, described: &Described, manage: &str) -> String {
        let Described { django, module, .. } = described;
        let mut text = format!(
            "# Made by `tenure settings` from {} (Django {django}, settings {}).\n\
             # It holds the secret key: whoever reads it can forge every session. Keep it out of version control, with mode 0600.\n",
            one_line(manage),
            one_line(module)
        );
        if !self.left_out.is_empty() {
            text.push_str("#\n# Left out:\n");
        }
        for what in &self.left_out {
            let _ = writeln!(text, "# - {}", one_line(what));
        }
        format!("{text}\n{}{}", self.top, self.tables)
    }

    fn secrets(&mut self, described: &Described) {
        let secrets = &described.secrets;
        self.set("SECRET_KEY", &quoted(&secrets.secret));
        if !secrets.fallbacks.is_empty() {
            let fallbacks: Vec<_> = secrets.fallbacks.iter().map(|text| quoted(text)).collect();
            self.set(
                "SECRET_KEY_FALLBACKS",
                &format!("[{}]", fallbacks.join(", ")),
            );
        }
    }

    fn engine(&mut self, described: &Described) {
        let name = described
            .setting("SESSION_ENGINE")
            .as_str()
            .unwrap_or_default();
        let Some(engine) = described.engine.told() else {
            let error = described.engine.error().unwrap_or_default();
            return self.obstacle(format!(
                "SESSION_ENGINE {name:?}: it cannot be loaded ({error})"
            ));
        };
        let Some(base) = engine.base.as_deref() else {
            return self.obstacle(format!(
                "SESSION_ENGINE {name:?}: it is none of Django's engines, nor made from one"
            ));
        };
        if name != format!("django.contrib.sessions.backends.{base}") {
            self.leave_out(format!(
                "SESSION_ENGINE {name:?}: tenure uses {base:?}, which it is made from"
            ));
        }
        let local = described
            .cache
            .told()
            .is_some_and(|cache| cache.backend == LOCMEM);
        let base = match base {
            // Each process of Django's has such a cache of its own, so that the database alone is shared in any case.
            "cached_db" if local => "db",
            base => base,
        };
        if base != "db" {
            self.set("SESSION_ENGINE", &quoted(base));
        }
        if base == "signed_cookies" {
            self.comment("As in Django: a session that was ended lives on in every copy of its cookie. \"db\" or \"cache\" ends it.");
            self.set("TENURE_COOKIE_REVOCATION", "\"none\"");
        }
        let signed = matches!(base, "db" | "cached_db" | "file");
        if signed && engine.salt != SALT {
            self.obstacle(format!(
                "the salt {:?} of {name}.SessionStore: tenure signs with {SALT:?}",
                engine.salt
            ));
        }
        if base != "cache" && !SERIALIZERS.contains(&&*engine.serializer) {
            self.obstacle(format!(
                "SESSION_SERIALIZER {:?}: tenure writes JSON alone",
                engine.serializer
            ));
        }
        if let Some(table) = engine.table.as_deref().filter(|table| *table != TABLE) {
            self.obstacle(format!(
                "the table {table:?} of sessions: tenure's is {TABLE}"
            ));
        }
        let folder = engine.folder.as_deref().filter(|_| base == "file");
        if let Some(folder) = folder {
            self.set("SESSION_FILE_PATH", &quoted(folder));
        }
    }

    fn users(&mut self, described: &Described) {
        let Some(user) = described.user.told() else {
            return;
        };
        if user.table != "auth_user" {
            self.set("TENURE_USER_TABLE", &quoted(&user.table));
        }
        let other: Vec<_> = user
            .other_columns()
            .map(|(field, column)| format!("{field} = {}", quoted(column)))
            .collect();
        if !other.is_empty() {
            self.set(
                "TENURE_USER_COLUMNS",
                &format!("{{ {} }}", other.join(", ")),
            );
        }
    }

    fn hasher(&mut self, described: &Described) {
        let Some(text) = described.hasher.told() else {
            let error = described.hasher.error().unwrap_or_default();
            return self.leave_out(format!("PASSWORD_HASHERS: {error}"));
        };
        match text.parse::<Hasher>() {
            Ok(hasher) if hasher == Hasher::default() => {}
            Ok(_) => self.set("TENURE_PASSWORD_HASHER", &quoted(text)),
            Err(_) => self.leave_out(format!(
                "PASSWORD_HASHERS: passwords of the first, {text:?}, cannot be checked or made by tenure"
            )),
        }
    }

    fn database(&mut self, described: &Described) {
        let Some(database) = described.database.told() else {
            let error = described.database.error().unwrap_or_default();
            return self.leave_out(format!("DATABASES: {error}"));
        };
        let alias = &database.alias;
        if alias != "default" {
            self.leave_out(format!(
                "DATABASES[\"default\"]: Django's sessions are in {alias:?}, which is tenure's `default`"
            ));
        }
        match database::address(database) {
            Ok(address) => {
                let _ = writeln!(
                    self.tables,
                    "\n[DATABASES.default]\nURL = {}",
                    quoted(&address.url)
                );
                if let Some(zone) = &database.time_zone {
                    let _ = writeln!(self.tables, "TIME_ZONE = {}", quoted(zone));
                }
                self.left_out.extend(address.left_out);
            }
            Err(why) => {
                let what = format!("DATABASES[{alias:?}]: {why}");
                if matches!(described.base(), Some("db" | "cached_db")) {
                    self.obstacle(what);
                } else {
                    self.leave_out(what);
                }
            }
        }
    }

    fn cache(&mut self, described: &Described) {
        if !matches!(described.base(), Some("cache" | "cached_db")) {
            return;
        }
        let Some(cache) = described.cache.told() else {
            let error = described.cache.error().unwrap_or_default();
            return self.obstacle(format!("CACHES: {error}"));
        };
        let name = format!("CACHES[{:?}]", cache.alias);
        if cache.backend == LOCMEM {
            let why = format!(
                "{name}: it is the memory of one Python process, where nobody else can look"
            );
            return self.obstacle(match described.base() {
                Some("cached_db") => format!("{why}; tenure uses the database alone"),
                _ => why,
            });
        }
        if cache.custom {
            self.leave_out(format!(
                "{name}[\"BACKEND\"]: a class of the project's own; tenure uses {}",
                cache.backend
            ));
        }
        if let Some(function) = &cache.key_function {
            self.obstacle(format!("{name}[\"KEY_FUNCTION\"] {function:?}: a function of Python's cannot be called by tenure"));
        }
        for option in &cache.objects {
            self.obstacle(format!(
                "{name}[\"OPTIONS\"][{option:?}]: it is a Python object"
            ));
        }
        self.cache_table(cache);
    }

    fn cache_table(&mut self, cache: &Cache) {
        let out = &mut self.tables;
        let alias = quoted(&cache.alias);
        let _ = writeln!(
            out,
            "\n[CACHES.{alias}]\nBACKEND = {}",
            quoted(&cache.backend)
        );
        let location: Vec<_> = cache.location.iter().map(|place| quoted(place)).collect();
        let _ = match location.as_slice() {
            [] => Ok(()),
            [place] => writeln!(out, "LOCATION = {place}"),
            places => writeln!(out, "LOCATION = [{}]", places.join(", ")),
        };
        if !cache.key_prefix.is_empty() {
            let _ = writeln!(out, "KEY_PREFIX = {}", quoted(&cache.key_prefix));
        }
        if cache.version != 1 {
            let _ = writeln!(out, "VERSION = {}", cache.version);
        }
        let options = cache.options.iter();
        let options: Vec<_> = options
            .filter_map(|(name, value)| Some(format!("{} = {}", quoted(name), toml(value)?)))
            .collect();
        if !options.is_empty() {
            let _ = writeln!(out, "OPTIONS = {{ {} }}", options.join(", "));
        }
    }
}

/// A value as TOML, in which nothing is `false`.
pub(crate) fn value(value: &Value) -> String {
    toml(value).unwrap_or_else(|| "false".into())
}

/// A value as TOML; nothing for nothing.
fn toml(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields
                .filter_map(|(name, value)| Some(format!("{} = {}", quoted(name), toml(value)?)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
    })
}

/// A text in quotes. JSON escapes as TOML does, and leaves out one character.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Text that ends no comment.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
