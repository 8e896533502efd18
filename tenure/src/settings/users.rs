//! `TENURE_USER_TABLE` and `TENURE_USER_COLUMNS`: where the users are, for a site with a user model of its own.

use super::{Settings, SettingsError};

const TABLE: &str = "TENURE_USER_TABLE";
const COLUMNS: &str = "TENURE_USER_COLUMNS";

/// The columns of the user model's table, `TENURE_USER_COLUMNS`: each field holds the name of a column.
///
/// In `tenure.toml`, for a model whose users log in with their address and have no `is_staff`:
///
/// ```toml
/// TENURE_USER_TABLE = "accounts_person"
///
/// [TENURE_USER_COLUMNS]
/// username = "email"
/// is_staff = ""
/// ```
///
/// Empty text says that the model has no such column.
///
/// ```
/// use tenure::{Settings, settings::UserColumns};
///
/// let mut columns = UserColumns::default();
/// columns.username = "email".into();
/// let mut settings = Settings::django();
/// settings.user_table = "accounts_person".into();
/// settings.user_columns = columns;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserColumns {
    /// The primary key: a number, or a UUID. `id`.
    pub id: String,
    /// What users log in with, the model's `USERNAME_FIELD`. `username`.
    #[doc(alias = "USERNAME_FIELD")]
    pub username: String,
    /// The password's hash. `password`.
    pub password: String,
    /// Whether the user may log in. `is_active`; without it everybody may.
    pub is_active: String,
    /// Whether the user may enter Django's admin. `is_staff`; without it nobody may.
    pub is_staff: String,
    /// Whether the user has every permission. `is_superuser`; without it nobody has.
    pub is_superuser: String,
    /// When the user last logged in. `last_login`; without it that is not written.
    pub last_login: String,
    /// The column that names the user in the tables `…_groups` and `…_user_permissions`: the model's name in small letters, and `_id`. None:
    /// what follows the last `_` of the table's name is taken for the model's.
    pub user_id: Option<String>,
}

impl Default for UserColumns {
    /// Those of `auth_user`.
    fn default() -> Self {
        Self {
            id: "id".into(),
            username: "username".into(),
            password: "password".into(),
            is_active: "is_active".into(),
            is_staff: "is_staff".into(),
            is_superuser: "is_superuser".into(),
            last_login: "last_login".into(),
            user_id: None,
        }
    }
}

impl Settings {
    /// Whether the users are in Django's own `auth_user`, all of whose columns are known.
    ///
    /// ```
    /// let mut settings = tenure::Settings::django();
    /// assert!(settings.has_djangos_users());
    /// settings.user_table = "accounts_person".into();
    /// assert!(!settings.has_djangos_users());
    /// ```
    pub fn has_djangos_users(&self) -> bool {
        self.user_table == "auth_user" && self.user_columns == UserColumns::default()
    }

    /// The table of users as the database has it: its parts, outermost first.
    pub(crate) fn user_table_path(&self) -> Vec<&str> {
        let url = self.databases.get("default").map_or("", |entry| &entry.url);
        if url.starts_with("postgres") {
            self.user_table.splitn(2, '.').collect()
        } else {
            vec![&self.user_table]
        }
    }

    pub(crate) fn check_users(&self) -> Result<(), SettingsError> {
        for name in self.user_table_path() {
            self.check_name(TABLE, &self.user_table, name)?;
        }
        let columns = &self.user_columns;
        for (field, name, needed) in [
            ("id", Some(&columns.id), true),
            ("username", Some(&columns.username), true),
            ("password", Some(&columns.password), true),
            ("is_active", Some(&columns.is_active), false),
            ("is_staff", Some(&columns.is_staff), false),
            ("is_superuser", Some(&columns.is_superuser), false),
            ("last_login", Some(&columns.last_login), false),
            ("user_id", columns.user_id.as_ref(), true),
        ] {
            if let Some(name) = name
                && (needed || !name.is_empty())
            {
                self.check_name(&format!("{COLUMNS}.{field}"), name, name)?;
            }
        }
        Ok(())
    }

    /// `name`, a part of `value`, has to be one that the database can have.
    fn check_name(&self, setting: &str, value: &str, name: &str) -> Result<(), SettingsError> {
        let wrong = |needed| Err(SettingsError::invalid(setting, value, needed));
        let url = self.databases.get("default").map_or("", |entry| &entry.url);
        if name.is_empty() {
            return wrong("a name is needed");
        }
        if name.contains('\0') {
            return wrong("no database has names with a NUL character");
        }
        // PostgreSQL would cut the rest off and say nothing.
        if url.starts_with("postgres") && name.len() > 63 {
            return wrong("PostgreSQL has no names of more than 63 bytes");
        }
        if (url.starts_with("mysql") || url.starts_with("mariadb")) && name.chars().count() > 64 {
            return wrong("MySQL has no names of more than 64 characters");
        }
        Ok(())
    }
}
