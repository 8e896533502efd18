//! What `django_session` is on SQLite.

use super::{connection::Sqlite, sql::COLUMNS};
use crate::{
    engine::{ColumnState, TableState},
    error::StoreError,
};

impl Sqlite {
    pub(crate) async fn inspect(&self) -> Result<TableState, StoreError> {
        let columns = self.read(|connection, _| {
            let mut statement = connection.prepare(COLUMNS)?;
            let rows = statement.query_map([], |row| {
                Ok(ColumnState {
                    name: row.get(0)?,
                    kind: row.get(1)?,
                    indexed: row.get(2)?,
                })
            })?;
            rows.collect()
        });
        Ok(TableState {
            columns: columns.await?,
            clock: None,
        })
    }
}
