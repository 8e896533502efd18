//! What cannot be read, and the message for it.

use std::error::Error;

use tenure::Settings;

use crate::common::{environment, layered, message, toml};

#[expect(clippy::too_many_lines, reason = "a table")]
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
            "CACHES.default.KEY_FUNCTION = 'site.cache.key'",
            "CACHES.default.KEY_FUNCTION is \"site.cache.key\" (tenure.toml): a function of Python's cannot be called here, so that the keys \
             would be others: leave it out at both sites",
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
            "TENURE_USER_COLUMNS = { is_superusr = 'root' }",
            "TENURE_USER_COLUMNS.is_superusr (tenure.toml) is not a setting: did you mean is_superuser?",
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

/// What `fn main() -> Result<(), Box<dyn Error>>` prints.
#[test]
fn an_error_that_main_returns_reads_as_a_sentence() {
    let error = toml("SESSION_ENGINE = 'redis'").unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
}
