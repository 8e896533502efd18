//! One reader of a cold session goes to the database; the others wait for what it puts into the cache.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

/// The keys that are being read from the database at the moment.
#[derive(Debug, Default)]
pub(super) struct Flights {
    under_way: Mutex<HashMap<String, Arc<Notify>>>,
    landed: AtomicU64,
}

/// The only reader of a key. Those who wait for it go on when it is dropped, whatever came of it.
pub(super) struct Leader<'a> {
    flights: &'a Flights,
    key: &'a str,
}

impl Flights {
    fn under_way(&self) -> MutexGuard<'_, HashMap<String, Arc<Notify>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many have come back. To be asked before the cache is.
    pub(super) fn landed(&self) -> u64 {
        self.landed.load(Ordering::Acquire)
    }

    /// Makes the caller the reader of `key`, unless there was one since `landed`: then the cache is to be asked again, as soon as this
    /// gives `None`.
    ///
    /// The other one's answer is not handed on: the row may have been changed since it was read, by somebody whose change whoever waits
    /// must see.
    pub(super) async fn board<'a>(&'a self, key: &'a str, landed: u64) -> Option<Leader<'a>> {
        let present = {
            let mut under_way = self.under_way();
            match under_way.get(key) {
                Some(present) => Arc::clone(present).notified_owned(),
                None if self.landed() != landed => return None,
                None => {
                    under_way.insert(key.to_owned(), Arc::default());
                    return Some(Leader { flights: self, key });
                }
            }
        };
        present.await;
        None
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way();
        let flight = under_way.remove(self.key);
        self.flights.landed.fetch_add(1, Ordering::AcqRel);
        drop(under_way);
        if let Some(flight) = flight {
            flight.notify_waiters();
        }
    }
}
