//! Statements on any table of a SQLite file.

use rusqlite::params_from_iter;

use super::{
    super::statements::{Answer, Columns, Dialect, Statements, Value, without_dashes},
    connection::Sqlite,
    date::date_text,
    table::{is_taken, text},
};
use crate::moment::{Moment, Zone};

/// A [`Value`] that waits for the writer's thread.
enum Owned {
    Text(String),
    Date(Moment),
    Number(i64),
}

fn owned(values: &[Value<'_>]) -> Vec<Owned> {
    let values = values.iter().map(|value| match *value {
        Value::Text(text) => Owned::Text(text.to_owned()),
        Value::Key(key) => Owned::Text(without_dashes(key)),
        Value::Date(moment) => Owned::Date(moment),
        Value::Number(number) => Owned::Number(number),
    });
    values.collect()
}

/// All text: the column's affinity makes a number of a number's digits.
fn params(values: &[Owned], zone: &Zone) -> impl rusqlite::Params {
    let values: Vec<String> = values
        .iter()
        .map(|value| match value {
            Owned::Text(text) => text.clone(),
            Owned::Date(moment) => date_text(*moment, zone),
            Owned::Number(number) => number.to_string(),
        })
        .collect();
    params_from_iter(values)
}

impl Statements for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Vec<Columns>> {
        let (sql, values) = (sql.to_owned(), owned(values));
        Box::pin(self.read(move |connection, zone| {
            let mut statement = connection.prepare_cached(&sql)?;
            let columns = statement.column_count();
            let rows = statement.query_map(params(&values, zone), |row| {
                (0..columns)
                    .map(|index| {
                        let null = row.get_ref(index)? == rusqlite::types::ValueRef::Null;
                        if null {
                            Ok(None)
                        } else {
                            text(row, index).map(Some)
                        }
                    })
                    .collect()
            })?;
            rows.collect()
        }))
    }

    fn execute<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Option<u64>> {
        let (sql, values) = (sql.to_owned(), owned(values));
        Box::pin(self.write(move |connection, zone| {
            let written = connection
                .prepare_cached(&sql)?
                .execute(params(&values, zone));
            match written {
                Ok(rows) => Ok(Some(rows as u64)),
                Err(error) if is_taken(&error) => Ok(None),
                Err(error) => Err(error),
            }
        }))
    }

    fn define<'a>(&'a self, sql: &'a str) -> Answer<'a, ()> {
        let sql = sql.to_owned();
        Box::pin(self.write_much(move |connection, _| connection.execute_batch(&sql)))
    }
}
