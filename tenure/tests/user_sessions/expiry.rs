//! What is left in the index when sessions have ended by themselves.

use std::time::{Duration, SystemTime};

use tenure::{Expiry, SessionKey, Sessions, Settings, auth};

use crate::site::{Browser, Users, handles};

/// `count` tells how many rows a table has.
pub(crate) async fn leaves_no_entry(settings: &Settings, count: impl Fn(&str) -> String) {
    let users = Users::open().await;
    let ada = users.user("ada").await;
    let sessions = Sessions::open(settings.clone()).await.unwrap();
    let store = sessions.store();
    store.prepare().await.unwrap();
    let mut browsers = Vec::new();
    for _ in 0..3 {
        let mut browser = Browser::default();
        browser
            .request(&sessions, async |session| {
                auth::login(session, &ada).await.unwrap();
                session
                    .set_expiry(Expiry::After(Duration::from_hours(1)))
                    .unwrap();
            })
            .await;
        browsers.push(browser);
    }
    assert_eq!(count("tenure_session"), "3");

    // Django prolongs one of them, and the index hears nothing of it.
    let key = SessionKey::parse(browsers[1].key.as_deref().unwrap()).unwrap();
    let mut record = store.load(&key).await.unwrap().unwrap();
    record.expires_at += Duration::from_hours(24);
    let base = record.version.clone();
    store.save(&key, &record, &base).await.unwrap();
    let later = |hours| SystemTime::now() + Duration::from_hours(hours);
    store.clear_expired(later(2), 1000).await.unwrap();
    assert_eq!(count("tenure_session"), "1");
    assert_eq!(count("django_session"), "1");
    assert_eq!(handles(&sessions, &ada).await.len(), 1);
    store.clear_expired(later(48), 1000).await.unwrap();
    assert_eq!(count("tenure_session"), "0");

    // One that Django has cleared away goes when the list is read.
    let gone = Browser::logged_in(&sessions, &ada).await;
    let key = SessionKey::parse(gone.key.as_deref().unwrap()).unwrap();
    store.delete(&key).await.unwrap();
    assert_eq!(count("tenure_session"), "1");
    assert!(handles(&sessions, &ada).await.is_empty());
    assert_eq!(count("tenure_session"), "0");
}
