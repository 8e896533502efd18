//! The table of users, on whichever database: Django's `auth_user`, or that of the site's own model.
//!
//! * `sql.rs`: the statements;
//! * `create.rs`: Django's own table.

mod create;
mod sql;

use std::{collections::BTreeSet, fmt, sync::Arc, time::SystemTime};

use self::sql::Sql;
use super::{AuthError, UserId};
use crate::{
    engine::{
        OpenError,
        db::{Statements, Value, open_users},
    },
    error::StoreError,
    settings::Settings,
};

/// A row of the table of users.
#[derive(Clone)]
pub(super) struct UserRow {
    pub(super) id: UserId,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) is_active: bool,
    pub(super) is_staff: bool,
    pub(super) is_superuser: bool,
}

/// The table of users.
pub(super) struct UserTable {
    pub(super) database: Arc<dyn Statements>,
    sql: Sql,
    /// Its name if it is not Django's own.
    custom: Option<String>,
}

impl UserTable {
    pub(super) async fn open(settings: &Settings) -> Result<Self, OpenError> {
        settings.check_users()?;
        let database = open_users(settings).await?;
        Ok(Self {
            sql: Sql::of(settings, database.dialect()),
            database,
            custom: (!settings.has_djangos_users()).then(|| settings.user_table.clone()),
        })
    }

    /// Fails where there may be columns that only the site knows.
    pub(super) fn is_djangos(&self) -> Result<(), AuthError> {
        let custom = self.custom.clone();
        custom.map_or(Ok(()), |table| Err(AuthError::CustomUsers { table }))
    }

    pub(super) async fn create(&self) -> Result<(), AuthError> {
        self.is_djangos()?;
        // Making it "if not exists" needs the right to make tables even where it does.
        if self.by_name("").await.is_ok() {
            return Ok(());
        }
        let create = create::table(self.database.dialect());
        self.database.define(create).await.map_err(AuthError::Users)
    }

    /// Adds an active user without further rights to Django's own table; `None` if the name is taken.
    pub(super) async fn insert(
        &self,
        username: &str,
        password: &str,
        now: SystemTime,
    ) -> Result<Option<UserRow>, AuthError> {
        let insert = create::insert(self.database.dialect());
        let values = [
            Value::Text(username),
            Value::Text(password),
            Value::Date(now.into()),
        ];
        let added = self.database.execute(insert, &values).await;
        if added.map_err(AuthError::Users)?.is_none() {
            return Ok(None);
        }
        let row = self.by_name(username).await?;
        row.map(Some).ok_or(AuthError::UserGone)
    }

    pub(super) async fn by_name(&self, username: &str) -> Result<Option<UserRow>, AuthError> {
        self.find(&self.sql.by_name, Value::Text(username)).await
    }

    pub(super) async fn by_id(&self, id: &UserId) -> Result<Option<UserRow>, AuthError> {
        let row = self.find(&self.sql.by_id, Value::Key(id.as_str())).await?;
        // MySQL takes the text `5x` for the number 5.
        Ok(row.filter(|row| row.id == *id))
    }

    async fn find(&self, sql: &str, value: Value<'_>) -> Result<Option<UserRow>, AuthError> {
        let (Value::Text(text) | Value::Key(text)) = value else {
            return Ok(None);
        };
        // Nobody is called so, and PostgreSQL would take it for an error.
        if text.contains('\0') {
            return Ok(None);
        }
        let rows = self.database.query(sql, &[value]).await;
        let mut rows = rows.map_err(AuthError::Users)?.into_iter();
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(Some(read(row))),
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(AuthError::Users(StoreError::Unavailable {
                what: "several users have the same name: its column must be unique".into(),
                source: None,
            })),
        }
    }

    /// Writes `last_login`, if the model has it.
    pub(super) async fn note_login(&self, id: &UserId, now: SystemTime) -> Result<(), AuthError> {
        let Some(sql) = &self.sql.note_login else {
            return Ok(());
        };
        let values = [Value::Date(now.into()), Value::Key(id.as_str())];
        let noted = self.database.execute(sql, &values).await;
        noted.map(drop).map_err(AuthError::Users)
    }

    /// Writes a new hash; with `old`, only in its place. Tells whether there was such a user.
    pub(super) async fn set_password(
        &self,
        id: &UserId,
        new: &str,
        old: Option<&str>,
    ) -> Result<bool, AuthError> {
        let mut values = vec![Value::Text(new), Value::Key(id.as_str())];
        values.extend(old.map(Value::Text));
        let sql = match old {
            Some(_) => &self.sql.replace_password,
            None => &self.sql.set_password,
        };
        let rows = self.database.execute(sql, &values).await;
        Ok(rows.map_err(AuthError::Users)? > Some(0))
    }

    /// `app.codename` of each permission that the user or one of their groups was given.
    pub(super) async fn permissions(&self, id: &UserId) -> Result<BTreeSet<String>, AuthError> {
        let id = Value::Key(id.as_str());
        self.codenames(&self.sql.permissions, &[id, id]).await
    }

    /// `app.codename` of every permission that there is.
    pub(super) async fn all_permissions(&self) -> Result<BTreeSet<String>, AuthError> {
        self.codenames(&self.sql.all_permissions, &[]).await
    }

    async fn codenames(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<BTreeSet<String>, AuthError> {
        let rows = self.database.query(sql, values).await;
        let rows = rows.map_err(AuthError::Users)?.into_iter();
        let names = rows.map(|row| {
            let columns: Vec<String> = row.into_iter().flatten().collect();
            columns.join(".")
        });
        Ok(names.collect())
    }
}

fn read(row: Vec<Option<String>>) -> UserRow {
    let mut columns = row.into_iter().map(Option::unwrap_or_default);
    let mut text = || columns.next().unwrap_or_default();
    let flag = |text: String| text == "1" || text == "true";
    UserRow {
        id: UserId::from_column(text()),
        username: text(),
        password: text(),
        is_active: flag(text()),
        is_staff: flag(text()),
        is_superuser: flag(text()),
    }
}

impl fmt::Debug for UserTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.database.fmt(f)
    }
}
