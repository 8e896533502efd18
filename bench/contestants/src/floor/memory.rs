//! The process's memory: a map behind a lock. Values are shared, so that a read copies none.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Floor, end, now};
use crate::Error;

#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Sessions>>);

/// Each with the second in which it ends.
type Sessions = HashMap<Box<str>, (Arc<str>, i64)>;

impl Memory {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Floor for Memory {
    type Session = Arc<str>;

    async fn load(&self, key: &str) -> Result<Option<Arc<str>>, Error> {
        let now = now()?;
        let sessions = self.sessions();
        let live = sessions.get(key).filter(|(_, ends)| *ends > now);
        Ok(live.map(|(json, _)| Arc::clone(json)))
    }

    async fn swap(&self, key: &str, old: &Arc<str>, new: &str) -> Result<bool, Error> {
        let (new, ends) = (Arc::from(new), end()?);
        let mut sessions = self.sessions();
        let there = sessions.get_mut(key);
        let Some(session) = there.filter(|(json, _)| Arc::ptr_eq(json, old)) else {
            return Ok(false);
        };
        *session = (new, ends);
        Ok(true)
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        let session = (Arc::from(json), end()?);
        let mut sessions = self.sessions();
        let Entry::Vacant(free) = sessions.entry(key.into()) else {
            return Err("the key is taken".into());
        };
        free.insert(session);
        Ok(())
    }
}
