//! New keys.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tenure::{
    SessionError, Sessions,
    store::SessionStore,
    system::{OperatingSystem, RandomError, System},
    testing::{self, MemoryStore},
};

use crate::{
    site::{Site, request, respond, set, stored, values, visitor},
    stage::Stage,
};

fn cookie_of(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_key_keeps_the_data_and_kills_the_old_one() {
    let site = Site::sqlite(testing::settings()).await;
    let old = visitor(&site.sessions, &[("cart", 1)]).await;
    let (lazy, session) = request(&site.sessions, &old).await;
    session.cycle_key().await.unwrap();
    let headers = respond(&site.sessions, &lazy).await.unwrap();
    let new = cookie_of(&headers.set_cookie.unwrap());
    assert_ne!(new, old);
    assert!(stored(&site.sessions, &old).await.is_empty());
    assert_eq!(stored(&site.sessions, &new).await, values(&[("cart", 1)]));
    assert_eq!(site.stage.rows().await.len(), 1);
}

#[tokio::test]
async fn what_another_request_stored_just_before_the_new_key_is_kept() {
    let site = Site::sqlite(testing::settings()).await;
    let old = visitor(&site.sessions, &[("cart", 1)]).await;
    let (lazy, session) = request(&site.sessions, &old).await;
    session.insert("user", 7).unwrap();
    let other = set(site.sessions.clone(), old.clone(), "theme", 2);
    site.stage.before("rename", other);
    session.cycle_key().await.unwrap();
    let headers = respond(&site.sessions, &lazy).await.unwrap();
    let new = cookie_of(&headers.set_cookie.unwrap());
    let expected = values(&[("cart", 1), ("theme", 2), ("user", 7)]);
    assert_eq!(stored(&site.sessions, &new).await, expected);
    assert_eq!(site.stage.rows().await.len(), 1);
}

#[tokio::test]
async fn of_two_new_keys_at_once_one_wins_and_the_other_request_is_interrupted() {
    let site = Site::sqlite(testing::settings()).await;
    for round in 0..100 {
        let old = visitor(&site.sessions, &[("cart", 1)]).await;
        let (_, session) = request(&site.sessions, &old).await;
        let (_, other) = request(&site.sessions, &old).await;
        if round % 2 == 0 {
            other.cycle_key().await.unwrap();
        } else {
            let other = other.clone();
            site.stage.before("rename", async move {
                other.cycle_key().await.unwrap();
            });
        }
        let error = session.cycle_key().await.unwrap_err();
        assert!(matches!(error, SessionError::Interrupted));
        let key = other.key().unwrap();
        assert_eq!(
            site.stage.rows().await,
            [key.as_str()],
            "nothing is left over"
        );
        site.stage.delete(&key).await.unwrap();
    }
}

#[tokio::test]
async fn a_slow_request_with_the_old_key_neither_writes_nor_revives_it() {
    let site = Site::sqlite(testing::settings()).await;
    let old = visitor(&site.sessions, &[("cart", 1)]).await;
    let (slow_lazy, slow) = request(&site.sessions, &old).await;
    slow.insert("stolen", 1).unwrap();
    let (_, session) = request(&site.sessions, &old).await;
    session.cycle_key().await.unwrap();
    let error = respond(&site.sessions, &slow_lazy).await.unwrap_err();
    assert!(matches!(error, SessionError::Interrupted));
    let new = format!("sessionid={}", session.key().unwrap().as_str());
    assert_eq!(stored(&site.sessions, &new).await, values(&[("cart", 1)]));
    assert_eq!(site.stage.rows().await.len(), 1);
}

/// A random source that begins with the bytes it was given.
#[derive(Debug)]
struct Loaded(Mutex<VecDeque<u8>>);

impl System for Loaded {
    fn now(&self) -> std::time::SystemTime {
        OperatingSystem.now()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        OperatingSystem.fill_random(bytes)?;
        let mut loaded = self.0.lock().unwrap();
        for byte in bytes {
            *byte = loaded.pop_front().unwrap_or(*byte);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_key_that_is_drawn_twice_is_drawn_again_and_overwrites_nobody() {
    // The first three keys are "aaa…": two visitors', and one more when a key is changed.
    let dice = Arc::new(Loaded(Mutex::new(VecDeque::from(vec![0; 64]))));
    let stage = Stage::new(MemoryStore::default());
    let settings = testing::settings();
    let sessions = Sessions::with_system(stage.clone(), &settings, dice.clone()).unwrap();
    let first = visitor(&sessions, &[("user", 1)]).await;
    assert_eq!(first, format!("sessionid={}", "a".repeat(32)));
    let second = visitor(&sessions, &[("user", 2)]).await;
    assert_ne!(first, second);
    assert_eq!(stage.take_calls(), ["create", "create", "create"]);

    dice.0.lock().unwrap().extend([0; 32]);
    let (_, session) = request(&sessions, &second).await;
    session.cycle_key().await.unwrap();
    assert_eq!(stage.take_calls(), ["load", "rename", "rename"]);
    assert_eq!(stored(&sessions, &first).await, values(&[("user", 1)]));
    assert_eq!(stage.rows().await.len(), 2);
}
