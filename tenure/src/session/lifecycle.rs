//! Loading, saving, ending a session, and giving it a new key: everything that reaches the store.

use std::{sync::Arc, time::Instant};

use super::{Inner, LazySession, Session, State, Stored};
use crate::{
    changes::Changes,
    error::{SessionError, StoreError},
    key::SessionKey,
    moment::Moment,
    record::{Record, Version},
    store::{Created, Renamed, Saved},
};

impl LazySession {
    /// Asks the store, unless that has happened in this request already, and gives the session.
    ///
    /// A key that is unknown, expired or malformed counts as none: the session is empty then. An expired record that is met here is
    /// deleted.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] if the store cannot tell. That is not "no session": the visitor's cookie stays.
    ///
    /// # Example
    ///
    /// See [`LazySession`].
    pub async fn load(&self) -> Result<Session, SessionError> {
        let _one_at_a_time = self.0.io.lock().await;
        self.0.state().accessed = true;
        if !self.0.state().loaded {
            let found = self.0.find().await?;
            let mut state = self.0.state();
            match found {
                Found::Nothing => {}
                Found::One(key, record) => state.adopt(key, record),
                Found::Several => state.ambiguous = true,
            }
            state.loaded = true;
        }
        Ok(Session(Arc::clone(&self.0)))
    }
}

/// What became of the keys that a request offers.
enum Found {
    Nothing,
    One(SessionKey, Record),
    Several,
}

impl State {
    fn adopt(&mut self, key: SessionKey, record: Record) {
        self.data = record.data;
        self.stored = Some(Stored {
            key,
            version: record.version,
            expires_at: record.expires_at.into(),
            damaged: record.damage.is_some(),
        });
    }

    /// The store now holds exactly what is in memory.
    fn kept(&mut self, key: SessionKey, version: Version, expires_at: Moment, now: Moment) {
        // An end that this request has set in the past is its own doing, not that of another one.
        let expires_at = if expires_at <= now {
            Moment::LAST
        } else {
            expires_at
        };
        self.stored = Some(Stored {
            key,
            version,
            expires_at,
            damaged: false,
        });
        self.modified = false;
        self.cookie_due = true;
    }
}

/// The changes that a save has taken up. Given back if it does not succeed, also when its future is dropped.
struct Taken<'a> {
    inner: &'a Inner,
    changes: Changes,
}

impl<'a> Taken<'a> {
    fn nothing(inner: &'a Inner) -> Self {
        Self {
            inner,
            changes: Changes::default(),
        }
    }

    /// Takes up what was changed since, too, and plans to write all of it.
    fn plan(&mut self) -> Plan {
        let mut state = self.inner.state();
        self.changes.append(std::mem::take(&mut state.changes));
        self.inner.plan(&state)
    }

    /// Looks again: another request may have prolonged the session.
    async fn refresh(&mut self) -> Result<(), SessionError> {
        let key = self
            .inner
            .state()
            .stored
            .as_ref()
            .map(|stored| stored.key.clone());
        let Some(key) = key else { return Ok(()) };
        let current = self.inner.shared.store.load(&key).await?;
        self.merge(key, current)
    }

    /// Takes what another request has stored, and does this request's changes again on it.
    fn merge(&mut self, key: SessionKey, current: Option<Record>) -> Result<(), SessionError> {
        let now = self.inner.shared.now();
        let alive = current.filter(|current| Moment::from(current.expires_at) > now);
        let Some(mut current) = alive else {
            self.inner.state().interrupted = true;
            return Err(SessionError::Interrupted);
        };
        let value_error = |(key, source)| SessionError::Value { key, source };
        self.changes.apply(&mut current.data).map_err(value_error)?;
        loop {
            // What clones of the handle have changed while the store was asked. Closures of `update` run without the lock, so that
            // they may look at the session.
            let newer = {
                let mut state = self.inner.state();
                if state.changes.is_empty() {
                    state.adopt(key, current);
                    return Ok(());
                }
                std::mem::take(&mut state.changes)
            };
            let applied = newer.apply(&mut current.data).map_err(value_error);
            self.changes.append(newer);
            applied?;
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        let newer = std::mem::replace(&mut state.changes, std::mem::take(&mut self.changes));
        state.changes.append(newer);
    }
}

/// What a save writes, and over what.
struct Plan {
    record: Record,
    expires_at: Moment,
    stored: Option<(SessionKey, Version)>,
}

impl Inner {
    /// The one live session among the keys that the request offers.
    ///
    /// Several cookies of our name mean that a neighbour domain has set one too. Which one comes first says nothing about whose it is
    /// (RFC 6265, section 4.2.2), so if more than one is live, none of them counts.
    async fn find(&self) -> Result<Found, SessionError> {
        let Some(first) = &self.offered.first else {
            return Ok(Found::Nothing);
        };
        let mut found = match self.find_live(first).await? {
            Some(record) => Found::One(first.clone(), record),
            None => Found::Nothing,
        };
        for key in &self.offered.others {
            if let Some(record) = self.find_live(key).await? {
                if matches!(found, Found::One(..)) {
                    tracing::warn!("two live sessions in one request: it counts as anonymous");
                    return Ok(Found::Several);
                }
                found = Found::One(key.clone(), record);
            }
        }
        Ok(found)
    }

