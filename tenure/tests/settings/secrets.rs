//! No secret is printed.

use tenure::{Secret, Sessions, engine::db::SqliteStore, testing};

use crate::common::{SECRET, environment, message, toml};

#[test]
fn debug_shows_no_secret_and_no_password() {
    let settings = toml(
        r#"
        SECRET_KEY_FALLBACKS = ["hunter2-old"]
        [DATABASES.default]
        URL = "postgres://ada:hunter2@db.example/site?sslmode=require"
        [DATABASES.slash]
        URL = "postgres://ada:hunt/er2@db.example/site"
        [CACHES.default]
        BACKEND = "django.core.cache.backends.redis.RedisCache"
        LOCATION = ["redis://:hunter2@one", "redis://:hunter2@two"]
        OPTIONS = { PASSWORD = "hunter2" }
        "#,
    )
    .unwrap();
    for text in [
        format!("{settings:?} {settings:#?}"),
        format!("{:?}", settings.databases),
        format!("{:?}", settings.caches),
        format!("{:?}", Secret::new("hunter2")),
    ] {
        assert!(!text.contains("hunt"), "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
    let text = format!("{settings:?}");
    assert!(text.contains("postgres://…@db.example/site?sslmode=require"));
    assert!(text.contains("PASSWORD"), "the names of options are shown");
}

#[test]
fn an_error_shows_no_secret_and_no_password() {
    let url = "oracle://ada:hunter2@db.example/site";
    let in_env = [
        ("SESSION_COOKIE_AGE", url.to_owned()),
        ("DATABASES", url.to_owned()),
        ("DATABASES", format!(r#"["{url}", "{url}"]"#)),
        (
            "DATABASES",
            format!(r#"{{"default": {{"URL": "{url}"}}, "other": {{"URL": "{url}" }}"#),
        ),
        (
            "CACHES",
            format!(r#"{{"a": {{"LOCATION": ["{url}", 5, "{url}"]}}}}"#),
        ),
        (
            "CACHES",
            r#"{"a": {"OPTIONS": "PASSWORD=hunter2"}}"#.to_owned(),
        ),
        ("CACHES", r#"{"a": {"OPTIONS": ["hunter2"]}}"#.to_owned()),
        ("SECRET_KEY_FALLBACKS", r#"["hunter2", 5]"#.to_owned()),
    ];
    for (name, value) in in_env {
        let told = message(environment(&[(name, &value)]));
        assert!(told.contains(name) && !told.contains("hunter2"), "{told}");
    }
    for text in [
        "SECRET_KEY_FALLBACKS = 'hunter2'\nSECRET_KEY_FALLBACKS = ['hunter2']",
        "SECRET_KEY_FALLBACKS = [\"hunter2\" \"hunter2\"]",
        "SECRET_KEY_FALLBACKS = { a = \"hunter2\" }",
        "DATABASES.default.URL = [\"postgres://a:hunter2@h/\"]",
        "DATABASES.default.URL = \"postgres://a:hunter2@h/",
    ] {
        let told = message(toml(text));
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_used_yet_is_told_without_its_password() {
    let mut settings = testing::settings();
    for url in [
        "oracle://ada:hunter2@db.example/site",
        "oracle://ada:hunt/er2@db.example/site",
    ] {
        settings.set_database_url(url);
        let told = [
            SqliteStore::open(&settings).await.unwrap_err().to_string(),
            Sessions::open(settings.clone())
                .await
                .unwrap_err()
                .to_string(),
        ];
        for told in told {
            assert!(told.starts_with("DATABASES.default.URL is \""), "{told}");
            assert!(told.contains("@db.example/site"), "{told}");
            assert!(!told.contains("hunt") && !told.contains("er2"), "{told}");
        }
    }
}
