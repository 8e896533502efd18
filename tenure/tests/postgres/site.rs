//! A database on a server of its own.

use tenure::engine::db::PostgresStore;
use testkit::Postgres;

pub(crate) use crate::database::*;

/// A store on a new database of this server, with its table.
pub(crate) async fn store(server: &Postgres) -> (PostgresStore, String) {
    let database = server.create_database();
    let store = PostgresStore::open(&settings(server.url(&database)))
        .await
        .unwrap();
    store.create_table().await.unwrap();
    (store, database)
}
