//! What is remembered of a session's requests, by a clock that is set.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tenure::{
    Secret, SessionError, Sessions, Settings, StoreError,
    auth::UserId,
    settings::AtMaxSessions,
    testing::{self, MemoryStore, TestSystem},
};

use crate::{
    shared::Shared,
    site::{Browser, Users, at_most, handles, listing},
};

fn sessions(settings: &Settings, system: &Arc<TestSystem>) -> Sessions {
    Sessions::with_system(MemoryStore::default(), settings, system.clone()).unwrap()
}

#[tokio::test]
async fn a_session_was_last_seen_at_most_five_minutes_before_its_last_request() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let system = Arc::new(TestSystem::at(start));
    let sessions = sessions(&listing(testing::settings()), &system);
    let users = Users::open().await;
    let ada = users.user("ada").await;
    let mut browser = Browser::logged_in(&sessions, &ada).await;
    let mut last_request = start;
    for seconds in [60, 120, 200, 40, 400, 10, 3600, 1] {
        system.advance(Duration::from_secs(seconds));
        last_request += Duration::from_secs(seconds);
        browser
            .request(&sessions, async |session| session.is_empty())
            .await;
        let listed = sessions.sessions_of(ada.id()).await.unwrap();
        let [only] = listed.as_slice() else {
            panic!("{listed:?}");
        };
        assert_eq!(only.created_at, start);
        let before = last_request.duration_since(only.last_seen).unwrap();
        assert!(before <= Duration::from_mins(5), "{before:?}");
    }
}

#[tokio::test]
async fn most_requests_write_nothing() {
    let system = Arc::new(TestSystem::at(SystemTime::now()));
    let sessions = sessions(&listing(testing::settings()), &system);
    let users = Users::open().await;
    let ada = users.user("ada").await;
    let browser = Browser::logged_in(&sessions, &ada).await;
    let cookie = format!("sessionid={}", browser.key.unwrap());
    for (minutes, writes) in [(1, false), (1, false), (4, true), (1, false)] {
        system.advance(Duration::from_mins(minutes));
        let lazy = sessions.begin([cookie.as_bytes()]);
        lazy.load().await.unwrap();
        let at_once = sessions.finish_now(&lazy, 200).is_some();
        assert_eq!(at_once, !writes);
        if writes {
            sessions.finish(&lazy, 200).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_passive_request_is_none_of_the_users() {
    let system = Arc::new(TestSystem::at(SystemTime::now()));
    let sessions = sessions(&listing(testing::settings()), &system);
    let users = Users::open().await;
    let ada = users.user("ada").await;
    let browser = Browser::logged_in(&sessions, &ada).await;
    let cookie = format!("sessionid={}", browser.key.unwrap());
    system.advance(Duration::from_hours(1));
    let lazy = sessions.begin([cookie.as_bytes()]);
    lazy.set_passive();
    lazy.load().await.unwrap();
    assert!(sessions.finish_now(&lazy, 200).is_some());
    let listed = sessions.sessions_of(ada.id()).await.unwrap();
    assert_eq!(listed[0].last_seen, listed[0].created_at);
}

/// What is refused is told, and not an empty list.
#[tokio::test]
async fn without_the_setting_there_is_no_list() {
    let sessions = testing::sessions(&testing::settings()).unwrap();
    let error = sessions.sessions_of(UserId::from(1)).await.unwrap_err();
    assert!(
        error.to_string().contains("TENURE_USER_SESSIONS"),
        "{error}"
    );
    let mut settings = testing::settings();
    settings.max_sessions = Some(3);
    let error = settings.check().unwrap_err();
    assert!(
        error.to_string().contains("TENURE_USER_SESSIONS"),
        "{error}"
    );
}

/// Sessions in cookies are on no server: they cannot be listed, and so not be counted.
#[tokio::test]
async fn sessions_in_cookies_have_no_list() {
    let mut settings = listing(testing::settings());
    settings.engine = "signed_cookies".into();
    settings.cookie_revocation = Some("none".into());
    let sessions = Sessions::open(settings.clone()).await.unwrap();
    let refused = sessions.end_all("1").await.unwrap_err();
    assert!(
        matches!(refused, SessionError::Store(StoreError::Unsupported { .. })),
        "{refused}"
    );
    let settings = at_most(settings, 3, AtMaxSessions::EndOldest);
    let error = Sessions::open(settings).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("TENURE_MAX_SESSIONS"), "{told}");
}

/// Where the list lies depends on the secret, and it is found where the older one put it.
#[tokio::test]
async fn a_rotated_secret_does_not_lose_the_list() {
    let users = Users::open().await;
    let ada = users.user("ada").await;
    let store = Arc::new(MemoryStore::default());
    let open = |settings: &Settings| Sessions::new(Shared(Arc::clone(&store)), settings).unwrap();
    let mut settings = listing(testing::settings());
    let sessions = open(&settings);
    for _ in 0..2 {
        Browser::logged_in(&sessions, &ada).await;
    }
    let before = handles(&sessions, &ada).await;
    settings.secret_key_fallbacks = settings.secret_key.into_iter().collect();
    settings.secret_key = Some(Secret::new(
        "the secret of next year, with more than 32 characters",
    ));
    let rotated = open(&settings);
    assert_eq!(handles(&rotated, &ada).await, before);
    Browser::logged_in(&rotated, &ada).await;
    settings.secret_key_fallbacks.clear();
    let later = open(&settings);
    assert_eq!(handles(&later, &ada).await.len(), 3);
    assert_eq!(later.end_all(ada.id()).await.unwrap(), 3);
}
