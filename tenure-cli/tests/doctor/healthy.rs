//! Whatever keeps Django's sessions: what `tenure settings` makes of the project is what the doctor finds healthy.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};
use testkit::{MariaDb, Memcached, Postgres, Redis};

use crate::site::{Site, run};

/// The settings that were made are those of the project, and both sides share sessions.
#[track_caller]
fn is_healthy(site: &Site) {
    site.take_settings();
    let diagnosis = site.diagnose();
    assert_eq!(diagnosis.problems(), Vec::<&str>::new(), "{diagnosis:#?}");
    // Whether or not Django is there.
    let alone = run(&mut site.command(&["doctor"]));
    assert_eq!(alone.code, Some(0), "{alone:?}");
    assert!(alone.out.ends_with("no problem found\n"), "{alone:?}");
}

fn engine(name: &str) -> String {
    format!("SESSION_ENGINE = 'django.contrib.sessions.backends.{name}'\n")
}

#[test]
fn files_caches_and_cookies() {
    let mut site = Site::migrated();
    is_healthy(&site);

    // The name of a URL pattern is the address that Django makes of it.
    site.settle("LOGIN_URL = 'admin:login'");
    is_healthy(&site);
    let made = fs::read_to_string(site.place.path().join("tenure.toml")).unwrap();
    assert!(made.contains("LOGIN_URL = \"/admin/login/\"\n"), "{made}");

    let folder = site.place.path().join("sessions");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    site.settle(&format!(
        "{}SESSION_FILE_PATH = '{}'",
        engine("file"),
        folder.display()
    ));
    is_healthy(&site);

    site.settle(&engine("signed_cookies"));
    is_healthy(&site);

    let (redis, memcached) = (Redis::start(), Memcached::start());
    let on = |site: &mut Site, name: &str, cache: Value| {
        site.settle(&format!("{}SESSION_CACHE_ALIAS = 'sessions'", engine(name)));
        site.set("DJANGO_CACHES", json!({"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, "sessions": cache}).to_string());
    };
    let django = json!({
        "BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": [redis.url()], "KEY_PREFIX": "my site", "VERSION": 7,
        "TIMEOUT": null, "OPTIONS": {"db": "3"}
    });
    on(&mut site, "cache", django.clone());
    is_healthy(&site);
    on(&mut site, "cached_db", django);
    is_healthy(&site);
    let django_redis = json!({
        "BACKEND": "django_redis.cache.RedisCache", "LOCATION": redis.url(),
        "OPTIONS": {"COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor", "PICKLE_VERSION": -1}
    });
    on(&mut site, "cache", django_redis);
    is_healthy(&site);
    let in_memcached = json!({"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", "LOCATION": memcached.location()});
    on(&mut site, "cache", in_memcached);
    is_healthy(&site);
}

#[test]
fn postgresql() {
    let server = Postgres::start();
    let database = |host: &str| {
        json!({
            "ENGINE": "django.db.backends.postgresql", "NAME": "site0", "USER": "tenure", "PASSWORD": "sesame", "HOST": host,
            "PORT": server.port().to_string(), "OPTIONS": {"application_name": "the site"}
        })
    };
    server.create_database();
    let mut site = Site::on(&database("127.0.0.1"));
    is_healthy(&site);
    site.set(
        "DJANGO_DATABASE",
        database(server.socket_folder().to_str().unwrap()).to_string(),
    );
    is_healthy(&site);
    // PostgreSQL keeps moments, so that a zone changes nothing as long as both have it.
    site.change("USE_TZ = False\nTIME_ZONE = 'Asia/Kolkata'");
    is_healthy(&site);
}

#[test]
fn mariadb() {
    let server = MariaDb::start();
    server.create_database();
    let site = Site::on(&json!({
        "ENGINE": "django.db.backends.mysql", "NAME": "site0", "USER": "tenure", "PASSWORD": "sesame", "HOST": "127.0.0.1",
        "PORT": server.port()
    }));
    is_healthy(&site);
    site.change("USE_TZ = False\nTIME_ZONE = 'Asia/Kolkata'");
    is_healthy(&site);
}
