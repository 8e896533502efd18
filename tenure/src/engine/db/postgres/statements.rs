//! Statements on any table of a PostgreSQL database. They cast what they ask for to text.

use super::{
    super::statements::{Answer, Columns, Dialect, Statements, Value},
    table::Postgres,
    value::{Param, Text},
};

fn params<'a>(values: &'a [Value<'a>]) -> Vec<Param<'a>> {
    let values = values.iter().map(|value| match *value {
        Value::Text(text) => Param::Text(text),
        Value::Key(key) => Param::Key(key),
        Value::Date(moment) => Param::Date(moment),
        Value::Number(number) => Param::Number(number),
    });
    values.collect()
}

impl Statements for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Vec<Columns>> {
        Box::pin(async move {
            let rows = self.server.query(sql, &params(values)).await?;
            let rows = rows.iter().map(|row| {
                let columns = (0..row.len()).map(|index| {
                    let column: Option<Text> = self.read(row, index)?;
                    Ok(column.map(|Text(text)| text))
                });
                columns.collect()
            });
            rows.collect()
        })
    }

    fn execute<'a>(&'a self, sql: &'a str, values: &'a [Value<'a>]) -> Answer<'a, Option<u64>> {
        Box::pin(async move { self.server.execute(sql, &params(values)).await })
    }

    fn define<'a>(&'a self, sql: &'a str) -> Answer<'a, ()> {
        Box::pin(self.server.batch(sql))
    }
}
