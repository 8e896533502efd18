//! What `django_session` is on MySQL and MariaDB.

use std::time::SystemTime;

use mysql_async::Params;

use super::{
    sql::{CLOCK, COLUMNS},
    table::{Mysql, text},
};
use crate::{
    engine::{Clock, ColumnState, TableState},
    error::StoreError,
    moment::{Moment, Zone},
};

impl Mysql {
    pub(crate) async fn inspect(&self) -> Result<TableState, StoreError> {
        let rows = self.pool.query(COLUMNS, Params::Empty).await?;
        let columns = rows.into_iter().map(|mut row| ColumnState {
            name: text(&mut row, 0),
            kind: text(&mut row, 1),
            indexed: row.take(2).unwrap_or_default(),
        });
        // The statement is prepared by now, so that its round trip is one.
        self.pool.query(CLOCK, Params::Empty).await?;
        let asked = SystemTime::now();
        let rows = self.pool.query(CLOCK, Params::Empty).await?;
        let time = rows
            .into_iter()
            .next()
            .and_then(|mut row| Moment::from_iso(&text(&mut row, 0), &Zone::Utc));
        Ok(TableState {
            columns: columns.collect(),
            clock: time.map(|time| Clock::read(time.into(), asked)),
        })
    }
}
