//! The store is away, slow, or a simple one.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use tenure::{
    Record, SessionError, SessionKey, Sessions, StoreError, Version,
    store::{Created, Saved, SessionStore},
    testing::{self, MemoryStore},
};

use crate::{
    site::{Site, request, respond, stored, values, visitor},
    stage::Fault,
};

#[tokio::test]
async fn an_outage_while_loading_is_503_and_says_nothing_about_the_cookie() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    site.stage.set_fault(Fault::Down);
    let lazy = site.sessions.begin([cookie.as_bytes()]);
    let error = lazy.load().await.unwrap_err();
    assert_eq!(error.status(), 503);
    assert!(matches!(
        error,
        SessionError::Store(StoreError::Unavailable { .. })
    ));
    let headers = site.sessions.finish_now(&lazy, error.status()).unwrap();
    assert_eq!(headers.set_cookie, None);
    site.stage.set_fault(Fault::None);
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("user", 7)])
    );
}

#[tokio::test]
async fn a_handler_that_never_touches_the_session_does_not_notice_an_outage() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    site.stage.set_fault(Fault::Down);
    site.stage.take_calls();
    let lazy = site.sessions.begin([cookie.as_bytes()]);
    let headers = site.sessions.finish_now(&lazy, 200).unwrap();
    assert!(!headers.vary_cookie && headers.set_cookie.is_none());
    assert!(site.stage.take_calls().is_empty());
}

#[tokio::test]
async fn an_outage_while_saving_is_503_and_leaves_the_old_session() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("cart", 1).unwrap();
    site.stage.set_fault(Fault::Down);
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    assert_eq!(error.status(), 503);
    for failing in [
        session.save().await,
        session.cycle_key().await,
        session.flush().await,
    ] {
        assert_eq!(failing.unwrap_err().status(), 503);
    }
    assert_eq!(session.get::<u32>("user").unwrap(), Some(7), "not flushed");
    site.stage.set_fault(Fault::None);
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("user", 7)])
    );
    session.save().await.unwrap();
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("cart", 1), ("user", 7)]),
        "the change was only waiting"
    );
}

#[tokio::test]
async fn an_outage_leaves_a_new_visitor_without_cookie_and_row() {
    let site = Site::memory();
    let (lazy, session) = request(&site.sessions, "").await;
    session.insert("cart", 1).unwrap();
    site.stage.set_fault(Fault::Down);
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    assert_eq!(error.status(), 503);
    let headers = site.sessions.finish_now(&lazy, 503).unwrap();
    assert_eq!(headers.set_cookie, None);
    assert!(site.stage.rows().await.is_empty());
}

#[tokio::test]
async fn after_an_outage_at_the_end_the_visitor_still_learns_the_new_key() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("cart", 1)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.cycle_key().await.unwrap();
    session.insert("user", 7).unwrap();
    site.stage.set_fault(Fault::Down);
    let error = respond(&site.sessions, &lazy).await.unwrap_err();
    let headers = site.sessions.finish_now(&lazy, error.status()).unwrap();
    let key = session.key().unwrap();
    let new = format!("sessionid={};", key.as_str());
    assert!(headers.set_cookie.unwrap().starts_with(&new));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_given_up_at_the_deadline() {
    let site = Site::memory();
    let cookie = visitor(&site.sessions, &[("user", 7)]).await;
    let (lazy, session) = request(&site.sessions, &cookie).await;
    session.insert("cart", 1).unwrap();
    site.stage.set_fault(Fault::Hangs);
    let deadline = |error: SessionError| {
        assert_eq!(error.status(), 503);
        let SessionError::Store(StoreError::Deadline { after }) = error else {
            panic!("{error}");
        };
        assert_eq!(after, Duration::from_secs(5));
    };
    deadline(
        site.sessions
            .begin([cookie.as_bytes()])
            .load()
            .await
            .unwrap_err(),
    );
    deadline(session.save().await.unwrap_err());
    deadline(session.cycle_key().await.unwrap_err());
    deadline(session.flush().await.unwrap_err());
    deadline(respond(&site.sessions, &lazy).await.unwrap_err());
    assert_eq!(session.get::<u32>("user").unwrap(), Some(7));
    site.stage.set_fault(Fault::None);
    respond(&site.sessions, &lazy).await.unwrap();
    assert_eq!(
        stored(&site.sessions, &cookie).await,
        values(&[("cart", 1), ("user", 7)])
    );
}

