//! Two logins at once, with one stopped at each of its calls to the store while the other runs to its end.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use tenure::{
    Record, SessionKey, Sessions, StoreError, Version,
    auth::User,
    settings::AtMaxSessions,
    store::{Created, Powers, Renamed, Saved, SessionStore},
    testing::{self, MemoryStore},
};

use crate::site::{Browser, Users, at_most, handles, listing};

type Other = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A store that lets another request run before its call with a certain number.
#[derive(Clone)]
struct Stopping {
    store: Arc<MemoryStore>,
    /// How many calls are still to come before it, and the request.
    other: Arc<Mutex<(usize, Option<Other>)>>,
}

impl Stopping {
    async fn call(&self) {
        let other = {
            let mut waits = self.other.lock().unwrap();
            match waits.0.checked_sub(1) {
                Some(left) => {
                    waits.0 = left;
                    None
                }
                None => waits.1.take(),
            }
        };
        if let Some(other) = other {
            other.await;
        }
    }

    /// Whether the other request has run.
    fn has_let_in(&self) -> bool {
        self.other.lock().unwrap().1.is_none()
    }
}

impl SessionStore for Stopping {
    fn engine(&self) -> &'static str {
        "stopping"
    }

    fn powers(&self) -> Powers {
        self.store.powers()
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.call().await;
        self.store.load(key).await
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.call().await;
        self.store.create(key, record).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.call().await;
        self.store.save(key, record, base).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.call().await;
        self.store.delete(key).await
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        self.call().await;
        self.store.rename(old, new, record, base).await
    }
}

/// Whether both browsers are logged in, after a login that let another one in before its call with this number; `None` if it has no such
/// call.
async fn two_logins(
    policy: AtMaxSessions,
    most: usize,
    users: &Users,
    ada: &User,
    number: usize,
) -> Option<[bool; 2]> {
    let settings = at_most(listing(testing::settings()), most, policy);
    let store = Stopping {
        store: Arc::default(),
        other: Arc::default(),
    };
    let sessions = Sessions::new(store.clone(), &settings).unwrap();
    let quick = Stopping {
        other: Arc::default(),
        ..store.clone()
    };
    let quick = Sessions::new(quick, &settings).unwrap();
    let mut before = Browser::logged_in(&quick, ada).await;
    let other = Arc::new(Mutex::new(Browser::default()));
    let (place, user, site) = (Arc::clone(&other), ada.clone(), quick.clone());
    *store.other.lock().unwrap() = (
        number,
        Some(Box::pin(async move {
            let mut browser = Browser::default();
            drop(browser.try_log_in(&site, &user).await);
            *place.lock().unwrap() = browser;
        })),
    );
    let mut slow = Browser::default();
    drop(slow.try_log_in(&sessions, ada).await);
    if !store.has_let_in() {
        return None;
    }
    let mut other = other.lock().unwrap().clone();
    let logged_in = [
        slow.visitor(&quick, users).await.is_some(),
        other.visitor(&quick, users).await.is_some(),
    ];
    let first = before.visitor(&quick, users).await.is_some();
    let all = logged_in.iter().filter(|is| **is).count() + usize::from(first);
    assert!(all <= most, "{policy:?}: {all} sessions at call {number}");
    assert_eq!(handles(&quick, ada).await.len(), all, "at call {number}");
    Some(logged_in)
}

#[tokio::test]
async fn r20_two_logins_at_once_are_never_too_many() {
    let users = Users::open().await;
    let ada = users.user("ada").await;
    let mut stops = 0;
    for (policy, most) in [
        (AtMaxSessions::EndOldest, 1),
        (AtMaxSessions::EndOldest, 2),
        (AtMaxSessions::Refuse, 1),
        (AtMaxSessions::Refuse, 2),
    ] {
        for number in 0.. {
            let Some([slow, other]) = two_logins(policy, most, &users, &ada, number).await else {
                break;
            };
            stops += 1;
            if policy == AtMaxSessions::EndOldest {
                assert!(slow || other, "nobody is logged in at call {number}");
            }
        }
    }
    assert!(stops > 4 * 4, "{stops}");
}
