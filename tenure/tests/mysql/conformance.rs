//! The contract of a store.

use std::time::Duration;

use tenure::{
    Sessions, Settings,
    conformance::{Broken, outage},
    engine::db::MysqlStore,
};
use testkit::{MariaDb, Proxy};

use crate::site::{settings, store};

tenure::conformance!(mariadb, async |settings: &Settings| {
    let server = MariaDb::start();
    let mut settings = settings.clone();
    settings.set_database_url(server.url(&server.create_database()));
    let one = MysqlStore::open(&settings).await.unwrap();
    one.create_table().await.unwrap();
    let other = MysqlStore::open(&settings).await.unwrap();
    ([one, other], server)
});

#[tokio::test(flavor = "multi_thread")]
async fn outages_log_nobody_out() {
    let server = MariaDb::start();
    let (_, database) = store(&server).await;
    let proxy = Proxy::to_port(server.port());
    let mut settings = settings(server.url_through(proxy.port(), &database));
    settings.store_timeout = Duration::from_secs(2);
    let store = MysqlStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let everything = Broken::Everything;

    let cut = outage(
        &sessions,
        everything,
        async || proxy.cut(),
        async || {
            proxy.heal();
        },
    );
    cut.await.unwrap();
    let held = outage(
        &sessions,
        everything,
        async || proxy.hold(),
        async || {
            proxy.heal();
        },
    );
    held.await.unwrap();
    let paused = outage(
        &sessions,
        everything,
        async || server.pause(),
        async || server.resume(),
    );
    paused.await.unwrap();
    let server = std::cell::RefCell::new(server);
    let stopped = outage(
        &sessions,
        everything,
        async || server.borrow_mut().stop(),
        async || server.borrow_mut().start_again(),
    );
    stopped.await.unwrap();
    let server = server.into_inner();
    // A user who may override it would not notice.
    server.sql(
        "mysql",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO visitor@'%' IDENTIFIED BY 'sesame'",
    );
    let url = server.url(&database).replace("tenure:", "visitor:");
    settings.set_database_url(url);
    let store = MysqlStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let set = |value: u8| server.sql("mysql", &format!("SET GLOBAL read_only = {value}"));
    let read_only = outage(
        &sessions,
        Broken::Writes,
        async || drop(set(1)),
        async || drop(set(0)),
    );
    read_only.await.unwrap();
}