    async fn find_live(&self, key: &SessionKey) -> Result<Option<Record>, SessionError> {
        let store = &self.shared.store;
        let Some(record) = store.load(key).await? else {
            return Ok(None);
        };
        let now = self.shared.system.now();
        if Moment::from(record.expires_at) <= Moment::from(now) {
            // Whoever comes next would find the same, and a sweep may be far off. Failing here would not make it any less expired.
            if let Err(error) = store.delete_expired(key, now).await {
                tracing::warn!(%error, session = self.shared.tag(key), "an expired session could not be deleted");
            }
            return Ok(None);
        }
        if let Some(damage) = record.damage {
            tracing::warn!(
                engine = store.engine(),
                session = self.shared.tag(key),
                "session data corrupted: {damage}; it counts as empty"
            );
        }
        Ok(Some(record))
    }

    fn plan(&self, state: &State) -> Plan {
        let expires_at = self
            .shared
            .rules
            .date(self.stored_expiry(state), self.shared.now());
        Plan {
            record: Record::new(state.data.clone(), expires_at.into()),
            expires_at,
            stored: state
                .stored
                .as_ref()
                .map(|stored| (stored.key.clone(), stored.version.clone())),
        }
    }

    /// Writes the session: creates it if nothing is stored, else compares and swaps, moving to a new key if `new_key`.
    ///
    /// Must be called with `io` locked.
    async fn write(&self, new_key: bool) -> Result<(), SessionError> {
        self.state().writable()?;
        let mut taken = Taken::nothing(self);
        let store = &self.shared.store;
        let started = Instant::now();
        loop {
            if self.expired_meanwhile() {
                taken.refresh().await?;
            }
            let plan = taken.plan();
            let merge = match plan.stored {
                None => {
                    let key = SessionKey::generate(&*self.shared.system)?;
                    match store.create(&key, &plan.record).await? {
                        Created::Created(version) => {
                            let mut state = self.state();
                            state.kept(key, version, plan.expires_at, self.shared.now());
                            state.key_changed = true;
                            break;
                        }
                        Created::Taken => None,
                    }
                }
                Some((old, version)) if new_key => {
                    let key = SessionKey::generate(&*self.shared.system)?;
                    match store.rename(&old, &key, &plan.record, &version).await? {
                        Renamed::Renamed(version) => {
                            let mut state = self.state();
                            state.kept(key, version, plan.expires_at, self.shared.now());
                            state.key_changed = true;
                            break;
                        }
                        Renamed::Conflict(current) => Some((old, Some(current))),
                        Renamed::Gone => Some((old, None)),
                        Renamed::Taken => None,
                    }
                }
                Some((key, version)) => match store.save(&key, &plan.record, &version).await? {
                    Saved::Saved(version) => {
                        self.state()
                            .kept(key, version, plan.expires_at, self.shared.now());
                        break;
                    }
                    Saved::Conflict(current) => Some((key, Some(current))),
                    Saved::Gone => Some((key, None)),
                },
            };
            if let Some((key, current)) = merge {
                taken.merge(key, current)?;
            }
            if started.elapsed() > store.deadline() {
                return Err(StoreError::Contended {
                    after: started.elapsed(),
                }
                .into());
            }
            tokio::task::yield_now().await;
        }
        taken.changes = Changes::default();
        Ok(())
    }

