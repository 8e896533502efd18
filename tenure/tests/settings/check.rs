//! What is not allowed, wherever it was set.

use std::{path::PathBuf, time::Duration};

use tenure::{
    Secret, Settings,
    settings::{DatabaseSettings, SameSite, Transport},
};

use crate::common::{SECRET, fields, message, refusal, toml};

#[test]
fn cookies_that_browsers_drop_are_refused() {
    let refused = |name: &str, secure, domain: Option<&str>, path: Option<&str>| {
        let settings = fields(|settings| {
            settings.cookie_name = name.into();
            settings.cookie_secure = secure;
            settings.cookie_domain = domain.map(Into::into);
            settings.cookie_path = path.map(Into::into);
        });
        settings.check().is_err()
    };
    for (name, secure, domain, path, expected) in [
        ("__Host-id", true, None, Some("/"), false),
        ("__Host-id", false, None, Some("/"), true),
        ("__Host-id", true, Some("example.com"), Some("/"), true),
        ("__Host-id", true, None, Some("/app/"), true),
        ("__Host-id", true, None, None, true),
        ("__hOST-id", false, None, Some("/"), true),
        (
            "__Secure-id",
            true,
            Some("example.com"),
            Some("/app/"),
            false,
        ),
        ("__Secure-id", false, None, Some("/"), true),
        ("__secure-id", false, None, Some("/"), true),
        ("Host-id", false, None, Some("/"), false),
        ("", false, None, None, true),
        ("a;b", false, None, None, true),
        ("a=b", false, None, None, true),
        ("ä", false, None, None, true),
        ("sid", false, Some(".example.com"), Some("/a/b"), false),
        ("sid", false, Some("localhost"), None, false),
        ("sid", false, Some("192.0.2.1"), None, false),
        ("sid", false, Some(""), None, true),
        ("sid", false, Some("."), None, true),
        ("sid", false, Some("example.com:8000"), None, true),
        ("sid", false, Some("example.com; Secure"), None, true),
        ("sid", false, Some("example.com\r\nX: y"), None, true),
        ("sid", false, Some("bücher.example"), None, true),
        ("sid", false, None, Some(""), true),
        ("sid", false, None, Some("app"), true),
        ("sid", false, None, Some("/a;b"), true),
        ("sid", false, None, Some("/a\r\nX: y"), true),
        ("sid", false, None, Some("/a b"), true),
        ("sid", false, None, Some("/ä"), true),
    ] {
        assert_eq!(
            refused(name, secure, domain, path),
            expected,
            "{name} {secure} {domain:?} {path:?}"
        );
    }
    assert_eq!(
        refusal(|settings| settings.cookie_samesite = SameSite::NONE),
        "SESSION_COOKIE_SAMESITE is \"None\": browsers keep such a cookie only with SESSION_COOKIE_SECURE = true",
    );
    assert!(
        refusal(|settings| settings.cookie_samesite = SameSite::parse("nOne").unwrap())
            .contains("\"nOne\"")
    );
    assert_eq!(
        refusal(|settings| settings.cookie_name = "__Secure-id".into()),
        "SESSION_COOKIE_NAME is \"__Secure-id\": browsers keep such a cookie only with SESSION_COOKIE_SECURE = true",
    );
}

#[test]
fn the_cookie_that_remembers_users_is_checked_as_well() {
    assert_eq!(
        refusal(|settings| settings.remember_cookie_name = "__Host-stay".into()),
        "TENURE_REMEMBER_COOKIE_NAME is \"__Host-stay\": browsers keep such a cookie only with SESSION_COOKIE_SECURE = true, \
         SESSION_COOKIE_PATH = \"/\" and no SESSION_COOKIE_DOMAIN",
    );
    assert_eq!(
        refusal(|settings| settings.remember_cookie_name = "sessionid".into()),
        "TENURE_REMEMBER_COOKIE_NAME is \"sessionid\": another name than that of SESSION_COOKIE_NAME is needed",
    );
    assert_eq!(
        refusal(|settings| settings.remember_age = Duration::from_hours(401 * 24)),
        "TENURE_REMEMBER_AGE is 34646400s: a whole number of seconds from 1 to 34560000 is needed: browsers keep no cookie longer than 400 days",
    );
}

