//! The contract of a store.

use std::time::Duration;

use tenure::{
    Sessions, Settings,
    conformance::{Broken, outage},
    engine::db::PostgresStore,
};
use testkit::{Postgres, Proxy};

use crate::site::{settings, store};

tenure::conformance!(postgres, async |settings: &Settings| {
    let server = Postgres::start();
    let mut settings = settings.clone();
    settings.set_database_url(server.url(&server.create_database()));
    let one = PostgresStore::open(&settings).await.unwrap();
    one.create_table().await.unwrap();
    let other = PostgresStore::open(&settings).await.unwrap();
    ([one, other], server)
});

#[tokio::test(flavor = "multi_thread")]
async fn outages_log_nobody_out() {
    let server = Postgres::start();
    let (_, database) = store(&server).await;
    let proxy = Proxy::to_port(server.port());
    let mut settings = settings(server.url_through(proxy.port(), &database));
    settings.store_timeout = Duration::from_secs(2);
    let store = PostgresStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    let everything = Broken::Everything;

    let cut = outage(
        &sessions,
        everything,
        async || proxy.cut(),
        async || proxy.heal(),
    )
    .await;
    cut.unwrap();
    let held = outage(
        &sessions,
        everything,
        async || proxy.hold(),
        async || proxy.heal(),
    )
    .await;
    held.unwrap();
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
    let set = |value: &str| {
        server.sql(
            "postgres",
            &format!("ALTER SYSTEM SET default_transaction_read_only = {value}"),
        );
        server.sql("postgres", "SELECT pg_reload_conf()");
    };
    let read_only = outage(
        &sessions,
        Broken::Writes,
        async || {
            set("on");
            // Every connection hears of it between two statements.
            tokio::time::sleep(Duration::from_millis(500)).await;
        },
        async || set("off"),
    );
    read_only.await.unwrap();
}
