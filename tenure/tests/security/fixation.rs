//! A key that somebody else knows opens nothing.

use std::{sync::Arc, time::SystemTime};

use tenure::{
    Sessions,
    system::{RandomError, System},
    testing::{self, MemoryStore},
};

use crate::{places, site::Site};

/// Keys that an attacker could plant: well formed, and as Django would draw them.
const PLANTED: [&str; 3] = [
    "sessionid=k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f",
    "sessionid=attacker",
    "sessionid=eyJjYXJ0IjoxfQ:1vKq3x:Jc0cJ3mZ8hO9cXr6Wb2w7y5t1u4v0aZ-eQ_rT3sLkMn",
];

#[tokio::test]
async fn r03_an_unknown_key_is_never_adopted_by_any_engine() {
    for place in places::without_servers().await {
        let name = place.name;
        let site = Site::new(place.sessions);
        for planted in PLANTED {
            let issued = site.get("/write", planted).await.cookie.unwrap();
            assert_ne!(issued, planted, "{name}");
            assert_eq!(site.sees(&issued).await, "cart=1", "{name}");
            assert_eq!(site.sees(planted).await, "", "{name}");
            let issued = site.get("/new-key", planted).await.cookie;
            assert_ne!(issued.as_deref(), Some(planted), "{name}");
        }
    }
}

#[tokio::test]
async fn r04_a_copied_cookie_is_dead_after_logout_on_any_engine() {
    for place in places::without_servers().await {
        let name = place.name;
        let site = Site::new(place.sessions);
        let cookie = site.visitor().await;
        assert_eq!(site.sees(&cookie).await, "cart=1", "{name}");
        assert_eq!(
            site.get("/log-out", &cookie).await.cookie.as_deref(),
            Some("")
        );
        assert_eq!(site.sees(&cookie).await, "", "{name}");
        let new = site.get("/write", &cookie).await.cookie.unwrap();
        assert_ne!(new, cookie, "{name}: its key is not taken up again");
        assert_eq!(site.sees(&cookie).await, "", "{name}");
    }
}

/// Where a flush leaves an empty key, whoever has an empty cookie has that session.
#[tokio::test]
async fn advisory_cve_2015_3982_no_visitor_shares_an_empty_or_a_short_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new(places::sqlite_in(folder.path()).await);
    // The handler finds no key after its flush.
    let first = site.visitor().await;
    assert_eq!(site.get("/log-out", &first).await.status, 200);
    site.visitor().await;
    let table = rusqlite::Connection::open(folder.path().join("site.sqlite3")).unwrap();
    for key in ["", "1", "1234567"] {
        let renamed = table.execute("UPDATE django_session SET session_key = ?1", [key]);
        assert_eq!(renamed.unwrap(), 1);
        for cookie in [format!("sessionid={key}"), format!("sessionid=\"{key}\"")] {
            assert_eq!(site.sees(&cookie).await, "", "{cookie}");
        }
    }
}

#[derive(Debug)]
struct NoRandomness;

impl System for NoRandomness {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
    fn fill_random(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError::new("no entropy"))
    }
}

#[tokio::test]
async fn r01_without_randomness_nobody_gets_a_key() {
    let settings = testing::settings();
    let store = MemoryStore::default();
    let sessions = Sessions::with_system(store, &settings, Arc::new(NoRandomness)).unwrap();
    let site = Site::new(sessions.clone());
    for path in ["/write", "/short"] {
        let seen = site.get(path, "").await;
        assert!(seen.status >= 500, "{path}: {}", seen.status);
        assert_eq!(seen.cookie, None, "{path}");
    }
    assert!(sessions.store().scan(None, 10).await.unwrap().is_empty());
}