#[test]
fn a_cookie_that_scripts_may_not_set_is_hidden_from_them() {
    for name in ["__Http-id", "__Host-Http-id", "__host-http-id"] {
        let refused = |http_only| {
            let settings = fields(|settings| {
                settings.cookie_name = name.into();
                settings.cookie_secure = true;
                settings.cookie_httponly = http_only;
            });
            settings.check().is_err()
        };
        assert!(refused(false) && !refused(true), "{name}");
    }
}

#[test]
fn transports_that_make_no_sense_are_refused() {
    assert_eq!(
        refusal(|settings| settings.transports.clear()),
        "TENURE_TRANSPORTS is []: at least one of \"cookie\", \"header\" and \"url\" is needed",
    );
    assert_eq!(
        refusal(|settings| {
            settings.engine = "signed_cookies".into();
            settings.cookie_revocation = Some("none".into());
            settings.transports = vec![Transport::Cookie, Transport::Url];
        }),
        "TENURE_TRANSPORTS is [cookie, url]: with sessions in cookies, the whole session would stand in the URL",
    );
    for name in ["", "s d", "s&d", "s=d", "s/d", "s%64", "ß"] {
        assert!(
            refusal(|settings| settings.url_parameter = name.into())
                .contains("one or more letters, digits, - and _ are needed"),
            "{name}"
        );
    }
}

#[test]
fn fields_are_checked_as_well() {
    assert_eq!(
        refusal(|settings| settings.cookie_age = Duration::from_millis(1_500)),
        "SESSION_COOKIE_AGE is 1.5s: a whole number of seconds from 1 to 4294967295 is needed",
    );
    assert!(
        fields(|settings| settings.cookie_age = Duration::MAX)
            .check()
            .is_err()
    );
    assert!(
        fields(|settings| settings.cookie_age = Duration::ZERO)
            .check()
            .is_err()
    );
    assert!(
        fields(|settings| settings.store_timeout = Duration::ZERO)
            .check()
            .is_err()
    );
    assert!(
        fields(|settings| settings.store_timeout = Duration::MAX)
            .check()
            .is_err()
    );
    assert!(
        fields(|settings| settings.store_timeout = Duration::from_millis(20))
            .check()
            .is_ok()
    );
    assert_eq!(
        refusal(|settings| settings.max_size = 0),
        "TENURE_MAX_SIZE is 0: at least 1024 bytes are needed",
    );
    assert_eq!(
        refusal(|settings| settings.max_keys = Some(3)),
        "TENURE_MAX_KEYS is 3: at least 10 are needed",
    );
    assert!(
        fields(|settings| settings.file_path = Some(PathBuf::new()))
            .check()
            .is_err()
    );
    assert!(
        fields(|settings| settings.engine = "django.contrib.sessions.backends.file".into())
            .check()
            .is_ok()
    );
    assert!(
        refusal(|settings| settings.engine = "redis".into())
            .starts_with("SESSION_ENGINE is \"redis\": one of db, ")
    );
}

#[test]
fn weak_secrets_are_for_development() {
    let good = "`tenure secret` prints a good one; TENURE_DEVELOPMENT = true lets it pass while nobody else uses the site";
    let insecure = format!("django-insecure-{SECRET}");
    for (secret, problem) in [
        (None, "missing".to_owned()),
        (Some(""), "empty".to_owned()),
        (
            Some(&SECRET[..31]),
            "only 31 characters long, and 32 are needed".to_owned(),
        ),
        (
            Some("abcdabcdabcdabcdabcdabcdabcdabcdabcdabcd"),
            "made of only 4 different characters, and 5 are needed".to_owned(),
        ),
        (
            Some(insecure.as_str()),
            "one of those that begin with `django-insecure-`, which are for development".to_owned(),
        ),
        // Characters, not bytes.
        (
            Some("äöüßéèêñç"),
            "only 9 characters long, and 32 are needed".to_owned(),
        ),
    ] {
        let mut settings = fields(|settings| settings.secret_key = secret.map(Secret::new));
        let error = settings.check().unwrap_err().to_string();
        assert_eq!(error, format!("SECRET_KEY is {problem}: {good}"));
        settings.development = true;
        settings.check().unwrap();
    }
    for secret in [&SECRET[..32], "abcdeabcdeabcdeabcdeabcdeabcdeabcde"] {
        fields(|settings| settings.secret_key = Some(Secret::new(secret)))
            .check()
            .unwrap();
    }
    // Only what was signed once is verified with these, so they are not judged.
    fields(|settings| settings.secret_key_fallbacks = vec![Secret::new("old")])
        .check()
        .unwrap();
}

