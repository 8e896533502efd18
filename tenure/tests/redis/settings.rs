//! What `LOCATION` and `OPTIONS` may say.

use redis::Client;
use tenure::{
    Settings,
    engine::{
        OpenError,
        cache::{CacheStore, Format, redis::RedisCache},
    },
    store::SessionStore as _,
};
use testkit::Redis;

use crate::site::{self, free_key, kept, record};

async fn works(settings: &Settings) {
    let store = site::open(settings).await.unwrap();
    let (key, _) = kept(&store).await;
    assert!(store.load(&key).await.unwrap().is_some());
}

fn option(settings: &mut Settings, name: &str, value: &str) {
    let entry = settings.caches.get_mut("default").unwrap();
    entry.options.insert(name.into(), value.into());
}

#[tokio::test]
async fn a_server_is_reached_by_port_socket_database_and_the_first_of_a_list() {
    let server = Redis::start();
    let address = format!("127.0.0.1:{}", server.port());
    let socket = server.socket_url();
    for (url, database) in [
        (format!("redis://{address}"), "db0"),
        (format!("redis://{address}/2"), "db2"),
        (format!("valkey://{address}?db=3"), "db3"),
        (format!("{socket}?db=4"), "db4"),
        (socket.replace("unix:", "redis+unix:"), "db0"),
        // The others are replicas to Django, and are not asked.
        (format!("redis://{address}/5,redis://127.0.0.1:1"), "db5"),
        (format!("redis://{address}/6;redis://127.0.0.1:1"), "db6"),
    ] {
        server.command(&["FLUSHALL"]);
        works(&site::settings(&url)).await;
        let keys = server.command(&["INFO", "keyspace"]);
        assert!(
            keys.contains(&format!("{database}:keys=1")),
            "{url}: {keys}"
        );
    }
    // As in redis-py, the URL wins over the options.
    for (url, database) in [
        (format!("redis://{address}"), "db8"),
        (format!("redis://{address}/7"), "db7"),
        (format!("redis://{address}/7?db=9"), "db9"),
    ] {
        let mut list = site::settings(&url);
        let entry = list.caches.get_mut("default").unwrap();
        entry.location.push("redis://127.0.0.1:1".into());
        option(&mut list, "db", "8");
        server.command(&["FLUSHALL"]);
        works(&list).await;
        let keys = server.command(&["INFO", "keyspace"]);
        assert!(
            keys.contains(&format!("{database}:keys=1")),
            "{url}: {keys}"
        );
    }
}

#[tokio::test]
async fn user_and_password_come_from_the_url_or_the_options() {
    let server = Redis::with_user("sessions", "p@ss/word");
    let url = server.url();
    works(&site::settings(
        &url.replace("://", "://sessions:p%40ss%2Fword@"),
    ))
    .await;
    works(&site::settings(&format!(
        "{}?username=sessions&password=p@ss/word",
        server.socket_url()
    )))
    .await;
    for upper in [false, true] {
        let mut settings = site::settings(&url);
        for (name, value) in [("username", "sessions"), ("password", "p@ss/word")] {
            let name = if upper {
                name.to_uppercase()
            } else {
                name.to_owned()
            };
            option(&mut settings, &name, value);
        }
        works(&settings).await;
    }
}

#[tokio::test]
async fn tls_checks_both_ends() {
    let server = Redis::with_tls();
    let mut settings = site::settings(&server.url());
    let error = format!("{:?}", site::open(&settings).await.unwrap_err());
    assert!(
        error.contains("could not be reached") && error.contains("UnknownIssuer"),
        "{error}"
    );
    option(&mut settings, "ssl_ca_certs", &server.certificate("ca.pem"));
    assert!(
        site::open(&settings).await.is_err(),
        "the server wants a certificate of its clients"
    );
    option(
        &mut settings,
        "ssl_certfile",
        &server.certificate("client.pem"),
    );
    option(
        &mut settings,
        "ssl_keyfile",
        &server.certificate("client.key"),
    );
    works(&settings).await;
    let plain = server.url().replace("rediss:", "redis:");
    assert!(site::open(&site::settings(&plain)).await.is_err());
}

#[tokio::test]
async fn a_program_may_bring_its_own_connection() {
    let server = Redis::start();
    let settings = site::settings("redis://not-asked");
    let client = Client::open(server.url()).unwrap();
    let connection = client.get_connection_manager().await.unwrap();
    let cache = std::sync::Arc::new(RedisCache::with_connection(connection, &settings));
    let store = CacheStore::new(cache, Format::Json, &settings.caches["default"], &settings);
    let key = free_key();
    store.create(&key, &record("Ada")).await.unwrap();
    assert!(store.load(&key).await.unwrap().is_some());
}

#[tokio::test]
async fn wrong_settings_name_the_setting_and_what_is_needed() {
    for (location, option_given, words) in [
        (
            "127.0.0.1:6379",
            None,
            "CACHES.default.LOCATION is \"127.0.0.1:6379\": redis://host:6379/0 is needed",
        ),
        ("memcached://host", None, "redis://host:6379/0 is needed"),
        (
            "redis://ann:hunter2@host/x",
            None,
            "CACHES.default.LOCATION is \"redis://…@host/x\"",
        ),
        (
            "redis://host?socket_timeout=5",
            None,
            "only these are known: db, username",
        ),
        (
            "rediss://host#insecure",
            None,
            "certificates are always checked",
        ),
        (
            "redis://host",
            Some(("db", "one")),
            "CACHES.default.OPTIONS.db is \"one\": the number of a database is needed",
        ),
        (
            "redis://sessions",
            Some(("SENTINELS", "[1]")),
            "CACHES.default.OPTIONS.SENTINELS is \"[1]\": addresses of sentinels are needed",
        ),
        (
            "unix:///run/redis.sock",
            Some(("SENTINELS", "host")),
            "redis://name-of-the-primary/0 is needed",
        ),
        (
            "redis+cluster://:hunter2@host,redis+cluster://other",
            None,
            "CACHES.default.LOCATION is",
        ),
        (
            "rediss://host",
            Some(("ssl_ca_certs", "/nowhere.pem")),
            "CACHES.default.OPTIONS.ssl_ca_certs is \"/nowhere.pem\": a file in PEM format is needed",
        ),
        (
            "rediss://host",
            Some((
                "ssl_certfile",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            )),
            "are needed both, or neither",
        ),
    ] {
        let mut settings = site::settings(location);
        if let Some((name, value)) = option_given {
            option(&mut settings, name, value);
        }
        let error = site::open(&settings).await.unwrap_err();
        assert!(matches!(error, OpenError::Settings(_)), "{error}");
        let said = format!("{error:?}");
        assert!(said.contains(words), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let mut none = site::settings("");
    none.caches.get_mut("default").unwrap().location.clear();
    let error = site::open(&none).await.unwrap_err().to_string();
    assert!(
        error.contains("CACHES.default.LOCATION is \"empty\""),
        "{error}"
    );
}
