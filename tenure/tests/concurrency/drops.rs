//! A client that goes away: the future of a save is dropped at every point where it can be.

use std::{future::Future, pin::pin, task::Poll};

use tenure::{
    Record, SessionKey, Sessions, StoreError, Version,
    engine::db::SqliteStore,
    store::{Created, Renamed, Saved, SessionStore},
    testing::{self, MemoryStore},
};

use crate::{
    site::{Site, request, respond, stored, values, visitor},
    stage::Stage,
};

/// Runs `future` until it has been polled `polls` times, then drops it; tells whether it came to its end.
async fn polled(future: impl Future, polls: usize) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Memory that takes a while to be asked and a while to answer.
#[derive(Clone)]
struct Slow(Stage<MemoryStore>);

impl SessionStore for Slow {
    fn engine(&self) -> &'static str {
        "slow"
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        tokio::task::yield_now().await;
        let answer = self.0.load(key).await;
        tokio::task::yield_now().await;
        answer
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        tokio::task::yield_now().await;
        let answer = self.0.create(key, record).await;
        tokio::task::yield_now().await;
        answer
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        tokio::task::yield_now().await;
        let answer = self.0.save(key, record, base).await;
        tokio::task::yield_now().await;
        answer
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        tokio::task::yield_now().await;
        let answer = self.0.delete(key).await;
        tokio::task::yield_now().await;
        answer
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        tokio::task::yield_now().await;
        let answer = self.0.rename(old, new, record, base).await;
        tokio::task::yield_now().await;
        answer
    }
}

/// Drops a save after `polls` polls. The row is the old or the new one; the handle still knows what it changed.
async fn drop_a_save(sessions: &Sessions, polls: usize, at_the_end: bool) -> bool {
    let cookie = visitor(sessions, &[("old", 0)]).await;
    let (lazy, session) = request(sessions, &cookie).await;
    session.insert("new", 1).unwrap();
    session.remove_key("old").unwrap();
    let done = if at_the_end {
        polled(sessions.finish(&lazy, 200), polls).await
    } else {
        polled(session.save(), polls).await
    };
    let now = stored(sessions, &cookie).await;
    assert!(
        now == values(&[("old", 0)]) || now == values(&[("new", 1)]),
        "half a row after {polls} polls: {now:?}"
    );
    session.insert("later", 2).unwrap();
    session.save().await.unwrap();
    let expected = values(&[("later", 2), ("new", 1)]);
    assert_eq!(stored(sessions, &cookie).await, expected, "{polls} polls");
    respond(sessions, &lazy).await.unwrap();
    done
}

async fn drop_at_every_poll(sessions: &Sessions) {
    for at_the_end in [false, true] {
        let mut polls = 0;
        while !drop_a_save(sessions, polls, at_the_end).await {
            polls += 1;
        }
        assert!(polls >= 1, "nothing was dropped");
    }
}

#[tokio::test]
async fn a_save_dropped_at_any_poll_leaves_a_whole_row_and_loses_no_change() {
    let settings = testing::settings();
    let store = Slow(Stage::new(MemoryStore::default()));
    drop_at_every_poll(&Sessions::new(store, &settings).unwrap()).await;
}

#[tokio::test]
async fn a_save_to_sqlite_dropped_at_any_poll_leaves_a_whole_row_and_loses_no_change() {
    let site: Site<SqliteStore> = Site::sqlite(testing::settings()).await;
    for _ in 0..100 {
        drop_at_every_poll(&site.sessions).await;
    }
}

#[tokio::test]
async fn a_first_save_dropped_at_any_poll_can_be_done_again() {
    let stage = Stage::new(MemoryStore::default());
    let sessions = Sessions::new(Slow(stage), &testing::settings()).unwrap();
    let mut polls = 0;
    loop {
        let (lazy, session) = request(&sessions, "").await;
        session.insert("cart", 1).unwrap();
        let done = polled(session.save(), polls).await;
        let headers = respond(&sessions, &lazy).await.unwrap();
        let set_cookie = headers.set_cookie.unwrap();
        let cookie = set_cookie.split(';').next().unwrap();
        assert_eq!(stored(&sessions, cookie).await, values(&[("cart", 1)]));
        if done {
            break;
        }
        polls += 1;
    }
    assert!(polls >= 2);
}

#[tokio::test]
async fn a_load_dropped_at_any_poll_can_be_done_again() {
    let stage = Stage::new(MemoryStore::default());
    let sessions = Sessions::new(Slow(stage), &testing::settings()).unwrap();
    let cookie = visitor(&sessions, &[("cart", 1)]).await;
    let mut polls = 0;
    loop {
        let lazy = sessions.begin([cookie.as_bytes()]);
        let done = polled(lazy.load(), polls).await;
        let session = lazy.load().await.unwrap();
        assert_eq!(session.get::<u32>("cart").unwrap(), Some(1));
        if done {
            break;
        }
        polls += 1;
    }
    assert!(polls >= 2);
}

#[tokio::test]
async fn a_flush_dropped_at_any_poll_never_lets_the_session_be_written_again() {
    let stage = Stage::new(MemoryStore::default());
    let sessions = Sessions::new(Slow(stage.clone()), &testing::settings()).unwrap();
    let mut polls = 0;
    loop {
        let cookie = visitor(&sessions, &[("user", 7)]).await;
        let (_, session) = request(&sessions, &cookie).await;
        let done = polled(session.flush(), polls).await;
        let gone = stored(&sessions, &cookie).await.is_empty();
        session.insert("late", 1).unwrap();
        match session.save().await {
            Ok(()) if done => assert_ne!(
                format!("sessionid={}", session.key().unwrap().as_str()),
                cookie
            ),
            Ok(()) => assert!(!gone, "a dead session was written after {polls} polls"),
            Err(error) => assert!(gone && error.status() == 400),
        }
        if done {
            break;
        }
        polls += 1;
    }
    assert!(polls >= 2);
}