/// The four methods that every store needs, and no versions.
#[derive(Default)]
struct Simple(Mutex<HashMap<String, Record>>);

impl SessionStore for Simple {
    fn engine(&self) -> &'static str {
        "simple"
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        Ok(self.0.lock().unwrap().get(key.as_str()).cloned())
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let mut map = self.0.lock().unwrap();
        if map.contains_key(key.as_str()) {
            return Ok(Created::Taken);
        }
        map.insert(key.as_str().to_owned(), record.clone());
        Ok(Created::Created(Version::default()))
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        _: &Version,
    ) -> Result<Saved, StoreError> {
        match self.0.lock().unwrap().get_mut(key.as_str()) {
            Some(place) => {
                *place = record.clone();
                Ok(Saved::Saved(Version::default()))
            }
            None => Ok(Saved::Gone),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().remove(key.as_str()).is_some())
    }
}

/// One visitor's requests, one after the other, and what each left.
async fn story(sessions: &Sessions) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cookie = visitor(sessions, &[("cart", 1)]).await;
    for step in [
        "read", "write", "cycle", "short", "save", "clear", "write", "flush", "read",
    ] {
        let (lazy, session) = request(sessions, &cookie).await;
        match step {
            "write" => session.insert("user", 7).unwrap(),
            "cycle" => session.cycle_key().await.unwrap(),
            "short" => session.set_expiry(Duration::from_mins(1)).unwrap(),
            "save" => session.save().await.unwrap(),
            "clear" => session.clear().unwrap(),
            "flush" => session.flush().await.unwrap(),
            _ => {}
        }
        let headers = respond(sessions, &lazy).await.unwrap();
        let key = session.key();
        let sent = headers.set_cookie.map_or("none", |text| {
            let dead = text.contains("Max-Age=0");
            if !dead {
                text.split(';').next().unwrap().clone_into(&mut cookie);
            }
            if dead { "removed" } else { "set" }
        });
        seen.push(format!(
            "{step}: {sent}, key {}, {:?}",
            key.is_some(),
            stored(sessions, &cookie).await
        ));
    }
    seen
}

#[tokio::test]
async fn a_store_of_four_methods_does_what_the_others_do() {
    let settings = testing::settings();
    let simple = Sessions::new(Simple::default(), &settings).unwrap();
    let memory = Sessions::new(MemoryStore::default(), &settings).unwrap();
    let seen = story(&simple).await;
    assert_eq!(seen, story(&memory).await);
    assert!(
        seen[2].starts_with("cycle: set, key true, [(\"cart\""),
        "{seen:?}"
    );
    assert_eq!(seen[8], "read: removed, key false, []");
}

#[tokio::test]
async fn a_store_of_four_methods_deletes_and_keeps_the_dead_dead() {
    let store = Simple::default();
    let now = std::time::SystemTime::now();
    let key = SessionKey::parse("0123456789abcdef").unwrap();
    let new = SessionKey::parse("fedcba9876543210").unwrap();
    let second = Duration::from_secs(1);
    let record = Record::new(tenure::Data::new(), now + second);
    assert!(
        !store
            .touch(&key, now + second * 9, &Version::default())
            .await
            .unwrap()
    );
    store.create(&key, &record).await.unwrap();
    let touched = store
        .touch(&key, now + second * 9, &Version::default())
        .await;
    assert!(
        !touched.unwrap(),
        "it could overwrite what it cannot compare"
    );
    assert!(!store.delete_expired(&key, now).await.unwrap());
    let renamed = store.rename(&key, &new, &record, &Version::default()).await;
    assert!(matches!(renamed, Ok(tenure::store::Renamed::Renamed(_))));
    let renamed = store.rename(&key, &new, &record, &Version::default()).await;
    assert!(matches!(renamed, Ok(tenure::store::Renamed::Gone)));
    assert!(store.load(&key).await.unwrap().is_none());
    assert!(store.delete_expired(&new, now + second).await.unwrap());
    assert!(matches!(
        store.scan(None, 1).await,
        Err(StoreError::Unsupported {
            engine: "simple",
            ..
        })
    ));
}
