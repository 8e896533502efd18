//! What the README promises about a request that does not touch its session.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use bench::{
    Case,
    allocations::{Around, added},
    case::CASES,
    contestant::Contestant,
    tenure::Tenure,
};
use tenure::{
    Record, SessionKey, StoreError, Version,
    store::{Created, Saved, SessionStore},
    testing::MemoryStore,
};

/// Memory that counts how often it is asked.
struct Asked {
    memory: MemoryStore,
    calls: Arc<AtomicUsize>,
}

impl Asked {
    fn count(&self) -> &MemoryStore {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.memory
    }
}

impl SessionStore for Asked {
    fn engine(&self) -> &'static str {
        "memory"
    }
    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.count().load(key).await
    }
    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.count().create(key, record).await
    }
    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.count().save(key, record, base).await
    }
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.count().delete(key).await
    }
    async fn touch(&self, key: &SessionKey, expires_at: SystemTime) -> Result<bool, StoreError> {
        self.count().touch(key, expires_at).await
    }
}

fn case(name: &str) -> Case {
    *CASES.iter().find(|case| case.name == name).unwrap()
}

fn tenure_adds(around: Around, name: &str) -> i64 {
    let tenure = Tenure::new().unwrap();
    let cost = added(&tenure, around, &case(name)).unwrap();
    cost.allocations.exactly().unwrap()
}

#[test]
fn an_untouched_session_without_a_cookie_takes_at_most_two_allocations() {
    assert!(tenure_adds(Around::Axum, "no cookie, session untouched") <= 2);
}

#[test]
fn an_untouched_session_with_a_cookie_takes_at_most_four_allocations() {
    assert!(tenure_adds(Around::Axum, "cookie, session untouched") <= 4);
}

#[test]
fn an_untouched_session_makes_no_store_call() {
    let calls = Arc::new(AtomicUsize::new(0));
    let tenure = Tenure::over(Asked {
        memory: MemoryStore::default(),
        calls: Arc::clone(&calls),
    })
    .unwrap();
    let before = calls.load(Ordering::Relaxed);
    for name in ["no cookie, session untouched", "cookie, session untouched"] {
        tenure.bare(&case(name)).unwrap();
        tenure.axum(&case(name)).unwrap();
    }
    assert_eq!(calls.load(Ordering::Relaxed), before);
    tenure.axum(&case("cookie, one key read")).unwrap();
    assert!(calls.load(Ordering::Relaxed) > before);
}
