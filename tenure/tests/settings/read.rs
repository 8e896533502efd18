//! What is read, from where, and which wins.

use std::{error::Error, fs, path::PathBuf, time::Duration};

use tenure::{Secret, Settings, settings::SameSite};

use crate::common::{SECRET, environment, fields, layered, message, toml};

#[test]
fn defaults_are_those_of_django() {
    // interop/FORMATS.md, section 10.
    let settings = Settings::default();
    assert_eq!(settings.engine, "db");
    assert_eq!(settings.cache_alias, "default");
    assert_eq!(settings.cookie_name, "sessionid");
    assert_eq!(settings.cookie_age, Duration::from_hours(14 * 24));
    assert_eq!(settings.cookie_domain, None);
    assert_eq!(settings.cookie_path.as_deref(), Some("/"));
    assert!(!settings.cookie_secure);
    assert!(settings.cookie_httponly);
    assert_eq!(settings.cookie_samesite, SameSite::LAX);
    assert_eq!(settings.cookie_samesite.as_str(), Some("Lax"));
    assert!(!settings.save_every_request);
    assert!(!settings.expire_at_browser_close);
    assert_eq!(settings.file_path, None);
    assert_eq!(
        settings.serializer,
        "django.contrib.sessions.serializers.JSONSerializer"
    );
    assert!(settings.secret_key.is_none());
    assert!(settings.secret_key_fallbacks.is_empty());
    assert!(settings.databases.is_empty());
    assert!(settings.caches.is_empty());
    assert!(settings.use_tz);
    assert_eq!(settings.time_zone, "America/Chicago");
    // Those that Django does not have.
    assert!(!settings.development);
    assert_eq!(settings.store_timeout, Duration::from_secs(5));
    assert_eq!(settings.max_size, 1_048_576);
    // Nothing of this comes from a file that says nothing.
    assert_eq!(
        format!("{:?}", toml("").unwrap()),
        format!("{:?}", fields(|_| {}))
    );
}

/// What a setting is after it was read.
type Shown = fn(&Settings) -> String;

