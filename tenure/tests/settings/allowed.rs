//! What `check` refuses, whether it came from a file or from a program.

use std::time::Duration;

use tenure::{Secret, Sessions, Settings, settings::SameSite, testing};

const NEW_SECRET: &str = "`tenure secret` prints a good one; TENURE_DEVELOPMENT = true lets it pass while nobody else uses the site";
const HOST: &str = "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true, SESSION_COOKIE_PATH = \"/\" and no SESSION_COOKIE_DOMAIN";
const SECURE: &str = "browsers keep such a cookie only with SESSION_COOKIE_SECURE = true";

/// What is said when this is changed in settings that are right.
fn refused(change: impl Fn(&mut Settings)) -> String {
    let mut settings = testing::settings();
    settings.check().unwrap();
    change(&mut settings);
    let told = settings.check().unwrap_err().to_string();
    let store = testing::MemoryStore::default();
    assert_eq!(
        Sessions::new(store, &settings).unwrap_err().to_string(),
        told
    );
    told
}

#[test]
fn engines() {
    assert_eq!(
        refused(|s| s.engine = "django.contrib.sessions.backends.database".into()),
        "SESSION_ENGINE is \"django.contrib.sessions.backends.database\": one of db, file, cache, cached_db, signed_cookies, \
         encrypted_cookies is needed, or Django's dotted name of one; did you mean \"django.contrib.sessions.backends.cache\"?"
            .replace("did you mean \"django.contrib.sessions.backends.cache\"?", &suggested()),
    );
    assert!(!refused(|s| s.engine = "redis".into()).contains("did you mean"));
    for name in ["db", "file", "cache", "cached_db", "signed_cookies"] {
        for name in [
            name.to_owned(),
            format!("django.contrib.sessions.backends.{name}"),
        ] {
            let mut settings = testing::settings();
            settings.engine = name;
            settings.check().unwrap();
        }
    }
}

/// Which of Django's names is nearest is not for this test to say.
fn suggested() -> String {
    let told = refused(|s| s.engine = "django.contrib.sessions.backends.database".into());
    told[told.find("did you mean").unwrap()..].to_owned()
}

#[tokio::test]
async fn an_engine_that_is_not_in_this_release_is_told_so_when_it_is_opened() {
    let mut settings = testing::settings();
    settings.engine = "django.contrib.sessions.backends.cache".into();
    let error = Sessions::open(settings).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "SESSION_ENGINE is \"cache\": this release of tenure has the engine `db` alone"
    );
}

#[test]
fn serializers() {
    let pickle = "django.contrib.sessions.serializers.PickleSerializer";
    assert_eq!(
        refused(|s| s.serializer = pickle.into()),
        format!(
            "SESSION_SERIALIZER is {pickle:?}: \"django.contrib.sessions.serializers.JSONSerializer\" is the only one that is known"
        )
    );
}

#[test]
fn cookie_names() {
    let needed = "one or more letters, digits and ! # $ % & ' * + - . ^ _ ` | ~ are needed";
    for name in [
        "",
        "session id",
        "a;b",
        "a=b",
        "séance",
        "a\r\nSet-Cookie: b",
        "a,b",
        "\"a\"",
    ] {
        assert_eq!(
            refused(|s| s.cookie_name = name.into()),
            format!("SESSION_COOKIE_NAME is {name:?}: {needed}")
        );
    }
}

#[test]
fn cookie_attributes() {
    let needed = "printable ASCII without a semicolon is needed, or nothing at all";
    for value in ["", "/; HttpOnly", "/\r\nX: y", "/é", "/\t", "\u{7f}"] {
        assert_eq!(
            refused(|s| s.cookie_path = Some(value.into())),
            format!("SESSION_COOKIE_PATH is {value:?}: {needed}")
        );
        assert_eq!(
            refused(|s| s.cookie_domain = Some(value.into())),
            format!("SESSION_COOKIE_DOMAIN is {value:?}: {needed}")
        );
    }
}

