//! Statements on any table of a MySQL or MariaDB database.

use mysql_async::{Params, Value as MysqlValue};

use super::{
    super::statements::{Answer, Columns, Dialect, Statements, Value, without_dashes},
    table::Mysql,
};

impl Mysql {
    fn params(&self, values: &[Value<'_>]) -> Params {
        if values.is_empty() {
            return Params::Empty;
        }
        let values = values.iter().map(|value| match *value {
            Value::Text(text) => MysqlValue::from(text),
            Value::Key(key) => MysqlValue::from(without_dashes(key)),
            Value::Date(moment) => MysqlValue::from(self.date(moment)),
            Value::Number(number) => MysqlValue::from(number),
        });
        Params::Positional(values.collect())
    }
}

/// A column as text. Dates are none of those that are asked for.
fn column(value: MysqlValue) -> Option<String> {
    match value {
        MysqlValue::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        MysqlValue::Int(number) => Some(number.to_string()),
        MysqlValue::UInt(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Statements for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn query<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Vec<Columns>> {
        Box::pin(async move {
            let rows = self.pool.query(sql, self.params(values)).await?;
            let rows = rows.into_iter().map(|row| {
                row.unwrap_raw()
                    .into_iter()
                    .map(|value| value.and_then(column))
                    .collect()
            });
            Ok(rows.collect())
        })
    }

    fn execute<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Option<u64>> {
        Box::pin(self.pool.execute(sql, self.params(values)))
    }

    fn define<'a>(&'a self, sql: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.pool.execute(sql, Params::Empty).await.map(drop) })
    }
}