/// Each setting: in TOML, in the environment, and what it then is in either.
const EACH: &[(&str, &str, &str, Shown, [&str; 2])] = &[
    (
        "SESSION_ENGINE",
        "'django.contrib.sessions.backends.cached_db'",
        "file",
        |settings| settings.engine.clone(),
        ["cached_db", "file"],
    ),
    (
        "SESSION_CACHE_ALIAS",
        "'one'",
        "two",
        |settings| settings.cache_alias.clone(),
        ["one", "two"],
    ),
    (
        "SESSION_COOKIE_NAME",
        "'sid'",
        "id",
        |settings| settings.cookie_name.clone(),
        ["sid", "id"],
    ),
    (
        "SESSION_COOKIE_AGE",
        "3600",
        "60",
        |settings| format!("{:?}", settings.cookie_age),
        ["3600s", "60s"],
    ),
    (
        "SESSION_COOKIE_DOMAIN",
        "'.example.com'",
        "None",
        |settings| format!("{:?}", settings.cookie_domain),
        ["Some(\".example.com\")", "None"],
    ),
    (
        "SESSION_COOKIE_PATH",
        "'/app/'",
        "None",
        |settings| format!("{:?}", settings.cookie_path),
        ["Some(\"/app/\")", "None"],
    ),
    (
        "SESSION_COOKIE_SECURE",
        "true",
        "False",
        |settings| settings.cookie_secure.to_string(),
        ["true", "false"],
    ),
    (
        "SESSION_COOKIE_HTTPONLY",
        "false",
        "True",
        |settings| settings.cookie_httponly.to_string(),
        ["false", "true"],
    ),
    (
        "SESSION_COOKIE_SAMESITE",
        "'strict'",
        "False",
        |settings| format!("{:?}", settings.cookie_samesite.as_str()),
        ["Some(\"strict\")", "None"],
    ),
    (
        "SESSION_SAVE_EVERY_REQUEST",
        "true",
        "no",
        |settings| settings.save_every_request.to_string(),
        ["true", "false"],
    ),
    (
        "SESSION_EXPIRE_AT_BROWSER_CLOSE",
        "true",
        "off",
        |settings| settings.expire_at_browser_close.to_string(),
        ["true", "false"],
    ),
    (
        "SESSION_FILE_PATH",
        "'/srv/sessions'",
        "/tmp",
        |settings| format!("{:?}", settings.file_path),
        ["Some(\"/srv/sessions\")", "Some(\"/tmp\")"],
    ),
    (
        "SESSION_SERIALIZER",
        "'django.contrib.sessions.serializers.JSONSerializer'",
        "django.contrib.sessions.serializers.JSONSerializer",
        |settings| settings.serializer.len().to_string(),
        ["50", "50"],
    ),
    (
        "SECRET_KEY_FALLBACKS",
        "['one', 'two']",
        "[\"th,ree\"]",
        |settings| fallbacks(settings),
        ["one two", "th,ree"],
    ),
    (
        "DATABASES",
        "{ default = { URL = 'sqlite:///one' } }",
        r#"{"default": {"URL": "sqlite:///two", "TIME_ZONE": null}}"#,
        |settings| settings.databases["default"].url.clone(),
        ["sqlite:///one", "sqlite:///two"],
    ),
    (
        "CACHES",
        "{ a = { BACKEND = 'x', LOCATION = ['l', 'm'], KEY_PREFIX = 'p', VERSION = 2, TIMEOUT = 5, OPTIONS = { db = 3 } } }",
        r#"{"b": {"BACKEND": "y", "LOCATION": "l", "TIMEOUT": null}}"#,
        |settings| {
            let (alias, cache) = settings.caches.first_key_value().unwrap();
            let (places, options) = (cache.location.join(","), &cache.options);
            format!(
                "{alias} {} {places} {} {} {options:?}",
                cache.backend, cache.key_prefix, cache.version
            )
        },
        ["a x l,m p 2 {\"db\": \"3\"}", "b y l  1 {}"],
    ),
    (
        "USE_TZ",
        "true",
        "1",
        |settings| settings.use_tz.to_string(),
        ["true", "true"],
    ),
    (
        "TIME_ZONE",
        "'UTC'",
        "Europe/Paris",
        |settings| settings.time_zone.clone(),
        ["UTC", "Europe/Paris"],
    ),
    (
        "TENURE_COOKIE_CHUNKS",
        "true",
        "no",
        |settings| settings.cookie_chunks.to_string(),
        ["true", "false"],
    ),
    (
        "TENURE_COOKIE_REVOCATION",
        "'db'",
        "none",
        |settings| settings.cookie_revocation.clone().unwrap_or_default(),
        ["db", "none"],
    ),
    (
        "TENURE_IDLE_LIMIT",
        "1800",
        "None",
        |settings| format!("{:?}", settings.idle_limit),
        ["Some(1800s)", "None"],
    ),
    (
        "TENURE_ABSOLUTE_LIMIT",
        "false",
        "86400",
        |settings| format!("{:?}", settings.absolute_limit),
        ["None", "Some(86400s)"],
    ),
    (
        "TENURE_ASSURANCE_LEVEL",
        "'aal2'",
        "aal3",
        |settings| format!("{:?}", settings.idle_limit),
        ["Some(3600s)", "Some(900s)"],
    ),
    (
        "TENURE_HASH_KEYS",
        "true",
        "no",
        |settings| settings.hash_keys.to_string(),
        ["true", "false"],
    ),
    (
        "TENURE_USER_SESSIONS",
        "true",
        "no",
        |settings| settings.user_sessions.to_string(),
        ["true", "false"],
    ),
    (
        "TENURE_MAX_SESSIONS",
        "5",
        "false",
        |settings| format!("{:?}", settings.max_sessions),
        ["Some(5)", "None"],
    ),
    (
        "TENURE_AT_MAX_SESSIONS",
        "'refuse'",
        "end_oldest",
        |settings| format!("{:?}", settings.at_max_sessions),
        ["Refuse", "EndOldest"],
    ),
    (
        "TENURE_BIND_USER_AGENT",
        "'report'",
        "end",
        |settings| format!("{:?}", settings.bind_user_agent),
        ["Report", "End"],
    ),
    (
        "TENURE_BIND_ADDRESS",
        "'ask'",
        "off",
        |settings| format!("{:?}", settings.bind_address),
        ["Ask", "Off"],
    ),
    (
        "TENURE_TRUSTED_PROXIES",
        "['10.0.0.0/8', '::1']",
        "192.0.2.7",
        |settings| settings.trusted_proxies.join(" "),
        ["10.0.0.0/8 ::1", "192.0.2.7"],
    ),
    (
        "TENURE_TRANSPORTS",
        "['cookie', 'header']",
        "header",
        |settings| format!("{:?}", settings.transports),
        ["[Cookie, Header]", "[Header]"],
    ),
    (
        "TENURE_URL_PARAMETER",
        "'s'",
        "key",
        |settings| settings.url_parameter.clone(),
        ["s", "key"],
    ),
    (
        "TENURE_URL_PLACE",
        "'path'",
        "query",
        |settings| format!("{:?}", settings.url_place),
        ["Path", "Query"],
    ),
    (
        "TENURE_NO_STORE",
        "true",
        "false",
        |settings| settings.no_store.to_string(),
        ["true", "false"],
    ),
    (
        "TENURE_MAX_KEYS",
        "100",
        "None",
        |settings| format!("{:?}", settings.max_keys),
        ["Some(100)", "None"],
    ),
    (
        "TENURE_REMEMBER_COOKIE_NAME",
        "'stay'",
        "kept",
        |settings| settings.remember_cookie_name.clone(),
        ["stay", "kept"],
    ),
    (
        "TENURE_REMEMBER_AGE",
        "3600",
        "60",
        |settings| format!("{:?}", settings.remember_age),
        ["3600s", "60s"],
    ),
    (
        "TENURE_PASSWORD_HASHER",
        "'bcrypt_sha256$13'",
        "pbkdf2_sha256$1200000",
        |settings| settings.password_hasher.clone().unwrap_or_default(),
        ["bcrypt_sha256$13", "pbkdf2_sha256$1200000"],
    ),
    (
        "TENURE_USER_TABLE",
        "'people_Person'",
        "accounts.person",
        |settings| settings.user_table.clone(),
        ["people_Person", "accounts.person"],
    ),
    (
        "TENURE_USER_COLUMNS",
        "{ username = 'email', is_staff = '' }",
        r#"{"username": "address", "user_id": "person_id"}"#,
        |settings| {
            let columns = &settings.user_columns;
            format!(
                "{}, {:?}, {:?}",
                columns.username, columns.is_staff, columns.user_id
            )
        },
        [
            "email, \"\", None",
            "address, \"is_staff\", Some(\"person_id\")",
        ],
    ),
    (
        "TENURE_SITE",
        "'shop'",
        "staging",
        |settings| settings.site.clone(),
        ["shop", "staging"],
    ),
    (
        "TENURE_DEVELOPMENT",
        "true",
        "0",
        |settings| settings.development.to_string(),
        ["true", "false"],
    ),
    (
        "TENURE_STORE_TIMEOUT",
        "2",
        "30",
        |settings| format!("{:?}", settings.store_timeout),
        ["2s", "30s"],
    ),
    (
        "TENURE_MAX_SIZE",
        "2048",
        "1024",
        |settings| settings.max_size.to_string(),
        ["2048", "1024"],
    ),
    (
        "TENURE_PROFILE",
        "'strict'",
        "django",
        |settings| settings.cookie_name.clone(),
        ["__Host-id", "sessionid"],
    ),
];

