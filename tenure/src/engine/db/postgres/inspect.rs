//! What `django_session` is on PostgreSQL.

use std::time::SystemTime;

use super::{
    sql::{CLOCK, COLUMNS},
    table::Postgres,
    value::Date,
};
use crate::{
    engine::{Clock, ColumnState, TableState},
    error::StoreError,
};

impl Postgres {
    pub(crate) async fn inspect(&self) -> Result<TableState, StoreError> {
        let mut columns = Vec::new();
        for row in self.server.query(COLUMNS, &[]).await? {
            columns.push(ColumnState {
                name: self.read(&row, 0)?,
                kind: self.read(&row, 1)?,
                indexed: self.read(&row, 2)?,
            });
        }
        // The statement is prepared by now, so that its round trip is one.
        self.server.query(CLOCK, &[]).await?;
        let asked = SystemTime::now();
        let rows = self.server.query(CLOCK, &[]).await?;
        let row = rows.first();
        let time = row.map(|row| self.read::<Date>(row, 0)).transpose()?;
        Ok(TableState {
            columns,
            clock: time.map(|Date(time)| Clock::read(time.into(), asked)),
        })
    }
}
