//! From settings to an engine.

use tenure::{Settings, engine};

const START: &str = "TENURE_DEVELOPMENT = true\nSECRET_KEY = \"a secret for tests alone, which nobody else uses\"\n";

fn read(lines: &str) -> Result<Settings, tenure::SettingsError> {
    Settings::from_toml(&format!("{START}{lines}"))
}

#[tokio::test]
async fn each_name_opens_its_engine() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("s.sqlite3").display()
    );
    for (name, short) in [
        (
            "django.contrib.sessions.backends.signed_cookies",
            "signed_cookies",
        ),
        ("signed_cookies", "signed_cookies"),
        ("tenure.encrypted_cookies", "encrypted_cookies"),
        ("encrypted_cookies", "encrypted_cookies"),
    ] {
        for revocation in ["none", "db"] {
            let settings = read(&format!(
                "SESSION_ENGINE = {name:?}\nTENURE_COOKIE_REVOCATION = {revocation:?}\n\
                 [DATABASES.default]\nURL = {url:?}"
            ));
            let store = engine::open(&settings.unwrap()).await.unwrap();
            assert_eq!(store.engine(), short);
            store.prepare().await.unwrap();
        }
    }
}

#[test]
fn a_cookie_engine_needs_a_decision_about_logout() {
    for engine in ["signed_cookies", "encrypted_cookies"] {
        let error = read(&format!("SESSION_ENGINE = {engine:?}")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("TENURE_COOKIE_REVOCATION is missing"),
            "{text}"
        );
        assert!(text.contains("\"none\" accepts"), "{text}");
    }
    let error = read("TENURE_COOKIE_REVOCATION = \"later\"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "TENURE_COOKIE_REVOCATION is \"later\" (tenure.toml): \"db\", \"cache\" or \"none\" is needed"
    );
}

#[tokio::test]
async fn only_encrypted_cookies_can_be_several() {
    let settings = read(
        "SESSION_ENGINE = \"signed_cookies\"\nTENURE_COOKIE_REVOCATION = \"none\"\nTENURE_COOKIE_CHUNKS = true",
    );
    let error = engine::open(&settings.unwrap()).await.unwrap_err();
    assert!(
        error.to_string().starts_with("TENURE_COOKIE_CHUNKS is"),
        "{error}"
    );
}
