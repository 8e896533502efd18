//! Defaults, the file, the environment, and which of them counts.

use std::{path::Path, time::Duration};

use tenure::{Secret, Settings, settings::SameSite};

use crate::read::{SECRET, both, env, message, toml, wrong};

#[test]
fn the_defaults_are_djangos() {
    // The table in section 10 of interop/FORMATS.md, line by line.
    let settings = Settings::django();
    assert_eq!(settings.engine, "db");
    assert_eq!(settings.cache_alias, "default");
    assert_eq!(settings.cookie_name, "sessionid");
    assert_eq!(settings.cookie_age, Duration::from_hours(336));
    assert_eq!(settings.cookie_domain, None);
    assert_eq!(settings.cookie_path.as_deref(), Some("/"));
    assert!(!settings.cookie_secure);
    assert!(settings.cookie_httponly);
    assert_eq!(settings.cookie_samesite.as_str(), Some("Lax"));
    assert!(!settings.save_every_request);
    assert!(!settings.expire_at_browser_close);
    assert_eq!(settings.file_path, None);
    assert_eq!(
        settings.serializer,
        "django.contrib.sessions.serializers.JSONSerializer"
    );
    assert_eq!(settings.secret_key, None);
    assert!(settings.secret_key_fallbacks.is_empty());
    assert!(settings.use_tz);
    assert_eq!(settings.time_zone, "America/Chicago");
    assert!(settings.databases.is_empty() && settings.caches.is_empty());
    assert!(!settings.development);
}

#[test]
fn the_defaults_stand_in_the_table_of_formats() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/FORMATS.md");
    let text = std::fs::read_to_string(path).unwrap();
    for line in [
        "| SESSION_CACHE_ALIAS | `default` |",
        "| SESSION_COOKIE_NAME | `sessionid` |",
        "| SESSION_COOKIE_AGE | 1209600 |",
        "| SESSION_COOKIE_DOMAIN | None |",
        "| SESSION_COOKIE_PATH | `/` |",
        "| SESSION_COOKIE_SECURE | False |",
        "| SESSION_COOKIE_HTTPONLY | True |",
        "| SESSION_COOKIE_SAMESITE | `Lax` |",
        "| SESSION_SAVE_EVERY_REQUEST | False |",
        "| SESSION_EXPIRE_AT_BROWSER_CLOSE | False |",
        "| SESSION_FILE_PATH | None |",
        "| SECRET_KEY_FALLBACKS | `[]` |",
    ] {
        assert!(text.contains(line), "{line}");
    }
    // The default engine may be called by the name that stands there.
    let dotted = "django.contrib.sessions.backends.db";
    assert!(text.contains(&format!("| SESSION_ENGINE | `{dotted}` |")));
    assert_eq!(
        toml(&format!("SESSION_ENGINE = \"{dotted}\""))
            .unwrap()
            .engine,
        dotted
    );
}

/// One text for every field, so that two settings can be compared.
fn shown(settings: &Settings) -> String {
    format!("{settings:?}")
}

