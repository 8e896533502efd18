//! Stores that take outages wrongly.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::{
    conformance::{Broken, Failed, outage},
    error::StoreError,
    key::SessionKey,
    middleware::Sessions,
    record::{Record, Version},
    store::{Created, Saved, SessionStore},
    testing::{self, MemoryStore},
};

/// What a store does while it is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Away {
    Fails,
    Hangs,
    FailsToWrite,
    /// It says that there is no session.
    SaysAbsent,
    /// It says that it has written.
    SaysDone,
    /// It is empty when it comes back.
    Forgets,
    /// It fails for ever, since it does not connect again.
    NeverRecovers,
    /// It fails later than its deadline, and holds the thread.
    Dawdles,
}

struct Server {
    store: Arc<MemoryStore>,
    away: Away,
    is_away: Arc<AtomicBool>,
}

impl Server {
    async fn call(&self, writes: bool) -> Result<(), StoreError> {
        if !self.is_away.load(Ordering::SeqCst) {
            return Ok(());
        }
        let fails = match self.away {
            Away::Hangs => std::future::pending().await,
            Away::Dawdles => {
                std::thread::sleep(Duration::from_secs(2));
                true
            }
            Away::FailsToWrite | Away::SaysAbsent => writes,
            Away::SaysDone => !writes,
            Away::Fails | Away::Forgets | Away::NeverRecovers => true,
        };
        if fails {
            let source = std::io::Error::other("connection refused");
            return Err(StoreError::unavailable("nothing listens", source));
        }
        Ok(())
    }
}

impl SessionStore for Server {
    fn engine(&self) -> &'static str {
        "server"
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.call(false).await?;
        if self.away == Away::SaysAbsent && self.is_away.load(Ordering::SeqCst) {
            return Ok(None);
        }
        self.store.load(key).await
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.call(true).await?;
        self.store.create(key, record).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        self.call(true).await?;
        self.store.save(key, record, base).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.call(true).await?;
        self.store.delete(key).await
    }
}

async fn examine(away: Away, broken: Broken) -> Result<(), Failed> {
    let is_away = Arc::new(AtomicBool::new(false));
    let store = Arc::new(MemoryStore::default());
    let server = Server {
        store: Arc::clone(&store),
        away,
        is_away: Arc::clone(&is_away),
    };
    let mut settings = testing::settings();
    settings.store_timeout = Duration::from_millis(50);
    let sessions = Sessions::new(server, &settings).unwrap();
    let heal = async || {
        is_away.store(away == Away::NeverRecovers, Ordering::SeqCst);
        if away == Away::Forgets {
            let end = SystemTime::now() + 2 * settings.cookie_age;
            store.clear_expired(end, usize::MAX).await.unwrap();
        }
    };
    let break_it = async || is_away.store(true, Ordering::SeqCst);
    outage(&sessions, broken, break_it, heal).await
}

#[tokio::test]
async fn a_store_that_takes_an_outage_for_one_passes() {
    examine(Away::Fails, Broken::Everything).await.unwrap();
    examine(Away::Hangs, Broken::Everything).await.unwrap();
    examine(Away::FailsToWrite, Broken::Writes).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_an_outage_wrongly_is_found() {
    for (away, why) in [
        (
            Away::SaysAbsent,
            "a request that reads, while the store is away, succeeds",
        ),
        (
            Away::SaysDone,
            "a request that writes, while the store is away, succeeds",
        ),
        (Away::Dawdles, "when the deadline is 50ms"),
        (Away::Forgets, "after the outage, the session holds []"),
        (
            Away::NeverRecovers,
            "20s after the outage, the store still fails",
        ),
    ] {
        let error = examine(away, Broken::Everything).await.unwrap_err();
        assert!(error.to_string().contains(why), "{away:?}: {error}");
    }
    let error = examine(Away::SaysDone, Broken::Writes).await.unwrap_err();
    assert!(error.to_string().contains("writes"), "{error}");
}
