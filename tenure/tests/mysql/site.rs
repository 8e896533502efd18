//! A database on a server of its own.

use tenure::engine::db::MysqlStore;
use testkit::MariaDb;

pub(crate) use crate::database::*;

/// A store on a new database of this server, with its table.
pub(crate) async fn store(server: &MariaDb) -> (MysqlStore, String) {
    let database = server.create_database();
    let store = MysqlStore::open(&settings(server.url(&database)))
        .await
        .unwrap();
    store.create_table().await.unwrap();
    (store, database)
}
