//! The tables among the settings, entry by entry.

use super::{CacheSettings, DatabaseSettings, SettingsError, UserColumns, value::Given};

const IN_DATABASES: &[&str] = &["URL", "TIME_ZONE"];
const IN_CACHES: &[&str] = &[
    "BACKEND",
    "LOCATION",
    "KEY_PREFIX",
    "VERSION",
    "TIMEOUT",
    "OPTIONS",
];
const IN_USER_COLUMNS: &[&str] = &[
    "id",
    "username",
    "password",
    "is_active",
    "is_staff",
    "is_superuser",
    "last_login",
    "user_id",
];

pub(super) fn database(entry: &[Given<'_>]) -> Result<DatabaseSettings, SettingsError> {
    let mut database = DatabaseSettings::default();
    for given in entry {
        match given.last_name() {
            "URL" => database.url = given.text()?,
            "TIME_ZONE" => database.time_zone = given.optional_text()?,
            _ => return Err(given.unknown(IN_DATABASES, IN_DATABASES)),
        }
    }
    Ok(database)
}

pub(super) fn cache(entry: &[Given<'_>]) -> Result<CacheSettings, SettingsError> {
    let mut cache = CacheSettings::default();
    for given in entry {
        match given.last_name() {
            "BACKEND" => cache.backend = given.text()?,
            "LOCATION" => cache.location = given.list()?,
            "KEY_PREFIX" => cache.key_prefix = given.text()?,
            "VERSION" => cache.version = given.number(0, "")?,
            // Nothing to keep: sessions pass their age, so the default never counts (django/contrib/sessions/backends/cache.py).
            "TIMEOUT" => {
                given.optional_number(" of seconds")?;
            }
            "KEY_FUNCTION" => {
                let needed = "a function of Python's cannot be called here, so that the keys would be others: leave it out at both sites";
                return Err(given.wrong(needed));
            }
            "OPTIONS" => cache.options = given.entries_of_text()?,
            _ => return Err(given.unknown(IN_CACHES, IN_CACHES)),
        }
    }
    Ok(cache)
}

pub(super) fn user_columns(entry: &[Given<'_>]) -> Result<UserColumns, SettingsError> {
    let mut columns = UserColumns::default();
    for given in entry {
        let column = match given.last_name() {
            "id" => &mut columns.id,
            "username" => &mut columns.username,
            "password" => &mut columns.password,
            "is_active" => &mut columns.is_active,
            "is_staff" => &mut columns.is_staff,
            "is_superuser" => &mut columns.is_superuser,
            "last_login" => &mut columns.last_login,
            "user_id" => {
                columns.user_id = given.optional_text()?;
                continue;
            }
            _ => return Err(given.unknown(IN_USER_COLUMNS, IN_USER_COLUMNS)),
        };
        *column = given.text()?;
    }
    Ok(columns)
}