    /// Whether the session's end, as this request loaded it, has passed while the request went on.
    fn expired_meanwhile(&self) -> bool {
        let now = self.shared.now();
        self.state()
            .stored
            .as_ref()
            .is_some_and(|stored| stored.expires_at <= now)
    }
}

impl Session {
    /// Writes the session now rather than at the end of the request. Creates it if it has no key yet, also without data.
    ///
    /// Needed only where the end of the request is too late: before a redirect to another server that looks at once, or after the
    /// response has been sent, in a stream or a socket.
    ///
    /// # Errors
    ///
    /// [`SessionError::Interrupted`] if another request has ended the session: it is not brought back. [`SessionError::Store`] if the
    /// store cannot write; the changes stay in memory. [`SessionError::ResponseSent`] if the visitor could not learn the new key any
    /// more.
    ///
    /// # Example
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let session = tenure::testing::session().await;
    /// session.insert("order", 42)?;
    /// session.save().await?;
    /// # Ok::<(), tenure::SessionError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn save(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.io.lock().await;
        if self.0.state().interrupted {
            return Err(SessionError::Interrupted);
        }
        self.0.write(false).await
    }

    /// Ends the session: its data is gone, its key is dead, and the response removes the cookie. What logout does.
    ///
    /// It takes effect at once and stands whatever becomes of the response. Values set afterwards begin a new session.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] if the store cannot delete; the session is as it was then.
    ///
    /// # Example
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let session = tenure::testing::session().await;
    /// session.insert("user_id", 7)?;
    /// session.flush().await?;
    /// assert!(session.is_empty());
    /// # Ok::<(), tenure::SessionError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn flush(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.io.lock().await;
        let ambiguous = self.0.state().ambiguous;
        let offered = self.0.offered.first.iter().chain(&self.0.offered.others);
        // Of several live sessions none counts, so it cannot be told which one is meant: all of them end.
        for key in offered.filter(|_| ambiguous).chain(&self.key()) {
            self.0.shared.store.delete(key).await?;
        }
        let mut state = self.0.state();
        let closed = state.closed;
        *state = State {
            loaded: true,
            closed,
            ..State::default()
        };
        Ok(())
    }

    /// Gives the session a new key and keeps its data; the old key is dead. Against fixation: call it when a visitor's rights change.
    /// [`login`](crate::auth::login) does.
    ///
    /// # Errors
    ///
    /// [`SessionError::Interrupted`] if another request has ended the session, [`SessionError::Store`] if the store cannot write: the
    /// old key stays in use then.
    ///
    /// # Example
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let session = tenure::testing::session().await;
    /// session.insert("cart", [1, 2])?;
    /// session.save().await?;
    /// let before = session.key();
    /// session.cycle_key().await?;
    /// assert_ne!(session.key(), before);
    /// assert_eq!(session.get("cart")?, Some(vec![1, 2]));
    /// # Ok::<(), tenure::SessionError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn cycle_key(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.io.lock().await;
        let (interrupted, closed) = {
            let state = self.0.state();
            (state.interrupted, state.closed)
        };
        if interrupted {
            return Err(SessionError::Interrupted);
        }
        if closed {
            return Err(SessionError::ResponseSent);
        }
        self.0.write(true).await
    }

    /// Writes what changed, for the end of the request. Must not be called by handlers.
    pub(super) async fn write_changes(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.io.lock().await;
        self.0.write(false).await
    }

    /// Moves the end of the session to `expires_at`, touching nothing else.
    ///
    /// Nothing happens if another request has saved or ended it meanwhile: its end is as that one left it.
    pub(super) async fn touch(&self, mut expires_at: Moment) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.io.lock().await;
        // Its end may have passed while the handler worked: moving the date of the row, which still lies there, would revive it.
        if self.0.expired_meanwhile() {
            match Taken::nothing(&self.0).refresh().await {
                Err(SessionError::Interrupted) => return Ok(()),
                refreshed => refreshed?,
            }
            let expiry = self.0.stored_expiry(&self.0.state());
            expires_at = self.0.shared.rules.date(expiry, self.0.shared.now());
        }
        let stored = {
            let state = self.0.state();
            let stored = state.stored.as_ref();
            stored.map(|stored| (stored.key.clone(), stored.version.clone()))
        };
        let Some((key, version)) = stored else {
            return Ok(());
        };
        let store = &self.0.shared.store;
        let moved = store.touch(&key, expires_at.into(), &version).await?;
        let mut state = self.0.state();
        if moved && let Some(stored) = &mut state.stored {
            stored.expires_at = expires_at;
            state.cookie_due = true;
        }
        Ok(())
    }
}
