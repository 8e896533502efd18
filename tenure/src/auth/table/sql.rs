//! The statements on users, made once from the names in the settings.

use md5::{Digest as _, Md5};

use crate::{codec::hex, engine::db::Dialect, settings::Settings};

/// What is asked of a database about users. Parameters stand in the order in which they are named.
pub(super) struct Sql {
    /// Name. Gives id, name, password, and the three flags.
    pub(super) by_name: String,
    /// Id. Gives the same.
    pub(super) by_id: String,
    /// Date, id. `None` where the model has no such column.
    pub(super) note_login: Option<String>,
    /// New hash, id.
    pub(super) set_password: String,
    /// New hash, id, old hash: a change meanwhile stands.
    pub(super) replace_password: String,
    /// Id, id. Gives label and codename of the user's own permissions and of those of their groups, some of them twice.
    pub(super) permissions: String,
    /// Gives label and codename of all permissions.
    pub(super) all_permissions: String,
}

impl Sql {
    pub(super) fn of(settings: &Settings, dialect: Dialect) -> Self {
        let path = settings.user_table_path();
        let columns = &settings.user_columns;
        let q = |name: &str| quoted(dialect, name);
        let text = |sql: String| match dialect {
            Dialect::Postgres => format!("CAST({sql} AS text)"),
            Dialect::Sqlite | Dialect::Mysql => sql,
        };
        let flag = |column: &str, without: &str| {
            let known = !column.is_empty();
            let column = known.then(|| text(q(column)));
            column.unwrap_or_else(|| format!("'{without}'"))
        };
        let p = |number: u8| match dialect {
            Dialect::Postgres => format!("${number}"),
            Dialect::Sqlite | Dialect::Mysql => "?".to_owned(),
        };

        let table = qualified(dialect, &path, "");
        let (id, password) = (q(&columns.id), q(&columns.password));
        let name = q(&columns.username);
        let select = format!(
            "SELECT {}, {}, {}, {}, {}, {} FROM {table} WHERE",
            text(id.clone()),
            text(name.clone()),
            text(password.clone()),
            flag(&columns.is_active, "1"),
            flag(&columns.is_staff, "0"),
            flag(&columns.is_superuser, "0"),
        );
        let date = match dialect {
            Dialect::Mysql => "CAST(? AS DATETIME(6))".to_owned(),
            Dialect::Postgres | Dialect::Sqlite => p(1),
        };
        // By MySQL's collation, hashes that differ in case alone would be equal.
        let exactly = match dialect {
            Dialect::Mysql => format!("CAST({password} AS BINARY)"),
            Dialect::Postgres | Dialect::Sqlite => password.clone(),
        };
        let set_password = format!(
            "UPDATE {table} SET {password} = {} WHERE {id} = {}",
            p(1),
            p(2)
        );

        let owner = q(&link(settings));
        let own = qualified(dialect, &path, "_user_permissions");
        let groups = qualified(dialect, &path, "_groups");
        let granted = format!(
            "SELECT {}, {} FROM auth_permission p INNER JOIN django_content_type c ON c.id = p.content_type_id",
            text("c.app_label".into()),
            text("p.codename".into())
        );
        Self {
            by_name: format!("{select} {name} = {}", p(1)),
            by_id: format!("{select} {id} = {}", p(1)),
            note_login: (!columns.last_login.is_empty()).then(|| {
                let column = q(&columns.last_login);
                format!("UPDATE {table} SET {column} = {date} WHERE {id} = {}", p(2))
            }),
            replace_password: format!("{set_password} AND {exactly} = {}", p(3)),
            set_password,
            permissions: format!(
                "{granted} INNER JOIN {own} u ON u.permission_id = p.id WHERE u.{owner} = {} UNION ALL \
                 {granted} INNER JOIN auth_group_permissions g ON g.permission_id = p.id \
                 INNER JOIN {groups} u ON u.group_id = g.group_id WHERE u.{owner} = {}",
                p(1),
                p(2)
            ),
            all_permissions: granted,
        }
    }
}

fn quoted(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
        Dialect::Postgres | Dialect::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// The table of users, or the one with this at the end of its name.
fn qualified(dialect: Dialect, path: &[&str], end: &str) -> String {
    let last = path.len().saturating_sub(1);
    let names = path.iter().enumerate().map(|(at, name)| {
        if at == last && !end.is_empty() {
            quoted(dialect, &truncated(dialect, format!("{name}{end}")))
        } else {
            quoted(dialect, name)
        }
    });
    names.collect::<Vec<_>>().join(".")
}

/// A name as long as the database allows: `truncate_name` in `django/db/backends/utils.py` (Django 5.2).
fn truncated(dialect: Dialect, name: String) -> String {
    let limit = match dialect {
        Dialect::Postgres => 63,
        Dialect::Mysql => 64,
        Dialect::Sqlite => return name,
    };
    if name.chars().count() <= limit {
        return name;
    }
    let digest = Md5::digest(&name);
    let mut short: String = name.chars().take(limit - 4).collect();
    short.extend(hex(&digest).chars().take(4));
    short
}

/// The column that names the user in the tables of groups and permissions.
fn link(settings: &Settings) -> String {
    settings.user_columns.user_id.clone().unwrap_or_else(|| {
        let table = settings.user_table.as_str();
        let model = table.rsplit(['_', '.']).next().unwrap_or(table);
        format!("{}_id", model.to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_follow_the_table() {
        let mut settings = crate::testing::settings();
        settings.user_table = "Sales.crm_Person".into();
        settings.user_columns.username = "e\"mail".into();
        settings.set_database_url("postgres://db/site");
        let sql = Sql::of(&settings, Dialect::Postgres);
        let end = r#" FROM "Sales"."crm_Person" WHERE "e""mail" = $1"#;
        assert!(sql.by_name.ends_with(end), "{}", sql.by_name);
        for part in [
            r#""Sales"."crm_Person_user_permissions" u"#,
            r#"u."person_id" = $1"#,
        ] {
            assert!(sql.permissions.contains(part), "{}", sql.permissions);
        }

        settings.set_database_url("mysql://db/site");
        settings.user_columns.username = "e`mail".into();
        let sql = Sql::of(&settings, Dialect::Mysql);
        let end = " FROM `Sales.crm_Person` WHERE `e``mail` = ?";
        assert!(sql.by_name.ends_with(end), "{}", sql.by_name);
    }

    #[test]
    fn long_names_are_cut_as_django_cuts_them() {
        // >>> truncate_name("accounts_" + "x" * 50 + "_groups", 63)
        let name = format!("accounts_{}_groups", "x".repeat(50));
        let expected = format!("accounts_{}99b6", "x".repeat(50));
        assert_eq!(truncated(Dialect::Postgres, name), expected);
    }

    #[test]
    fn columns_that_the_model_lacks_are_not_asked_for() {
        let mut settings = crate::testing::settings();
        settings.user_columns.is_active = String::new();
        settings.user_columns.is_staff = String::new();
        settings.user_columns.last_login = String::new();
        let sql = Sql::of(&settings, Dialect::Sqlite);
        let start = r#"SELECT "id", "username", "password", '1', '0', "is_superuser" FROM"#;
        assert!(sql.by_id.starts_with(start), "{}", sql.by_id);
        assert_eq!(sql.note_login, None);
    }
}
