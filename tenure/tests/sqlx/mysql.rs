//! MySQL and MariaDB.

use std::time::{Duration, Instant};

use sqlx::{MySqlPool, mysql::MySqlPoolOptions};
use tenure::{
    Sessions, Settings,
    conformance::{self, Broken},
    engine::db::{MysqlStore, SqlxStore},
    testing,
};
use testkit::{MariaDb, Proxy};

use crate::{
    exchange::exchange,
    visits::{KEY, told, visits},
};

fn settings() -> Settings {
    let mut settings = testing::settings();
    settings.store_timeout = Duration::from_secs(2);
    settings
}

async fn pool(url: &str, connections: u32) -> MySqlPool {
    let pool = MySqlPoolOptions::new().max_connections(connections);
    pool.connect(url).await.unwrap()
}

tenure::conformance!(mysql, async |settings: &Settings| {
    let server = MariaDb::start();
    let url = server.url(&server.create_database());
    let store = async || {
        let pool = MySqlPoolOptions::new().max_connections(5);
        let pool = pool.test_before_acquire(false).connect(&url).await;
        SqlxStore::from_pool(pool.unwrap(), settings).unwrap()
    };
    let (one, other) = (store().await, store().await);
    one.create_table().await.unwrap();
    ([one, other], server)
});

#[tokio::test]
async fn a_pool_beside_our_own_driver_and_the_programs_own_statements() {
    let server = MariaDb::start();
    let database = server.create_database();
    let url = server.url(&database);
    let pool = pool(&url, 2).await;
    let mut settings = settings();
    settings.set_database_url(&url);
    let store = SqlxStore::from_pool(pool.clone(), &settings).unwrap();

    let sessions = Sessions::new(store.clone(), &settings).unwrap();
    let told_why = told(sessions.session(KEY).load().await.unwrap_err());
    assert!(told_why.contains("`tenure init`"), "{told_why}");
    store.create_table().await.unwrap();
    store.create_table().await.unwrap();

    let own = MysqlStore::open(&settings).await.unwrap();
    exchange(&store, &own).await;
    exchange(&own, &store).await;

    // Dates in local time.
    settings.use_tz = false;
    settings.time_zone = "Europe/Paris".to_owned();
    let own = MysqlStore::open(&settings).await.unwrap();
    let local = SqlxStore::from_pool(pool.clone(), &settings).unwrap();
    exchange(&local, &own).await;
    exchange(&own, &local).await;

    // One of the two connections is in a transaction of the program's, which takes back what it did and nothing else.
    server.sql(&database, "CREATE TABLE mine (number int)");
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO mine VALUES (1)")
        .execute(&mut *transaction)
        .await
        .unwrap();
    visits(&sessions, 50).await;
    assert!(pool.size() <= 2, "{}", pool.size());
    transaction.rollback().await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM django_session")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, 50);
    assert_eq!(server.sql(&database, "SELECT count(*) FROM mine"), "0");
}

#[tokio::test]
async fn an_outage_is_told_in_time_and_the_same_pool_serves_afterwards() {
    let mut server = MariaDb::start();
    let proxy = Proxy::to_port(server.port());
    let url = server.url_through(proxy.port(), &server.create_database());
    let pool = pool(&url, 3).await;
    let store = SqlxStore::from_pool(pool, &settings()).unwrap();
    store.create_table().await.unwrap();
    let sessions = Sessions::new(store, &settings()).unwrap();
    let outage = async |break_it: &dyn Fn(), heal: &dyn Fn()| {
        conformance::outage(
            &sessions,
            Broken::Everything,
            async || break_it(),
            async || heal(),
        )
        .await
        .unwrap();
    };
    outage(&|| proxy.cut(), &|| proxy.heal()).await;
    outage(&|| proxy.hold(), &|| proxy.heal()).await;
    outage(&|| server.pause(), &|| server.resume()).await;

    server.stop();
    let started = Instant::now();
    let told = told(sessions.session(KEY).load().await.unwrap_err());
    assert!(started.elapsed() < settings().store_timeout);
    let port = proxy.port().to_string();
    assert!(told.contains(&port) && !told.contains("sesame"), "{told}");
    server.start_again();
    sessions.session(KEY).load().await.unwrap();
}
