//! Every engine that Django and tenure share.

use std::{path::Path, rc::Rc};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{MariaDb, Memcached, Postgres, Redis};

use crate::{
    at_once, exchange, expiry, login, pages, python_values, rotation,
    site::{Place, Site},
};

const DJANGO_REDIS: &str = "django_redis.cache.RedisCache";
const REDIS: &str = "django.core.cache.backends.redis.RedisCache";

fn hold_to_everything(place: Place) {
    let mut site = Site::open(place);
    site.part("exchange", exchange::both_ways);
    hold_to_expiry(&mut site);
    site.part("at once", at_once::nothing_is_lost);
    if site.place.engine == "signed_cookies" {
        // It keeps a value of its own in the session, which would only be in the way of the comparisons above.
        site.settings.cookie_revocation = Some("db".to_owned());
    }
    if site.place.engine == "cache"
        && site.place.settings["CACHES"]["default"]["OPTIONS"] == json!({})
    {
        // Pickles, which can hold more than JSON.
        site.part("Python's values", python_values::stay_djangos);
    }
    site.part("pages", pages::pass_through_untouched);
    // tenure finds users in SQLite alone yet.
    if site.place.url.starts_with("sqlite") {
        site.part("login", login::one_login_on_both_sides);
        site.part("rotation", rotation::logs_nobody_out);
    }
    site.finish();
}

/// Databases and sessions that hold local time without a zone.
fn hold_to_local_time(mut place: Place) {
    place.settings = json!({"USE_TZ": false, "TIME_ZONE": "Europe/Vienna"});
    let mut site = Site::open(place);
    hold_to_expiry(&mut site);
    site.finish();
}

fn hold_to_expiry(site: &mut Site) {
    site.part("expiry", expiry::both_mean_the_same_moment);
    site.part("prolonging", expiry::both_see_what_is_prolonged);
    site.part("clearing", expiry::both_clear_the_same);
}

/// A folder in memory: what is written is to be compared, and not to wait for a disk.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

/// Both sides' words for a SQLite database in this folder.
fn sqlite(folder: &Path) -> (String, Value) {
    let path = folder.join("site.sqlite3");
    let django = json!({"ENGINE": "django.db.backends.sqlite3", "NAME": path});
    (format!("sqlite://{}?mode=rwc", path.display()), django)
}

/// Users in SQLite, sessions elsewhere.
fn beside_sqlite(
    name: &'static str,
    engine: &'static str,
    settings: Value,
    server: impl Sized + 'static,
) -> Place {
    let folder = folder();
    let (url, database) = sqlite(folder.path());
    Place {
        name,
        engine,
        url,
        database,
        settings,
        max_size: usize::MAX,
        _keep: Box::new((folder, server)),
    }
}

pub(crate) fn db_on_sqlite() -> Place {
    beside_sqlite("db on SQLite", "db", json!({}), ())
}

/// Sessions and users in a database on a server.
fn on_server(
    name: &'static str,
    backend: &str,
    (url, port, database): (String, u16, String),
    server: impl Sized + 'static,
) -> Place {
    let database = json!({
        "ENGINE": format!("django.db.backends.{backend}"),
        "HOST": "127.0.0.1",
        "PORT": port,
        "NAME": database,
        "USER": "tenure",
        "PASSWORD": "sesame",
    });
    Place {
        name,
        engine: "db",
        url,
        database,
        settings: json!({}),
        max_size: usize::MAX,
        _keep: Box::new(server),
    }
}

fn postgres(name: &'static str, server: &Rc<Postgres>) -> Place {
    let database = server.create_database();
    let place = (server.url(&database), server.port(), database);
    on_server(name, "postgresql", place, Rc::clone(server))
}

fn mariadb(name: &'static str, server: &Rc<MariaDb>) -> Place {
    let database = server.create_database();
    let place = (server.url(&database), server.port(), database);
    on_server(name, "mysql", place, Rc::clone(server))
}

/// `CACHES`, with what Django's default does not need: a prefix and a version.
fn caches(backend: &str, location: &Value, options: &Value) -> Value {
    let cache = json!({"BACKEND": backend, "LOCATION": location, "KEY_PREFIX": "shop", "VERSION": 2, "OPTIONS": options});
    json!({"CACHES": {"default": cache}})
}

fn redis(name: &'static str, engine: &'static str, backend: &str, options: &Value) -> Place {
    let server = Redis::start();
    let caches = caches(backend, &json!(server.url()), options);
    beside_sqlite(name, engine, caches, server)
}

#[test]
fn db_on_sqlite_is_shared() {
    hold_to_everything(db_on_sqlite());
    let mut place = db_on_sqlite();
    place.name = "db on SQLite, local time";
    hold_to_local_time(place);
}

#[test]
fn db_on_postgres_is_shared() {
    let server = Rc::new(Postgres::start());
    hold_to_everything(postgres("db on PostgreSQL", &server));
    hold_to_local_time(postgres("db on PostgreSQL, local time", &server));
}

#[test]
fn db_on_mariadb_is_shared() {
    let server = Rc::new(MariaDb::start());
    hold_to_everything(mariadb("db on MariaDB", &server));
    hold_to_local_time(mariadb("db on MariaDB, local time", &server));
}

#[test]
fn files_are_shared() {
    let folder = folder();
    let settings = json!({"SESSION_FILE_PATH": folder.path()});
    hold_to_everything(beside_sqlite("file", "file", settings, folder));
}

#[test]
fn djangos_redis_cache_is_shared() {
    hold_to_everything(redis(
        "cache on Django's RedisCache",
        "cache",
        REDIS,
        &json!({}),
    ));
}

#[test]
fn django_redis_is_shared() {
    hold_to_everything(redis(
        "cache on django-redis",
        "cache",
        DJANGO_REDIS,
        &json!({}),
    ));
}

#[test]
fn django_redis_with_json_is_shared() {
    let options = json!({"SERIALIZER": "django_redis.serializers.json.JSONSerializer"});
    hold_to_everything(redis(
        "cache on django-redis with JSON",
        "cache",
        DJANGO_REDIS,
        &options,
    ));
}

#[test]
fn memcached_is_shared() {
    let servers = [
        Memcached::start(),
        Memcached::start(),
        Memcached::start_on_socket(),
    ];
    let locations = servers.each_ref().map(Memcached::location);
    let backend = "django.core.cache.backends.memcached.PyMemcacheCache";
    let caches = caches(backend, &json!(locations), &json!({}));
    hold_to_everything(beside_sqlite(
        "cache on three memcacheds",
        "cache",
        caches,
        servers,
    ));
}

#[test]
fn cached_db_is_shared() {
    hold_to_everything(redis(
        "cached_db on SQLite and Redis",
        "cached_db",
        REDIS,
        &json!({}),
    ));
}

#[test]
fn signed_cookies_are_shared() {
    let settings = json!({"TENURE_COOKIE_REVOCATION": "none"});
    let mut place = beside_sqlite("signed_cookies", "signed_cookies", settings, ());
    place.max_size = 2000;
    hold_to_everything(place);
}
