//! What `tenure.toml`, the environment and the fields of `Settings` may say, and what is answered to the rest.

use std::{error::Error, fs, path::PathBuf, time::Duration};

use tenure::{
    Secret, Settings, SettingsError,
    settings::{DatabaseSettings, SameSite},
};

const SECRET: &str = "q8!v3kz0wm2nx@t5#h1r^y7u&e6jc(p4l*d9s-f_g=oab";

fn toml(text: &str) -> Result<Settings, SettingsError> {
    Settings::from_toml(&format!("SECRET_KEY = '{SECRET}'\n{text}"))
}

fn environment(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    layered("", pairs)
}

/// A file, and the environment on top.
fn layered(text: &str, pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenure.toml");
    fs::write(&file, format!("SECRET_KEY = '{SECRET}'\n{text}")).unwrap();
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load_from(Some(&file), pairs)
}

/// The message, with the path of the temporary file cut off.
fn message(result: Result<Settings, SettingsError>) -> String {
    let error = result.expect_err("this should be refused");
    let text = error.to_string();
    match (text.find("(/"), text.find("/tenure.toml")) {
        (Some(start), Some(end)) => format!("{}({}", &text[..start], &text[end + 1..]),
        _ => text,
    }
}

/// Settings as fields, good but for what `change` does.
fn fields(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::django();
    settings.secret_key = Some(Secret::new(SECRET));
    change(&mut settings);
    settings
}

fn refusal(change: impl FnOnce(&mut Settings)) -> String {
    fields(change).check().unwrap_err().to_string()
}

