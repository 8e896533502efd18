//! A request that does not touch its session.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use counts::{
    Case,
    allocations::{Around, Cost, added},
    case::CASES,
    contestant::{Contestant, EmptyLayer},
    tenure::Tenure,
};
use tenure::{
    Record, SessionKey, Sessions, StoreError, Version,
    store::{Created, Saved, SessionStore},
    system::{OperatingSystem, RandomError, System},
    testing::{MemoryStore, settings},
};

/// A store and a clock that count how often they are asked.
#[derive(Clone, Debug, Default)]
struct Asked {
    memory: Arc<MemoryStore>,
    store: Arc<AtomicUsize>,
    clock: Arc<AtomicUsize>,
}

impl Asked {
    fn count(&self) -> &MemoryStore {
        self.store.fetch_add(1, Ordering::Relaxed);
        &self.memory
    }

    /// Calls to the store and to the clock.
    fn counts(&self) -> (usize, usize) {
        (
            self.store.load(Ordering::Relaxed),
            self.clock.load(Ordering::Relaxed),
        )
    }
}

impl System for Asked {
    fn now(&self) -> SystemTime {
        self.clock.fetch_add(1, Ordering::Relaxed);
        OperatingSystem.now()
    }
    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        OperatingSystem.fill_random(bytes)
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
    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        self.count().touch(key, expires_at, base).await
    }
}

fn case(name: &str) -> Case {
    *CASES.iter().find(|case| case.name == name).unwrap()
}

const NO_COOKIE: &str = "no cookie, untouched";
const COOKIE: &str = "cookie, untouched";

fn adds(contestant: &dyn Contestant, around: Around, name: &str) -> i64 {
    let cost = added(contestant, around, &case(name)).unwrap();
    cost.allocations.exactly().unwrap()
}

/// The handle, and its place in the request's `Extensions`. The cookie's key lives inside the handle.
#[test]
fn an_untouched_session_takes_two_allocations() {
    let tenure = Tenure::new().unwrap();
    for name in [NO_COOKIE, COOKIE] {
        assert_eq!(adds(&tenure, Around::Extended, name), 2, "{name}");
    }
}

/// The first value in `Extensions` pays for the map and its table.
#[test]
fn an_untouched_session_in_an_empty_request_takes_two_more() {
    let tenure = Tenure::new().unwrap();
    for name in [NO_COOKIE, COOKIE] {
        assert_eq!(adds(&tenure, Around::Bare, name), 4, "{name}");
    }
}

/// The fourth value in `Extensions`, where axum has put three, makes its table grow.
#[test]
fn an_untouched_session_takes_one_more_in_axum_than_alone() {
    let tenure = Tenure::new().unwrap();
    for name in [NO_COOKIE, COOKIE] {
        let own = adds(&tenure, Around::Axum, name) - adds(&EmptyLayer, Around::Axum, name);
        assert!(own <= 3, "{name}: {own}");
    }
}

#[test]
fn an_untouched_session_asks_neither_the_store_nor_the_clock() {
    let asked = Asked::default();
    let sessions =
        Sessions::with_system(asked.clone(), &settings(), Arc::new(asked.clone())).unwrap();
    let tenure = Tenure::with(sessions).unwrap();
    let before = asked.counts();
    for name in [NO_COOKIE, COOKIE] {
        Cost::of(tenure.bare(&case(name)).unwrap()).unwrap();
        Cost::of(tenure.axum(&case(name)).unwrap()).unwrap();
    }
    assert_eq!(asked.counts(), before);
    let read = case("cookie, one key read");
    Cost::of(tenure.axum(&read).unwrap()).unwrap();
    let (store, clock) = asked.counts();
    assert!(store > before.0 && clock > before.1);
}