fn fallbacks(settings: &Settings) -> String {
    let texts = settings.secret_key_fallbacks.iter();
    let texts: Vec<_> = texts
        .map(|secret| String::from_utf8_lossy(secret.as_bytes()))
        .collect();
    texts.join(" ")
}

#[test]
fn each_setting_is_read_and_the_environment_wins() {
    for (name, file, text, shown, [from_file, from_environment]) in EACH {
        let only = [("SESSION_CACHE_ALIAS", "default")];
        // It makes no sense alone.
        let listing = if *name == "TENURE_MAX_SESSIONS" {
            "TENURE_USER_SESSIONS = true\n"
        } else {
            ""
        };
        let line = format!("{listing}{name} = {file}");
        let cached = *name == "SESSION_ENGINE";
        let settings = layered(&line, if cached { &only } else { &[] });
        assert_eq!(shown(&settings.unwrap()), *from_file, "{name} in TOML");
        let settings = environment(&[(name, text)]).unwrap();
        assert_eq!(
            shown(&settings),
            *from_environment,
            "{name} in the environment"
        );
        let settings = layered(&line, &[(name, text)]).unwrap();
        assert_eq!(shown(&settings), *from_environment, "{name} in both");
    }
    let other = SECRET.replace('q', "z");
    let settings = environment(&[("SECRET_KEY", &other)]).unwrap();
    assert_eq!(settings.secret_key.unwrap().as_bytes(), other.as_bytes());
}

