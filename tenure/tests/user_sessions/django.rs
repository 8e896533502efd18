//! Sessions that a real Django has made, in the list.

use serde_json::json;
use tenure::{
    Sessions, Settings,
    auth::{self, Auth},
};
use testkit::Django;

use crate::site::{Browser, PASSWORD, handles, listing};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_django_has_made_joins_when_it_is_first_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sqlite3");
    let mut settings: Settings = listing(tenure::testing::settings());
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    settings.password_hasher = Some("pbkdf2_sha256$10".into());
    let secret = settings.secret_key.as_ref().unwrap().as_bytes().to_owned();
    let database = json!({"ENGINE": "django.db.backends.sqlite3", "NAME": path});
    let mut django = Django::start(vec![
        ("DJANGO_DATABASE", database.to_string()),
        ("DJANGO_SECRET_KEY", String::from_utf8(secret).unwrap()),
    ]);
    django.ask(&json!({"op": "migrate"}));
    let sessions = Sessions::open(settings.clone()).await.unwrap();
    let auth = Auth::open(&settings).await.unwrap();
    let ada = auth.create_user("ada", PASSWORD).await.unwrap();
    let made = django.ask(&json!({"op": "login", "username": "ada"}));
    let mut theirs = Browser {
        key: Some(made["key"].as_str().unwrap().to_owned()),
    };
    let click = async |session: &tenure::Session| {
        let user = auth.user(session).await.unwrap();
        user.is_some()
    };

    // Django's `migrate` does not make the table. A visitor is not bothered with that; whoever needs the list is told.
    assert!(theirs.request(&sessions, click).await);
    let untold = [
        sessions
            .sessions_of(ada.id())
            .await
            .map(drop)
            .map_err(auth::AuthError::from),
        Browser::default().try_log_in(&sessions, &ada).await,
    ];
    for missing in untold {
        let told = missing.unwrap_err();
        assert_eq!(told.status(), 503);
        let told = told.to_string();
        assert!(
            told.contains("`tenure_session`") && told.contains("`tenure init`"),
            "{told}"
        );
    }
    sessions.store().prepare().await.unwrap();

    // As another process.
    let sessions = Sessions::open(settings).await.unwrap();
    assert!(handles(&sessions, &ada).await.is_empty(), "not seen yet");
    assert!(theirs.request(&sessions, click).await);
    let [theirs_listed] = &*handles(&sessions, &ada).await else {
        panic!("it is not listed");
    };
    let mut ours = Browser::logged_in(&sessions, &ada).await;
    assert_eq!(handles(&sessions, &ada).await.len(), 2);
    assert!(sessions.end(ada.id(), theirs_listed).await.unwrap());
    let key = theirs.key.clone().unwrap();
    let found = django.ask(&json!({"op": "get_user", "key": key}));
    assert!(found["id"].is_null(), "{found}");
    assert!(!theirs.request(&sessions, click).await);
    assert!(ours.request(&sessions, click).await);

    // What Django ends is not listed any more.
    django.ask(&json!({"op": "logout", "key": ours.key.clone().unwrap()}));
    assert!(handles(&sessions, &ada).await.is_empty());
}