#[test]
fn cookies_that_browsers_would_drop() {
    let host: [fn(&mut Settings); 4] = [
        |s| s.cookie_secure = false,
        |s| s.cookie_path = Some("/shop".into()),
        |s| s.cookie_path = None,
        |s| s.cookie_domain = Some("a.org".into()),
    ];
    for change in host {
        let told = refused(|s| {
            s.cookie_name = "__Host-id".into();
            s.cookie_secure = true;
            change(s);
        });
        assert_eq!(
            told,
            format!("SESSION_COOKIE_NAME is \"__Host-id\": {HOST}")
        );
    }
    assert_eq!(
        refused(|s| s.cookie_name = "__Secure-id".into()),
        format!("SESSION_COOKIE_NAME is \"__Secure-id\": {SECURE}")
    );
    assert_eq!(
        refused(|s| s.cookie_samesite = SameSite::NONE),
        format!("SESSION_COOKIE_SAMESITE is \"None\": {SECURE}")
    );
    assert_eq!(
        refused(|s| s.cookie_samesite = SameSite::parse("nOnE").unwrap()),
        format!("SESSION_COOKIE_SAMESITE is \"nOnE\": {SECURE}")
    );
}

/// Browsers match the prefixes without regard to case (RFC 6265bis, section 5.7, step 20 and 21).
#[test]
fn prefixes_count_in_any_case_as_they_do_to_browsers() {
    for name in ["__host-id", "__HOST-id"] {
        assert_eq!(
            refused(|s| s.cookie_name = name.into()),
            format!("SESSION_COOKIE_NAME is {name:?}: {HOST}")
        );
    }
    assert_eq!(
        refused(|s| s.cookie_name = "__secure-id".into()),
        format!("SESSION_COOKIE_NAME is \"__secure-id\": {SECURE}")
    );
}

#[test]
fn durations() {
    assert_eq!(
        refused(|s| s.cookie_age = Duration::from_millis(1500)),
        "SESSION_COOKIE_AGE is 1.5s: a whole number of seconds of at least 1 is needed"
    );
    assert_eq!(
        refused(|s| s.cookie_age = Duration::ZERO),
        "SESSION_COOKIE_AGE is 0ns: a whole number of seconds of at least 1 is needed"
    );
    assert_eq!(
        refused(|s| s.store_timeout = Duration::ZERO),
        "TENURE_STORE_TIMEOUT is 0: more than 0 seconds are needed"
    );
}

#[cfg(feature = "timezone")]
#[test]
fn time_zones() {
    assert_eq!(
        refused(|s| {
            s.use_tz = false;
            s.time_zone = "Mars/Olympus".into();
        }),
        "TIME_ZONE is \"Mars/Olympus\": a name of the IANA time zone database is needed, such as \"Europe/Paris\""
    );
    let mut settings = testing::settings();
    settings.time_zone = "Mars/Olympus".into();
    settings.check().unwrap();
    settings.use_tz = false;
    settings.time_zone = "Europe/Paris".into();
    settings.check().unwrap();
}

#[test]
fn weak_secrets() {
    let secret = |text: &'static str| refused(move |s| s.secret_key = Some(Secret::new(text)));
    let said = |problem: &str| format!("SECRET_KEY is {problem}: {NEW_SECRET}");
    assert_eq!(refused(|s| s.secret_key = None), said("missing"));
    assert_eq!(secret(""), said("missing"));
    assert_eq!(
        secret("short"),
        said("only 5 characters long, and 32 are needed")
    );
    assert_eq!(
        secret("ééééééééééééééééé"),
        said("only 17 characters long, and 32 are needed")
    );
    assert_eq!(
        secret("abababababababababababababababababababab"),
        said("made of only 2 different characters")
    );
    assert_eq!(
        secret("django-insecure-3kq8!vz0wq2m8x@t5#hn1r^y7u&e3jc(p4l*d9s"),
        said("one of those that begin with `django-insecure-`, which are for development")
    );
    assert_eq!(
        refused(|s| s.secret_key_fallbacks = vec![Secret::new("old"), Secret::new("")]),
        "SECRET_KEY_FALLBACKS is a list with an empty secret: every one must be a secret that was used once"
    );
}

#[test]
fn in_development_a_weak_secret_passes_and_a_missing_one_does_not() {
    let mut settings = testing::settings();
    settings.development = true;
    settings.secret_key = Some(Secret::new("django-insecure-x"));
    settings.check().unwrap();
    settings.secret_key = None;
    assert!(settings.check().is_err());
}