#[test]
fn spellings_of_the_environment() {
    for text in ["true", "TRUE", "True", "1", "yes", "on", "On"] {
        let settings = environment(&[("SESSION_COOKIE_SECURE", text)]).unwrap();
        assert!(settings.cookie_secure, "{text}");
    }
    for text in ["false", "False", "0", "no", "OFF"] {
        let settings = environment(&[("SESSION_COOKIE_HTTPONLY", text)]).unwrap();
        assert!(!settings.cookie_httponly, "{text}");
    }
    // Several secrets are JSON, one may stand bare: a secret may hold a comma.
    for (text, read) in [
        ("old,secret", "old,secret"),
        ("[\"a\", \"b\"]", "a b"),
        ("", ""),
    ] {
        let settings = environment(&[("SECRET_KEY_FALLBACKS", text)]).unwrap();
        assert_eq!(fallbacks(&settings), read, "{text}");
    }
    let settings = environment(&[
        (
            "DATABASES",
            r#"{"default": {"URL": "sqlite:///a", "TIME_ZONE": "UTC"}}"#,
        ),
        ("DATABASE_URL", "sqlite:///b"),
    ]);
    let databases = settings.unwrap().databases;
    assert_eq!(databases["default"].url, "sqlite:///b");
    assert_eq!(databases["default"].time_zone.as_deref(), Some("UTC"));
}

#[test]
fn same_site_is_sent_as_it_was_written() {
    for (text, sent) in [
        ("'Lax'", Some("Lax")),
        ("'lax'", Some("lax")),
        ("'STRICT'", Some("STRICT")),
        ("'None'", Some("None")),
        ("false", None),
    ] {
        let settings = toml(&format!(
            "SESSION_COOKIE_SECURE = true\nSESSION_COOKIE_SAMESITE = {text}"
        ));
        assert_eq!(settings.unwrap().cookie_samesite.as_str(), sent, "{text}");
    }
}

#[test]
fn what_others_put_into_the_environment_is_left_alone() {
    let settings = environment(&[
        (
            "SESSION_MANAGER",
            "local/host:@/tmp/.ICE-unix/1,unix/host:/tmp/.ICE-unix/1",
        ),
        ("XDG_SESSION_TYPE", "wayland"),
        ("SESSION_STORE_SERVICE_HOST", "10.0.0.1"),
        ("SESSION_STORE_SERVICE_PORT_HTTP", "80"),
        ("SESSION_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("TENURE_PORT", "tcp://10.0.0.1:80"),
        ("DEBUG", "sure"),
        ("PATH", "/bin"),
    ]);
    assert!(settings.is_ok(), "{settings:?}");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, there) = (folder.path().join("a.toml"), folder.path().join("b.toml"));
    fs::write(
        &there,
        format!("SECRET_KEY = '{SECRET}'\nSESSION_COOKIE_AGE = 77"),
    )
    .unwrap();
    let named = |path: &PathBuf| [("TENURE_SETTINGS".to_owned(), path.display().to_string())];

    let error = Settings::load_from(None, named(&missing)).unwrap_err();
    let expected = format!("the settings file {} cannot be read", missing.display());
    assert_eq!(error.to_string(), expected);
    assert!(error.source().is_some());
    assert!(Settings::load_from(Some(&missing), []).is_err());

    let settings = Settings::load_from(None, named(&there)).unwrap();
    assert_eq!(settings.cookie_age, Duration::from_secs(77));
    // The argument is nearer than the environment.
    assert!(Settings::load_from(Some(&there), named(&missing)).is_ok());
}

#[test]
fn profiles_lie_below_the_other_settings() {
    let strict = toml("TENURE_PROFILE = 'strict'\nSESSION_COOKIE_AGE = 60").unwrap();
    assert_eq!(strict.cookie_name, "__Host-id");
    assert!(strict.cookie_secure && strict.cookie_httponly && strict.expire_at_browser_close);
    assert_eq!(strict.cookie_samesite, SameSite::LAX);
    assert_eq!(strict.cookie_age, Duration::from_mins(1));
    let mut alone = Settings::strict();
    alone.secret_key = Some(Secret::new(SECRET));
    alone.check().unwrap();
    // Undoing what the profile's cookie needs is noticed.
    let undone = layered(
        "SESSION_COOKIE_SECURE = false",
        &[("TENURE_PROFILE", "strict")],
    );
    assert!(message(undone).starts_with("SESSION_COOKIE_NAME is \"__Host-id\": browsers keep"));
}