/// A setting: its name, a value in the file, the same in the environment, and what it does.
type Case = (&'static str, &'static str, &'static str, fn(&mut Settings));

#[test]
fn every_setting_can_be_set_in_the_file_and_in_the_environment() {
    let mut expected = Settings::django();
    expected.secret_key = Some(Secret::new(SECRET));
    let cases: &[Case] = &[
        ("SESSION_ENGINE", "\"file\"", "file", |s| {
            s.engine = "file".into();
        }),
        ("SESSION_CACHE_ALIAS", "\"fast\"", "fast", |s| {
            s.cache_alias = "fast".into();
        }),
        ("SESSION_COOKIE_NAME", "\"sid\"", "sid", |s| {
            s.cookie_name = "sid".into();
        }),
        ("SESSION_COOKIE_AGE", "60", "60", |s| {
            s.cookie_age = Duration::from_mins(1);
        }),
        ("SESSION_COOKIE_DOMAIN", "\"a.org\"", "a.org", |s| {
            s.cookie_domain = Some("a.org".into());
        }),
        ("SESSION_COOKIE_PATH", "\"/shop\"", "/shop", |s| {
            s.cookie_path = Some("/shop".into());
        }),
        ("SESSION_COOKIE_PATH", "\"\"", "", |s| s.cookie_path = None),
        ("SESSION_COOKIE_SECURE", "true", "true", |s| {
            s.cookie_secure = true;
        }),
        ("SESSION_COOKIE_HTTPONLY", "false", "false", |s| {
            s.cookie_httponly = false;
        }),
        ("SESSION_COOKIE_SAMESITE", "\"Strict\"", "Strict", |s| {
            s.cookie_samesite = SameSite::STRICT;
        }),
        ("SESSION_COOKIE_SAMESITE", "false", "false", |s| {
            s.cookie_samesite = SameSite::OMIT;
        }),
        ("SESSION_SAVE_EVERY_REQUEST", "true", "true", |s| {
            s.save_every_request = true;
        }),
        ("SESSION_EXPIRE_AT_BROWSER_CLOSE", "true", "true", |s| {
            s.expire_at_browser_close = true;
        }),
        ("SESSION_FILE_PATH", "\"/srv/s\"", "/srv/s", |s| {
            s.file_path = Some("/srv/s".into());
        }),
        ("SECRET_KEY_FALLBACKS", "[\"one\"]", "[\"one\"]", |s| {
            s.secret_key_fallbacks = vec![Secret::new("one")];
        }),
        ("SECRET_KEY_FALLBACKS", "\"one\"", "one", |s| {
            s.secret_key_fallbacks = vec![Secret::new("one")];
        }),
        ("USE_TZ", "true", "true", |s| s.use_tz = true),
        ("TIME_ZONE", "\"UTC\"", "UTC", |s| {
            s.time_zone = "UTC".into();
        }),
        ("TENURE_DEVELOPMENT", "true", "true", |s| {
            s.development = true;
        }),
        ("TENURE_STORE_TIMEOUT", "2", "2", |s| {
            s.store_timeout = Duration::from_secs(2);
        }),
        ("TENURE_MAX_SIZE", "4096", "4096", |s| s.max_size = 4096),
        (
            "DATABASES",
            "{ default = { URL = \"sqlite:///a\", TIME_ZONE = \"UTC\" } }",
            r#"{"default": {"URL": "sqlite:///a", "TIME_ZONE": "UTC"}}"#,
            |s| {
                s.set_database_url("sqlite:///a");
                s.databases.get_mut("default").unwrap().time_zone = Some("UTC".into());
            },
        ),
        (
            "CACHES",
            "{ fast = { BACKEND = \"b\", LOCATION = \"l\", KEY_PREFIX = \"p\", VERSION = 2, TIMEOUT = 9, OPTIONS = { db = 1 } } }",
            r#"{"fast": {"BACKEND": "b", "LOCATION": ["l"], "KEY_PREFIX": "p", "VERSION": 2, "TIMEOUT": 9, "OPTIONS": {"db": "1"}}}"#,
            |s| {
                let cache = s.caches.entry("fast".into()).or_default();
                cache.backend = "b".into();
                cache.location = vec!["l".into()];
                cache.key_prefix = "p".into();
                cache.version = 2;
                cache.options = [("db".to_owned(), "1".to_owned())].into();
            },
        ),
    ];
    for (name, in_toml, in_env, change) in cases {
        let mut expected = expected.clone();
        change(&mut expected);
        let from_file = toml(&format!("{name} = {in_toml}")).unwrap();
        assert_eq!(shown(&from_file), shown(&expected), "{name} in the file");
        let from_env = env(&[(name, in_env)]).unwrap();
        assert_eq!(
            shown(&from_env),
            shown(&expected),
            "{name} in the environment"
        );
        assert!(from_env.secret_key_fallbacks == expected.secret_key_fallbacks);
    }
}

#[test]
fn the_environment_wins() {
    let settings = both(
        "SECRET_KEY = 'the one in the file, 0123456789 0123456789'\nSESSION_COOKIE_AGE = 1\nSESSION_COOKIE_NAME = 'file'",
        &[("SESSION_COOKIE_AGE", "2")],
    )
    .unwrap();
    assert_eq!(settings.cookie_age, Duration::from_secs(2));
    assert_eq!(settings.cookie_name, "file");
    assert_eq!(settings.secret_key, Some(Secret::new(SECRET)));
}

#[test]
fn database_url_names_the_default_database_and_keeps_the_rest() {
    let settings = both(
        "[DATABASES.default]\nURL = 'sqlite:///file'\nTIME_ZONE = 'UTC'\n[DATABASES.other]\nURL = 'sqlite:///other'",
        &[("DATABASE_URL", "sqlite:///env")],
    )
    .unwrap();
    assert_eq!(settings.databases["default"].url, "sqlite:///env");
    assert_eq!(
        settings.databases["default"].time_zone.as_deref(),
        Some("UTC")
    );
    assert_eq!(settings.databases["other"].url, "sqlite:///other");
}

#[test]
fn the_file_that_the_environment_names_is_read_and_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("elsewhere.toml");
    let environment = || {
        let variables = [
            ("SECRET_KEY", SECRET),
            ("TENURE_SETTINGS", file.to_str().unwrap()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    for error in [
        Settings::load_from(None, environment()).unwrap_err(),
        Settings::load_from(Some(&file), []).unwrap_err(),
    ] {
        let told = message(&error);
        assert!(
            told.starts_with(&format!("{} cannot be read: ", file.display())),
            "{told}"
        );
        assert!(told.contains("No such file"), "{told}");
    }
    std::fs::write(&file, "SESSION_COOKIE_AGE = 77").unwrap();
    let settings = Settings::load_from(None, environment()).unwrap();
    assert_eq!(settings.cookie_age.as_secs(), 77);
}

#[test]
fn without_a_file_the_environment_is_enough() {
    // Tests run in the package's folder, where there is no tenure.toml.
    assert!(!Path::new("tenure.toml").exists());
    let environment = [("SECRET_KEY".to_owned(), SECRET.to_owned())];
    let settings = Settings::load_from(None, environment).unwrap();
    assert_eq!(settings.cookie_name, "sessionid");
}

#[test]
fn other_programs_variables_are_left_alone() {
    let foreign = [
        ("SESSION_MANAGER", "local/host:@/tmp/.ICE-unix/1"),
        ("DESKTOP_SESSION", "gnome"),
        ("XDG_SESSION_ID", "2"),
        ("PATH", "/bin"),
        ("DEBUG", "1"),
    ];
    let settings = env(&foreign).unwrap();
    assert_eq!(shown(&settings), shown(&env(&[]).unwrap()));
}

#[test]
fn profiles_lie_below_all_other_settings() {
    let strict = toml("TENURE_PROFILE = \"strict\"").unwrap();
    assert_eq!(strict.cookie_name, "__Host-id");
    assert!(strict.cookie_secure && strict.cookie_httponly && strict.expire_at_browser_close);
    let named = toml("SESSION_COOKIE_NAME = \"sid\"\nTENURE_PROFILE = \"strict\"").unwrap();
    assert_eq!(named.cookie_name, "sid");
    assert!(named.cookie_secure);
    let back = both(
        "TENURE_PROFILE = \"strict\"\nSESSION_COOKIE_AGE = 5",
        &[("TENURE_PROFILE", "django")],
    )
    .unwrap();
    assert_eq!(back.cookie_name, "sessionid");
    assert_eq!(back.cookie_age.as_secs(), 5);
    assert_eq!(
        wrong(env(&[("TENURE_PROFILE", "lax")])),
        "TENURE_PROFILE is \"lax\" (environment): \"django\" or \"strict\" is needed"
    );
}

#[test]
fn pythons_spelling_is_understood_in_the_environment() {
    for (text, flag) in [
        ("True", true),
        ("true", true),
        ("1", true),
        ("yes", true),
        ("on", true),
        ("False", false),
        ("0", false),
        ("No", false),
        ("OFF", false),
    ] {
        let settings = env(&[("SESSION_COOKIE_SECURE", text)]).unwrap();
        assert_eq!(settings.cookie_secure, flag, "{text}");
    }
    let none = [
        ("SESSION_COOKIE_DOMAIN", "None"),
        ("SESSION_COOKIE_PATH", "None"),
        ("SESSION_FILE_PATH", "None"),
    ];
    let settings = env(&none).unwrap();
    assert_eq!(settings.cookie_domain, None);
    assert_eq!(settings.cookie_path, None);
    assert_eq!(settings.file_path, None);
    assert_eq!(
        env(&[("SESSION_COOKIE_SAMESITE", "False")])
            .unwrap()
            .cookie_samesite,
        SameSite::OMIT
    );
    let text = "SESSION_COOKIE_DOMAIN = false\nSESSION_FILE_PATH = false";
    assert_eq!(toml(text).unwrap().cookie_domain, None);
    let settings = env(&[
        ("SESSION_COOKIE_DOMAIN", "False"),
        ("SESSION_FILE_PATH", "false"),
    ])
    .unwrap();
    assert_eq!(settings.cookie_domain, None, "as in the file");
    assert_eq!(settings.file_path, None);
}

#[test]
fn in_development_a_missing_secret_is_made_for_this_process() {
    let one = Settings::from_toml("TENURE_DEVELOPMENT = true").unwrap();
    let other = Settings::from_toml("TENURE_DEVELOPMENT = true").unwrap();
    assert_eq!(one.secret_key.as_ref().unwrap().as_bytes().len(), 50);
    assert_ne!(one.secret_key, other.secret_key);
    let kept = Settings::from_toml("TENURE_DEVELOPMENT = true\nSECRET_KEY = 'x'").unwrap();
    assert_eq!(kept.secret_key, Some(Secret::new("x")));
}

#[test]
fn a_made_up_secret_is_warned_of() {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    // For all threads, so that another test cannot switch the message off for this one.
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .init();
    tracing::callsite::rebuild_interest_cache();
    let settings = Settings::from_toml("TENURE_DEVELOPMENT = true").unwrap();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("WARN") && logged.contains("SECRET_KEY is missing"),
        "{logged}"
    );
    let secret = settings.secret_key.unwrap();
    let secret = str::from_utf8(secret.as_bytes()).unwrap();
    assert!(!logged.contains(secret));
}