#[test]
fn development_makes_one_secret_for_the_process() {
    let made = || {
        Settings::from_toml("TENURE_DEVELOPMENT = true")
            .unwrap()
            .secret_key
            .unwrap()
    };
    assert_eq!(made().as_bytes().len(), 50);
    assert!(made() == made());
    assert!(Settings::from_toml("").is_err());
}

#[test]
fn debug_shows_no_secret_and_no_password() {
    let settings = toml(
        "SECRET_KEY_FALLBACKS = ['hunter2-old']
         [DATABASES.default]
         URL = 'postgres://ann:hunter2@db/site?sslpassword=hunter2'
         [CACHES.default]
         BACKEND = 'django.core.cache.backends.redis.RedisCache'
         LOCATION = ['redis://:hunter2@one/1', 'redis://ann:hunter2@two/1']
         OPTIONS = { PASSWORD = 'hunter2' }",
    );
    let settings = settings.unwrap();
    for shown in [format!("{settings:?}"), format!("{settings:#?}")] {
        assert!(
            !shown.contains("hunter2") && !shown.contains(SECRET),
            "{shown}"
        );
        assert!(
            shown.contains("…@db/site") && shown.contains("…@two/1"),
            "{shown}"
        );
    }
    let database = DatabaseSettings::new("mysql://ann:hunter2@db");
    assert!(!format!("{database:?}").contains("hunter2"));
}

#[cfg(not(feature = "timezone"))]
#[test]
fn local_time_names_its_feature() {
    assert_eq!(
        message(toml("USE_TZ = false")),
        "TIME_ZONE is \"America/Chicago\": dates in local time (USE_TZ = false) need the feature `timezone` of the crate `tenure`; \
         UTC works without",
    );
    toml("USE_TZ = false\nTIME_ZONE = 'UTC'").unwrap();
}

#[cfg(feature = "timezone")]
#[test]
fn time_zones_are_known() {
    toml("USE_TZ = false").unwrap();
    toml("USE_TZ = false\nTIME_ZONE = 'Europe/Paris'").unwrap();
    for use_tz in ["", "USE_TZ = false\n"] {
        assert_eq!(
            message(toml(&format!("{use_tz}TIME_ZONE = 'Mars/Olympus'"))),
            "TIME_ZONE is \"Mars/Olympus\" (tenure.toml): \
             a name of the IANA time zone database is needed, such as \"Europe/Paris\"",
        );
    }
    assert_eq!(
        message(toml(
            "DATABASES.old = { URL = 'sqlite:///a', TIME_ZONE = 'Mars/Olympus' }"
        )),
        "DATABASES.old.TIME_ZONE is \"Mars/Olympus\" (tenure.toml): \
         a name of the IANA time zone database is needed, such as \"Europe/Paris\"",
    );
}

#[test]
fn a_database_has_its_own_zone_only_with_use_tz() {
    assert_eq!(
        message(toml(
            "USE_TZ = false\nTIME_ZONE = 'UTC'\nDATABASES.default = { URL = 'sqlite:///a', TIME_ZONE = 'UTC' }"
        )),
        "DATABASES.default.TIME_ZONE is \"UTC\" (tenure.toml): it counts only with USE_TZ = true: name the zone in TIME_ZONE instead",
    );
}

