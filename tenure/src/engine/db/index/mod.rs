//! The index of users' sessions in a table of its own, beside `django_session`, which stays as Django made it.
//!
//! `sql.rs` has the statements.

mod sql;

use std::sync::Arc;

use self::sql::{SWEPT, Sql};
use super::{
    portion::{PORTION, padded},
    statements::{Columns, Statements, Value},
};
use crate::{
    error::StoreError,
    key::SessionKey,
    moment::Moment,
    store::{
        Index,
        index::{Answer, Entry, Keeps},
    },
};

/// The table `tenure_session`.
#[derive(Debug)]
struct Table {
    database: Arc<dyn Statements>,
    sql: Sql,
}

/// The index in this database, which has the sessions too.
pub(super) fn index(database: Arc<dyn Statements>) -> Index {
    let sql = Sql::of(database.dialect());
    Index::new(Table { database, sql })
}

impl Table {
    async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let rows = self.database.execute(sql, values).await?;
        Ok(rows.unwrap_or_default())
    }

    async fn remove(&self, names: &[SessionKey]) -> Result<(), StoreError> {
        for some in names.chunks(PORTION) {
            let names: Vec<&str> = some.iter().map(SessionKey::as_str).collect();
            let values: Vec<_> = padded(&names).into_iter().map(Value::Text).collect();
            self.execute(&self.sql.remove(values.len()), &values)
                .await?;
        }
        Ok(())
    }
}

impl Keeps for Table {
    fn prepare(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            // Making it "if not exists" needs the right to make tables even where it does.
            if self.list("", Moment::LAST).await.is_ok() {
                return Ok(());
            }
            self.database.define(self.sql.create).await
        })
    }

    fn put<'a>(&'a self, user: &'a str, entry: &'a Entry) -> Answer<'a, ()> {
        Box::pin(async move {
            let address = entry.address.map(|address| address.to_string());
            let values = [
                Value::Text(&entry.handle),
                Value::Text(entry.name.as_str()),
                Value::Text(user),
                Value::Number(entry.created.micros()),
                Value::Number(entry.seen.micros()),
                Value::Number(entry.expires.micros()),
                Value::Text(address.as_deref().unwrap_or_default()),
                Value::Text(entry.user_agent.as_deref().unwrap_or_default()),
                Value::Text(entry.family.as_ref().map_or("", SessionKey::as_str)),
            ];
            self.execute(&self.sql.put, &values).await.map(drop)
        })
    }

    fn rename<'a>(
        &'a self,
        _user: &'a str,
        old: &'a SessionKey,
        new: &'a SessionKey,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let values = [Value::Text(new.as_str()), Value::Text(old.as_str())];
            self.execute(&self.sql.rename, &values).await.map(drop)
        })
    }

    fn remove<'a>(&'a self, _user: &'a str, names: &'a [SessionKey]) -> Answer<'a, ()> {
        Box::pin(self.remove(names))
    }

    fn list<'a>(&'a self, user: &'a str, now: Moment) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move {
            let values = [Value::Date(now), Value::Text(user)];
            let rows = self.database.query(&self.sql.list, &values).await?;
            let (mut live, mut dead) = (Vec::new(), Vec::new());
            for (entry, lives) in rows.into_iter().filter_map(read) {
                if lives {
                    live.push(entry);
                } else {
                    dead.push(entry.name);
                }
            }
            // By their names: one whose session has another key by now stays.
            self.remove(&dead).await?;
            Ok(live)
        })
    }

    fn sweep(&self, now: Moment) -> Answer<'_, ()> {
        Box::pin(async move {
            let values = [Value::Number(now.micros()), Value::Date(now)];
            while self.execute(&self.sql.sweep, &values).await? >= SWEPT {}
            Ok(())
        })
    }
}

/// A row, and whether its session lives.
fn read(row: Columns) -> Option<(Entry, bool)> {
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let handle = next()?;
    let name = SessionKey::parse(&next()?)?;
    let mut moment = || Some(Moment::from_micros(next()?.parse().ok()?));
    let (created, seen, expires) = (moment()?, moment()?, moment()?);
    let address = next().and_then(|address| address.parse().ok());
    let user_agent = next().filter(|user_agent| !user_agent.is_empty());
    let family = next().and_then(|family| SessionKey::parse(&family));
    let lives = next().is_some();
    let entry = Entry {
        handle,
        name,
        created,
        seen,
        expires,
        address,
        user_agent,
        family,
    };
    Some((entry, lives))
}
