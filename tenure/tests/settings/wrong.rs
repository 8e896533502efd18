//! What is said of a wrong value or name.

use crate::read::{both, env, toml, wrong};

#[test]
fn a_wrong_value_in_the_file_is_told_with_its_name_its_place_and_what_is_allowed() {
    let seconds = "a whole number of seconds from 1 to 4294967295 is needed";
    for (text, expected) in [
        (
            "SESSION_COOKIE_AGE = 0",
            format!("SESSION_COOKIE_AGE is 0 (tenure.toml): {seconds}"),
        ),
        (
            "SESSION_COOKIE_AGE = -5",
            format!("SESSION_COOKIE_AGE is -5 (tenure.toml): {seconds}"),
        ),
        (
            "SESSION_COOKIE_AGE = 1.5",
            format!("SESSION_COOKIE_AGE is 1.5 (tenure.toml): {seconds}"),
        ),
        (
            "SESSION_COOKIE_AGE = 4294967296",
            format!("SESSION_COOKIE_AGE is 4294967296 (tenure.toml): {seconds}"),
        ),
        (
            "TENURE_STORE_TIMEOUT = 0",
            format!("TENURE_STORE_TIMEOUT is 0 (tenure.toml): {seconds}"),
        ),
        (
            "TENURE_MAX_SIZE = 1023",
            "TENURE_MAX_SIZE is 1023 (tenure.toml): a whole number of bytes from 1024 to 4294967295 is needed".into(),
        ),
        (
            "SESSION_COOKIE_NAME = 5",
            "SESSION_COOKIE_NAME is 5 (tenure.toml): text in quotes is needed".into(),
        ),
        (
            "SESSION_COOKIE_DOMAIN = true",
            "SESSION_COOKIE_DOMAIN is true (tenure.toml): text in quotes is needed".into(),
        ),
        (
            "SESSION_COOKIE_SECURE = \"true\"",
            "SESSION_COOKIE_SECURE is \"true\" (tenure.toml): true or false is needed".into(),
        ),
        (
            "SESSION_COOKIE_SECURE = 1",
            "SESSION_COOKIE_SECURE is 1 (tenure.toml): true or false is needed".into(),
        ),
        (
            "SESSION_COOKIE_SAMESITE = \"sometimes\"",
            "SESSION_COOKIE_SAMESITE is \"sometimes\" (tenure.toml): \"Lax\", \"Strict\", \"None\" or false is needed".into(),
        ),
        (
            "SESSION_COOKIE_SAMESITE = true",
            "SESSION_COOKIE_SAMESITE is true (tenure.toml): \"Lax\", \"Strict\", \"None\" or false is needed".into(),
        ),
        (
            "SECRET_KEY_FALLBACKS = [1]",
            "SECRET_KEY_FALLBACKS is of the wrong kind (tenure.toml): a list of texts is needed, such as [\"one\", \"two\"]".into(),
        ),
        (
            "DATABASES = 5",
            "DATABASES is 5 (tenure.toml): a table is needed; in the environment a JSON object".into(),
        ),
    ] {
        assert_eq!(wrong(toml(text)), expected);
    }
}

#[test]
fn a_wrong_value_in_the_environment_is_told_so() {
    for (name, value, needed) in [
        (
            "SESSION_COOKIE_AGE",
            "two weeks",
            "a whole number of seconds from 1 to 4294967295 is needed",
        ),
        (
            "SESSION_COOKIE_AGE",
            "",
            "a whole number of seconds from 1 to 4294967295 is needed",
        ),
        ("SESSION_COOKIE_SECURE", "maybe", "true or false is needed"),
        (
            "SESSION_COOKIE_SAMESITE",
            "",
            "\"Lax\", \"Strict\", \"None\" or false is needed",
        ),
    ] {
        assert_eq!(
            wrong(env(&[(name, value)])),
            format!("{name} is {value:?} (environment): {needed}")
        );
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_one_that_was_meant() {
    for (name, meant) in [
        ("SESSION_COOKIE_NAM", Some("SESSION_COOKIE_NAME")),
        ("SESSION_COOKIE_AGES", Some("SESSION_COOKIE_AGE")),
        ("SESSION_COOKIE_SAME_SITE", Some("SESSION_COOKIE_SAMESITE")),
        ("SESSION_COOKIE_HTTP_ONLY", Some("SESSION_COOKIE_HTTPONLY")),
        (
            "SESSION_EXPIRE_AT_BROWSER_CLOSED",
            Some("SESSION_EXPIRE_AT_BROWSER_CLOSE"),
        ),
        ("TENURE_DEVELOPEMENT", Some("TENURE_DEVELOPMENT")),
    ] {
        let suggestion = meant.map(|meant| format!(": did you mean {meant}?"));
        let suggestion = suggestion.unwrap_or_default();
        assert_eq!(
            wrong(toml(&format!("{name} = 1"))),
            format!("{name} (tenure.toml) is not a setting{suggestion}")
        );
        assert_eq!(
            wrong(env(&[(name, "1")])),
            format!("{name} (environment) is not a setting{suggestion}")
        );
    }
    assert_eq!(
        wrong(toml("DEBUG = true")),
        "DEBUG (tenure.toml) is not a setting"
    );
    assert_eq!(
        wrong(toml("session_cookie_age = 5")),
        "session_cookie_age (tenure.toml) is not a setting"
    );
}

#[test]
fn errors_inside_tables_name_the_whole_path() {
    for (text, expected) in [
        (
            "[DATABASES.default]\nURL = 5",
            "DATABASES.default.URL is 5 (tenure.toml): text in quotes is needed",
        ),
        (
            "[DATABASES.default]\nURLS = \"sqlite:///a\"",
            "DATABASES.default.URLS (tenure.toml) is not a setting: did you mean URL?",
        ),
        (
            "DATABASES = { default = 5 }",
            "DATABASES.default is 5 (tenure.toml): a table is needed; in the environment a JSON object",
        ),
        (
            "[CACHES.fast]\nVERSION = \"one\"",
            "CACHES.fast.VERSION is \"one\" (tenure.toml): a whole number from -9223372036854775808 to 4294967295 is needed",
        ),
        (
            "[CACHES.fast]\nBACKENDS = \"b\"",
            "CACHES.fast.BACKENDS (tenure.toml) is not a setting: did you mean BACKEND?",
        ),
        (
            "[CACHES.fast]\nKEY_PREFIX = 7",
            "CACHES.fast.KEY_PREFIX is 7 (tenure.toml): text in quotes is needed",
        ),
    ] {
        assert_eq!(wrong(toml(text)), expected);
    }
    assert_eq!(
        wrong(env(&[("CACHES", r#"{"fast": {"BACKENT": "b"}}"#)])),
        "CACHES.fast.BACKENT (environment) is not a setting: did you mean BACKEND?"
    );
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let text = "SESSION_COOKIE_AGE = 60\n\nSESSION_COOKIE_NAME = \n";
    let told = wrong(both(text, &[]));
    assert!(told.starts_with("site.toml cannot be read: "), "{told}");
    assert!(told.contains("line 3"), "{told}");
    let told = wrong(both("USE_TZ = true\nUSE_TZ = false", &[]));
    assert!(told.contains("line 2"), "{told}");
}

#[test]
fn a_file_that_is_no_text_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.toml");
    std::fs::write(&file, b"SECRET_KEY = '\xff\xfe'").unwrap();
    let told = wrong(tenure::Settings::load_from(Some(&file), []));
    assert!(
        told.contains("cannot be read") && told.contains("UTF-8"),
        "{told}"
    );
}