#[test]
fn tables_and_columns_that_no_database_can_have_are_refused() {
    let on_postgres = |change: fn(&mut Settings)| {
        refusal(|settings| {
            settings.set_database_url("postgres://db/site");
            change(settings);
        })
    };
    let long = on_postgres(|settings| settings.user_table = "x".repeat(64));
    assert!(
        long.ends_with("PostgreSQL has no names of more than 63 bytes"),
        "{long}"
    );
    let long = refusal(|settings| {
        settings.set_database_url("mysql://db/site");
        settings.user_table = "x".repeat(65);
    });
    assert!(
        long.ends_with("MySQL has no names of more than 64 characters"),
        "{long}"
    );
    for (change, expected) in [
        (
            (|settings| settings.user_table = String::new()) as fn(&mut Settings),
            "TENURE_USER_TABLE is \"\": a name is needed",
        ),
        (
            |settings| settings.user_table = "accounts.".into(),
            "TENURE_USER_TABLE is \"accounts.\": a name is needed",
        ),
        (
            |settings| settings.user_columns.password = String::new(),
            "TENURE_USER_COLUMNS.password is \"\": a name is needed",
        ),
        (
            |settings| settings.user_columns.is_staff = "is\0staff".into(),
            "TENURE_USER_COLUMNS.is_staff is \"is\\0staff\": no database has names with a NUL character",
        ),
    ] {
        assert_eq!(on_postgres(change), expected);
    }
}

#[test]
fn r08_no_setting_takes_from_the_strict_cookie_what_its_name_promises() {
    for weaker in [
        "SESSION_COOKIE_SECURE = false",
        "SESSION_COOKIE_DOMAIN = 'example.com'",
        "SESSION_COOKIE_PATH = '/app/'",
        "SESSION_COOKIE_PATH = false",
    ] {
        let error = toml(&format!("TENURE_PROFILE = 'strict'\n{weaker}")).unwrap_err();
        let told = error.to_string();
        assert!(
            told.starts_with("SESSION_COOKIE_NAME is \"__Host-id\""),
            "{told}"
        );
    }
}

#[test]
fn a_proxy_is_an_address_or_a_network_and_not_everybody() {
    let proxies = |entries: &[&str]| {
        let entries = entries.iter().map(|&text| text.to_owned()).collect();
        fields(|settings| settings.trusted_proxies = entries).check()
    };
    proxies(&[
        "10.0.0.1",
        "10.0.0.0/8",
        "2001:db8::/32",
        "::1",
        "::ffff:10.0.0.0/104",
    ])
    .unwrap();
    for wrong in [
        "proxy.example.com",
        "10.0.0.1:80",
        "10.0.0.0/33",
        "10.0.0.1, 10.0.0.2",
        "",
        "0.0.0.0/0",
        "::/0",
        "::ffff:0.0.0.0/96",
    ] {
        let told = proxies(&["10.0.0.1", wrong]).unwrap_err().to_string();
        assert!(
            told.starts_with(&format!("TENURE_TRUSTED_PROXIES is {wrong:?}: ")),
            "{told}"
        );
    }
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let seconds = |number| Some(Duration::from_secs(number));
    let most = u64::from(u32::MAX);
    for (idle, absolute, expected) in [
        (None, None, None),
        (seconds(1), None, None),
        (seconds(3600), seconds(3600), None),
        (None, seconds(most), None),
        (
            Some(Duration::ZERO),
            None,
            Some(
                "TENURE_IDLE_LIMIT is 0ns: a whole number of seconds from 1 to 4294967295 is needed, or nothing at all",
            ),
        ),
        (
            None,
            seconds(most + 1),
            Some(
                "TENURE_ABSOLUTE_LIMIT is 4294967296s: a whole number of seconds from 1 to 4294967295 is needed, or nothing at all",
            ),
        ),
        (
            Some(Duration::from_millis(1500)),
            None,
            Some(
                "TENURE_IDLE_LIMIT is 1.5s: a whole number of seconds from 1 to 4294967295 is needed, or nothing at all",
            ),
        ),
        (
            seconds(3601),
            seconds(3600),
            Some(
                "TENURE_IDLE_LIMIT is 3601 seconds: at most TENURE_ABSOLUTE_LIMIT, 3600 seconds, is needed: \
                 a session that has ended cannot lie idle",
            ),
        ),
    ] {
        let settings = fields(|settings| {
            settings.idle_limit = idle;
            settings.absolute_limit = absolute;
        });
        let refused = settings.check().err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), expected);
    }
}
