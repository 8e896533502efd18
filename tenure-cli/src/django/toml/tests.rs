use serde_json::json;

use super::{
    super::tests::{SECRET, described},
    *,
};

fn settings(changes: &[(&str, Value)]) -> (Written, Settings) {
    let written = write(&described(changes), "manage.py").unwrap();
    let settings = Settings::from_toml(&written.text).unwrap();
    (written, settings)
}

#[test]
fn a_plain_project_needs_a_secret_and_a_database() {
    let (written, settings) = settings(&[]);
    let lines = written.text.lines();
    let set: Vec<_> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let secret = format!("SECRET_KEY = {SECRET:?}");
    assert_eq!(
        set,
        [
            &*secret,
            "[DATABASES.default]",
            "URL = \"sqlite:///srv/db.sqlite3\""
        ]
    );
    assert_eq!(
        settings.databases["default"].url,
        "sqlite:///srv/db.sqlite3"
    );
    assert!(written.obstacles.is_empty());
}

#[test]
fn texts_of_any_kind_come_through() {
    let secret = "quote\" backslash\\ \u{7f} new\nline # Zoë 😀 and more to be long enough";
    let (_, settings) = settings(&[
        ("/secret", json!(secret)),
        ("/fallbacks", json!([secret, SECRET])),
    ]);
    assert_eq!(settings.secret_key.unwrap().as_bytes(), secret.as_bytes());
    assert_eq!(settings.secret_key_fallbacks.len(), 2);
}

#[test]
fn nothing_is_nothing_on_both_sides() {
    let (_, settings) = settings(&[
        ("/settings/SESSION_COOKIE_SAMESITE", json!(null)),
        ("/settings/SESSION_COOKIE_PATH", json!(null)),
        ("/settings/SESSION_COOKIE_DOMAIN", json!("example.com")),
    ]);
    assert_eq!(settings.cookie_samesite.as_str(), None);
    assert_eq!(settings.cookie_path, None);
    assert_eq!(settings.cookie_domain.as_deref(), Some("example.com"));
}

#[test]
fn a_cache_comes_along_with_what_matters_of_it() {
    let (written, settings) = settings(&[
        ("/engine/base", json!("cached_db")),
        (
            "/settings/SESSION_ENGINE",
            json!("django.contrib.sessions.backends.cached_db"),
        ),
        ("/settings/SESSION_CACHE_ALIAS", json!("shared one")),
        ("/cache/alias", json!("shared one")),
        ("/cache/backend", json!("django_redis.cache.RedisCache")),
        (
            "/cache/location",
            json!(["redis://primary/0", "redis://replica/0"]),
        ),
        ("/cache/key_prefix", json!("site")),
        ("/cache/version", json!(3)),
        (
            "/cache/options",
            json!({"PASSWORD": "p\"w", "SENTINELS": [["host", 26379]], "X": null, "KWARGS": {"a": 1}}),
        ),
    ]);
    let cache = &settings.caches["shared one"];
    assert_eq!(settings.engine, "cached_db");
    assert_eq!(cache.full_key("x"), "site:3:x");
    assert_eq!(cache.location.len(), 2);
    assert_eq!(cache.options["PASSWORD"], "p\"w");
    assert!(!cache.options.contains_key("X"));
    assert!(written.obstacles.is_empty(), "{:?}", written.obstacles);
}

#[test]
fn what_is_left_out_is_told_with_the_reason() {
    for (changes, reason) in [
        (
            vec![("/engine/base", json!("cache"))],
            "memory of one Python process",
        ),
        (vec![("/engine/salt", json!("other"))], "the salt \"other\""),
        (
            vec![("/engine/serializer", json!("site.Pickle"))],
            "SESSION_SERIALIZER \"site.Pickle\"",
        ),
        (
            vec![("/engine/table", json!("sessions"))],
            "the table \"sessions\"",
        ),
        (
            vec![("/engine/base", json!(null))],
            "none of Django's engines",
        ),
        (
            vec![("/engine", json!({"error": "ImportError: x"}))],
            "ImportError: x",
        ),
        (
            vec![("/database/engine", json!("django.db.backends.oracle"))],
            "oracle",
        ),
        (
            vec![
                ("/engine/base", json!("cache")),
                (
                    "/cache/backend",
                    json!("django.core.cache.backends.redis.RedisCache"),
                ),
                (
                    "/cache/key_function",
                    json!("site.keys\nSECRET_KEY = \"x\""),
                ),
            ],
            "KEY_FUNCTION",
        ),
    ] {
        let (written, _) = settings(&changes);
        let comment = written
            .text
            .lines()
            .find(|line| line.starts_with("# - "))
            .unwrap();
        assert!(comment.contains(reason), "{comment}");
        assert_eq!(written.obstacles.len(), 1, "{:?}", written.obstacles);
    }
}

#[test]
fn a_weak_secret_passes_in_development_alone() {
    let weak = json!("django-insecure-abcdefghijklmnopqrstuvwxyz0123456789");
    let (_, settings) = settings(&[("/secret", weak.clone()), ("/debug", json!(true))]);
    assert!(settings.development);
    assert!(write(&described(&[("/secret", weak)]), "manage.py").is_err());
}

#[test]
fn passwords_are_made_as_django_makes_them() {
    let hasher = |text: &str| settings(&[("/hasher", json!(text))]);
    assert_eq!(hasher("pbkdf2_sha256$1000000").1.password_hasher, None);
    let scrypt = "scrypt$N=16384,r=8,p=5";
    assert_eq!(hasher(scrypt).1.password_hasher.as_deref(), Some(scrypt));
    let (written, own) = hasher("rot13");
    assert_eq!(own.password_hasher, None);
    assert!(written.text.contains("\"rot13\""), "{}", written.text);
}

#[test]
fn sessions_in_cookies_are_ended_as_in_django() {
    let (_, settings) = settings(&[("/engine/base", json!("signed_cookies"))]);
    assert_eq!(settings.cookie_revocation.as_deref(), Some("none"));
}

#[test]
fn a_local_cache_before_the_database_leaves_the_database() {
    let (written, settings) = settings(&[("/engine/base", json!("cached_db"))]);
    assert_eq!(settings.engine, "db");
    assert_eq!(written.obstacles.len(), 1);
    assert!(written.text.contains("memory of one Python process"));
}
