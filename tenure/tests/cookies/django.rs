//! One cookie, read and written by a real Django and by us.

use serde_json::{Value, json};
use tenure::{
    Sessions,
    engine::cookies::{Revocation, SignedCookies},
    testing,
};
use testkit::Django;

use crate::site::{Browser, revoking};

const NAME: &str = "sessionid";

fn browser(cookie: &Value) -> Browser {
    let mut browser = Browser::default();
    let cookie = cookie.as_str().unwrap().to_owned();
    browser.jar.insert(NAME.to_owned(), cookie);
    browser
}

fn sessions(revocation: Revocation) -> Sessions {
    let settings = testing::settings();
    Sessions::new(
        SignedCookies::new(&settings, revocation).unwrap(),
        &settings,
    )
    .unwrap()
}

#[tokio::test]
async fn django_and_a_rust_service_share_a_signed_cookie() {
    let folder = tempfile::tempdir().unwrap();
    let secret = testing::settings().secret_key.unwrap();
    let mut django = Django::start([
        (
            "DJANGO_DB",
            folder.path().join("site.sqlite3").to_str().unwrap(),
        ),
        (
            "DJANGO_SECRET_KEY",
            str::from_utf8(secret.as_bytes()).unwrap(),
        ),
        (
            "SESSION_ENGINE",
            "django.contrib.sessions.backends.signed_cookies",
        ),
    ]);
    for revocation in [Revocation::Off, revoking()] {
        let revoked = matches!(revocation, Revocation::Store(_));
        let sessions = sessions(revocation);
        // Django writes, long enough to be compressed.
        let data = json!({ "name": "Zoë 😀", "cart": vec![12; 100] });
        let saved = django.ask(&json!({ "op": "save", "data": data, "expiry": 3600 }));
        let mut browser = browser(&saved["key"]);
        let made_by_django = browser.clone();
        browser
            .visit(&sessions, async |session| {
                assert_eq!(session.get::<String>("name")?.as_deref(), Some("Zoë 😀"));
                assert_eq!(session.expiry_age(), 3600);
                session.insert("from", "rust")
            })
            .await
            .unwrap();
        // We write, Django reads.
        let load = |browser: &Browser| json!({ "op": "load", "key": browser.jar[NAME] });
        let seen = django.ask(&load(&browser));
        assert_eq!(seen["data"]["from"], "rust");
        assert_eq!(seen["data"]["cart"], data["cart"]);
        assert_eq!(seen["data"]["_session_expiry"], 3600);
        let generation = seen["data"]["_tenure_generation"].clone();
        assert_eq!(generation.is_string(), revoked);
        // A logout here ends what Django made too, for us.
        browser
            .visit(&sessions, async |session| session.flush().await)
            .await
            .unwrap();
        let left = made_by_django.sees(&sessions).await;
        assert_eq!(left.is_empty(), revoked, "{left}");
    }
}

#[tokio::test]
async fn a_login_in_django_is_a_login_here_and_ends_here() {
    let folder = tempfile::tempdir().unwrap();
    let secret = testing::settings().secret_key.unwrap();
    let mut django = Django::start([
        (
            "DJANGO_DB",
            folder.path().join("site.sqlite3").to_str().unwrap(),
        ),
        (
            "DJANGO_SECRET_KEY",
            str::from_utf8(secret.as_bytes()).unwrap(),
        ),
        (
            "SESSION_ENGINE",
            "django.contrib.sessions.backends.signed_cookies",
        ),
    ]);
    django.ask(&json!({ "op": "migrate" }));
    let user = json!({ "op": "create_user", "username": "ada", "password": "hunter22" });
    let id = django.ask(&user)["id"].to_string();
    let sessions = sessions(revoking());
    let mut anonymous = Browser::default();
    anonymous.set(&sessions, "cart", 1).await;
    let login = json!({ "op": "login", "username": "ada", "key": anonymous.jar[NAME] });
    let mut browser = browser(&django.ask(&login)["key"]);
    let copy = browser.clone();
    browser
        .visit(&sessions, async |session| {
            assert_eq!(session.get::<String>("_auth_user_id")?, Some(id.clone()));
            assert_eq!(session.get("cart")?, Some(1));
            session.insert("seen", true)
        })
        .await
        .unwrap();
    let who = django.ask(&json!({ "op": "get_user", "key": browser.jar[NAME] }));
    assert_eq!(who["id"].to_string(), id);
    browser
        .visit(&sessions, async |session| session.flush().await)
        .await
        .unwrap();
    for dead in [copy, anonymous] {
        assert_eq!(dead.sees(&sessions).await, "");
    }
}