#[test]
fn defaults_are_those_of_django() {
    // interop/FORMATS.md, section 10.
    let settings = Settings::default();
    assert_eq!(settings.engine, "db");
    assert_eq!(settings.cache_alias, "default");
    assert_eq!(settings.cookie_name, "sessionid");
    assert_eq!(settings.cookie_age, Duration::from_secs(1_209_600));
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
        "signed_cookies",
        |settings| settings.engine.clone(),
        ["cached_db", "signed_cookies"],
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
        let line = format!("{name} = {file}");
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
fn wrong_values_in_a_file() {
    for (line, expected) in [
        (
            "SESSION_COOKIE_AGE = 'two weeks'",
            "SESSION_COOKIE_AGE is \"two weeks\" (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "SESSION_COOKIE_AGE = 1.5",
            "SESSION_COOKIE_AGE is 1.5 (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "SESSION_COOKIE_AGE = 0",
            "SESSION_COOKIE_AGE is 0 (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "SESSION_COOKIE_AGE = -1",
            "SESSION_COOKIE_AGE is -1 (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "SESSION_COOKIE_AGE = [1]",
            "SESSION_COOKIE_AGE is a list (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "SESSION_COOKIE_SECURE = 'true'",
            "SESSION_COOKIE_SECURE is \"true\" (tenure.toml): true or false is needed",
        ),
        (
            "SESSION_COOKIE_NAME = 5",
            "SESSION_COOKIE_NAME is 5 (tenure.toml): text in quotes is needed",
        ),
        (
            "SESSION_COOKIE_NAME = 'my session'",
            "SESSION_COOKIE_NAME is \"my session\" (tenure.toml): \
             one or more letters, digits and ! # $ % & ' * + - . ^ _ ` | ~ are needed",
        ),
        (
            "SESSION_COOKIE_SAMESITE = 'sometimes'",
            "SESSION_COOKIE_SAMESITE is \"sometimes\" (tenure.toml): \"Lax\", \"Strict\", \"None\" or false is needed",
        ),
        (
            "SESSION_COOKIE_SAMESITE = true",
            "SESSION_COOKIE_SAMESITE is true (tenure.toml): \"Lax\", \"Strict\", \"None\" or false is needed",
        ),
        (
            "SESSION_ENGINE = 'django.contrib.sessions.backend.file'",
            "SESSION_ENGINE is \"django.contrib.sessions.backend.file\" (tenure.toml): \
             one of db, file, cache, cached_db, signed_cookies, encrypted_cookies is needed, or Django's dotted name of one; \
             did you mean \"django.contrib.sessions.backends.file\"?",
        ),
        (
            "SESSION_ENGINE = 'cache'\nSESSION_CACHE_ALIAS = 'sessions'",
            "SESSION_CACHE_ALIAS is \"sessions\" (tenure.toml): SESSION_ENGINE = \"cache\" needs an entry of that name in CACHES",
        ),
        (
            "SESSION_SERIALIZER = 'django.contrib.sessions.serializers.PickleSerializer'",
            "SESSION_SERIALIZER is \"django.contrib.sessions.serializers.PickleSerializer\" (tenure.toml): \
             \"django.contrib.sessions.serializers.JSONSerializer\" is the only one that is known",
        ),
        (
            "SECRET_KEY_FALLBACKS = [1]",
            "SECRET_KEY_FALLBACKS is of the wrong kind (tenure.toml): a list of texts is needed, such as [\"one\", \"two\"]",
        ),
        (
            "SECRET_KEY_FALLBACKS = ['']",
            "SECRET_KEY_FALLBACKS is a list with an empty secret (tenure.toml): every one must be a secret that was used once",
        ),
        (
            "DATABASES = 'postgres://ann:hunter2@db/site'",
            "DATABASES is \"postgres://…@db/site\" (tenure.toml): a table is needed; in the environment a JSON object",
        ),
        (
            "DATABASES.default.TIME_ZONE = 'UTC'",
            "DATABASES.default.URL is missing (tenure.toml): a URL is needed, such as \"sqlite:///srv/site/db.sqlite3\"",
        ),
        (
            "CACHES.default.LOCATION = 'x'",
            "CACHES.default.BACKEND is missing (tenure.toml): Django's dotted name of a cache is needed, \
             such as \"django.core.cache.backends.redis.RedisCache\"",
        ),
        (
            "CACHES.default.TIMEOUT = 'soon'",
            "CACHES.default.TIMEOUT is \"soon\" (tenure.toml): a whole number of seconds from 0 to 4294967295 is needed",
        ),
        (
            "CACHES.default.LOCATION = ['redis://:hunter2@a', 1]",
            "CACHES.default.LOCATION is a list (tenure.toml): a list of texts is needed, such as [\"one\", \"two\"]",
        ),
        (
            "TENURE_MAX_SIZE = 10",
            "TENURE_MAX_SIZE is 10 (tenure.toml): a whole number of bytes from 1024 to 4294967295 is needed",
        ),
        (
            "TENURE_STORE_TIMEOUT = 0",
            "TENURE_STORE_TIMEOUT is 0 (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "TENURE_PROFILE = 'lax'",
            "TENURE_PROFILE is \"lax\" (tenure.toml): \"django\" or \"strict\" is needed",
        ),
    ] {
        assert_eq!(message(toml(line)), expected);
    }
}

#[test]
fn wrong_values_in_the_environment() {
    for (name, text, expected) in [
        (
            "SESSION_COOKIE_AGE",
            "two weeks",
            "SESSION_COOKIE_AGE is \"two weeks\" (environment): a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "SESSION_COOKIE_SECURE",
            "",
            "SESSION_COOKIE_SECURE is \"\" (environment): true or false is needed",
        ),
        (
            "SESSION_COOKIE_DOMAIN",
            "https://example.com",
            "SESSION_COOKIE_DOMAIN is \"https://example.com\" (environment): \
             a host name is needed, such as \"example.com\", or nothing at all",
        ),
        (
            "SECRET_KEY_FALLBACKS",
            "[hunter2]",
            "SECRET_KEY_FALLBACKS is of the wrong kind (environment): a list of texts is needed, such as [\"one\", \"two\"]",
        ),
        (
            "SECRET_KEY",
            "hunter2",
            "SECRET_KEY is only 7 characters long, and 32 are needed (environment): `tenure secret` prints a good one; \
             TENURE_DEVELOPMENT = true lets it pass while nobody else uses the site",
        ),
        (
            "DATABASES",
            "{'default': {'URL': 'postgres://ann:hunter2@db'}}",
            "DATABASES is something else (environment): a table is needed; in the environment a JSON object",
        ),
        (
            "DATABASE_URL",
            "",
            "DATABASES.default.URL is missing (environment): a URL is needed, such as \"sqlite:///srv/site/db.sqlite3\"",
        ),
    ] {
        assert_eq!(message(environment(&[(name, text)])), expected);
    }
    // The file says it well, the environment badly: the message names the place that is to be mended.
    assert_eq!(
        message(layered(
            "SESSION_COOKIE_PATH = '/'",
            &[("SESSION_COOKIE_PATH", "app")]
        )),
        "SESSION_COOKIE_PATH is \"app\" (environment): \
         printable ASCII that begins with / and has neither a space nor a semicolon is needed, or nothing at all",
    );
}

#[test]
fn names_that_do_not_exist() {
    for (line, expected) in [
        (
            "SESSION_COOKIE_AGES = 5",
            "SESSION_COOKIE_AGES (tenure.toml) is not a setting: did you mean SESSION_COOKIE_AGE?",
        ),
        (
            "SESSION_AGE = 5",
            "SESSION_AGE (tenure.toml) is not a setting: did you mean SESSION_COOKIE_AGE?",
        ),
        (
            "SESSION_SECURE = true",
            "SESSION_SECURE (tenure.toml) is not a setting: did you mean SESSION_COOKIE_SECURE?",
        ),
        (
            "session_engine = 'db'",
            "session_engine (tenure.toml) is not a setting: did you mean SESSION_ENGINE?",
        ),
        (
            "SECRET_KEYS = 'hunter2'",
            "SECRET_KEYS (tenure.toml) is not a setting: did you mean SECRET_KEY?",
        ),
        ("DEBUG = true", "DEBUG (tenure.toml) is not a setting"),
        (
            "DATABASES.default.URI = 'x'",
            "DATABASES.default.URI (tenure.toml) is not a setting: did you mean URL?",
        ),
        (
            "DATABASES.default.PASSWORD = 'hunter2'",
            "DATABASES.default.PASSWORD (tenure.toml) is not a setting: here are URL, TIME_ZONE",
        ),
        (
            "CACHES.default.PREFIX = 'x'",
            "CACHES.default.PREFIX (tenure.toml) is not a setting: did you mean KEY_PREFIX?",
        ),
    ] {
        assert_eq!(message(toml(line)), expected);
    }
    for (name, expected) in [
        (
            "SESSION_COOKIE_NAEM",
            "SESSION_COOKIE_NAEM (environment) is not a setting: did you mean SESSION_COOKIE_NAME?",
        ),
        (
            "TENURE_DEVELOPEMENT",
            "TENURE_DEVELOPEMENT (environment) is not a setting: did you mean TENURE_DEVELOPMENT?",
        ),
    ] {
        assert_eq!(message(environment(&[(name, "x")])), expected);
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
fn a_line_that_is_not_toml_is_not_quoted() {
    let error = Settings::from_toml("USE_TZ = true\nSECRET_KEY = 'hunter2\n").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("tenure.toml, line 2, column "),
        "{error}"
    );
    assert!(error.source().is_none());
    assert!(
        !format!("{error} {error:?}").contains("hunter2"),
        "{error:?}"
    );
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
    assert_eq!(strict.cookie_age, Duration::from_secs(60));
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
fn time_zones_are_known_where_they_count() {
    toml("USE_TZ = false").unwrap();
    toml("USE_TZ = false\nTIME_ZONE = 'Europe/Paris'").unwrap();
    toml("TIME_ZONE = 'Mars/Olympus'").unwrap();
    assert_eq!(
        message(toml("USE_TZ = false\nTIME_ZONE = 'Mars/Olympus'")),
        "TIME_ZONE is \"Mars/Olympus\" (tenure.toml): \
         a name of the IANA time zone database is needed, such as \"Europe/Paris\"",
    );
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
