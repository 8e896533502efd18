//! Writing: compare and swap, and on a conflict doing this request's changes again on what another one has stored.

use std::time::Instant;

use super::{Inner, Session, Shared, State, Stored, transport};
use crate::{
    changes::Changes,
    data::Data,
    error::{SessionError, StoreError},
    events::Suspicion,
    key::SessionKey,
    moment::Moment,
    record::{Record, Version},
    store::{Created, Renamed, Saved},
};

impl State {
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
            limits_missing: false,
            damaged: false,
            by_fallback: false,
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
    fn plan(&mut self, now: Moment) -> Result<Plan, SessionError> {
        let mut state = self.inner.state();
        self.inner.bind_if_free(&mut state)?;
        self.inner.note_begin(&mut state);
        self.changes.append(std::mem::take(&mut state.changes));
        Ok(self.inner.plan(&state, now))
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
        let shared = &self.inner.shared;
        let alive = current.filter(|current| shared.ends_at(current) > now);
        let Some(mut current) = alive else {
            self.inner.state().interrupted = true;
            shared.suspicious(Some(&key), Suspicion::Interrupted);
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
                    self.inner.adopt(&mut state, key, current);
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

impl Shared {
    /// Refuses what is too large to be kept, before the store is asked, and so with the stored session left as it is.
    fn check_limits(&self, data: &Data) -> Result<(), SessionError> {
        let (keys, size) = (data.len(), data.json_len());
        if let Some(limit) = self.max_keys.filter(|most| keys > *most) {
            return Err(SessionError::TooManyKeys { keys, limit });
        }
        let limit = self.max_size;
        if size > limit {
            return Err(SessionError::TooLarge { size, limit });
        }
        Ok(())
    }
}

impl Inner {
    fn plan(&self, state: &State, now: Moment) -> Plan {
        let mut expires_at = self.terms(state).date(now);
        if let Some(stored) = state.stored.as_ref().filter(|_| state.passive) {
            expires_at = expires_at.min(stored.expires_at);
        }
        let mut data = state.data.clone();
        transport::mark(&mut data, self.transport(state));
        Plan {
            record: Record::new(data, expires_at.into()),
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
    pub(super) async fn write(&self, new_key: bool) -> Result<(), SessionError> {
        if self.client.plaintext {
            return Err(SessionError::Plaintext);
        }
        let store = &self.shared.store;
        let closed = {
            let state = self.state();
            state.writable()?;
            state.closed
        };
        // What is written would be in a cookie that cannot be sent any more.
        if closed && store.powers().in_key {
            return Err(SessionError::ResponseSent);
        }
        let mut taken = Taken::nothing(self);
        let mut contended = None;
        loop {
            let mut now = self.shared.now();
            if self.expired_meanwhile(now) {
                taken.refresh().await?;
                now = self.shared.now();
            }
            let plan = taken.plan(now)?;
            self.shared.check_limits(&plan.record.data)?;
            let merge = match plan.stored {
                None => {
                    let key = SessionKey::generate(&*self.shared.system)?;
                    match store.create(&key, &plan.record).await? {
                        Created::Created(version) => {
                            self.tell_created(&key);
                            let mut state = self.state();
                            state.kept(key, version, plan.expires_at, now);
                            state.key_changed = true;
                            break;
                        }
                        Created::Rekeyed(key) => {
                            self.tell_created(&key);
                            self.rekeyed(key, plan.expires_at, now);
                            break;
                        }
                        Created::Taken => None,
                    }
                }
                Some((old, version)) if new_key => {
                    let key = SessionKey::generate(&*self.shared.system)?;
                    match store.rename(&old, &key, &plan.record, &version).await? {
                        Renamed::Renamed(version) => {
                            self.tell_cycled(&key, &old);
                            {
                                let mut state = self.state();
                                state.kept(key.clone(), version, plan.expires_at, now);
                                state.key_changed = true;
                            }
                            self.entry_moves(&old, &key).await;
                            break;
                        }
                        Renamed::Rekeyed(key) => {
                            self.tell_cycled(&key, &old);
                            self.rekeyed(key, plan.expires_at, now);
                            break;
                        }
                        Renamed::Conflict(current) => Some((old, Some(current))),
                        Renamed::Gone => Some((old, None)),
                        Renamed::Taken => None,
                    }
                }
                Some((key, version)) => match store.save(&key, &plan.record, &version).await? {
                    Saved::Saved(version) => {
                        self.state().kept(key, version, plan.expires_at, now);
                        break;
                    }
                    Saved::Rekeyed(key) => {
                        self.rekeyed(key, plan.expires_at, now);
                        break;
                    }
                    Saved::Conflict(current) => Some((key, Some(current))),
                    Saved::Gone => Some((key, None)),
                },
            };
            if let Some((key, current)) = merge {
                if current.is_some() {
                    let shared = &self.shared;
                    shared.tell(|events| events.conflict(shared.tag(&key)));
                }
                taken.merge(key, current)?;
            }
            let after = contended.get_or_insert_with(Instant::now).elapsed();
            if after > store.deadline() {
                return Err(StoreError::Contended { after }.into());
            }
            tokio::task::yield_now().await;
        }
        taken.changes = Changes::default();
        Ok(())
    }

    fn tell_created(&self, key: &SessionKey) {
        let shared = &self.shared;
        shared.tell(|events| events.created(shared.tag(key)));
    }

    fn tell_cycled(&self, key: &SessionKey, before: &SessionKey) {
        let shared = &self.shared;
        shared.tell(|events| events.cycled(shared.tag(key), shared.tag(before)));
    }

    /// The session is its key, so the visitor must learn the new one, or what was written is lost.
    fn rekeyed(&self, key: SessionKey, expires_at: Moment, now: Moment) {
        let mut state = self.state();
        state.kept(key, Version::default(), expires_at, now);
        state.key_changed = true;
    }

    /// Whether the session's end, as this request loaded it, has passed while the request went on.
    fn expired_meanwhile(&self, now: Moment) -> bool {
        self.state()
            .stored
            .as_ref()
            .is_some_and(|stored| stored.expires_at <= now)
    }
}

impl Session {
    /// Writes what changed, for the end of the request. Must not be called by handlers.
    pub(super) async fn write_changes(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.alone().await;
        self.0.write(false).await
    }

    /// Writes the session as it is, and with the end that it has, because an older secret has signed it.
    ///
    /// Nothing happens if another request has written or ended it meanwhile: that one has signed it. Nor is anything lost if it fails; the
    /// next request tries again.
    pub(super) async fn sign_anew(&self) {
        let _one_at_a_time = self.0.alone().await;
        let planned = {
            let state = self.0.state();
            state.stored.as_ref().map(|stored| {
                let mut record = Record::new(state.data.clone(), stored.expires_at.into());
                record.by_fallback = true;
                (stored.key.clone(), stored.version.clone(), record)
            })
        };
        let Some((key, version, record)) = planned else {
            return;
        };
        let shared = &self.0.shared;
        let saved = shared.store.save(&key, &record, &version).await;
        let mut state = self.0.state();
        let Some(stored) = &mut state.stored else {
            return;
        };
        match saved {
            Ok(Saved::Saved(version)) => {
                stored.version = version;
                stored.by_fallback = false;
            }
            Ok(Saved::Rekeyed(key)) => {
                stored.key = key;
                stored.by_fallback = false;
                state.cookie_due = true;
            }
            Ok(Saved::Conflict(_) | Saved::Gone) => {}
            Err(error) => {
                let session = shared.tag(&key);
                tracing::warn!(%error, %session, "a session could not be signed with the new secret");
            }
        }
    }

    /// Moves the end of the session to `expires_at`, touching nothing else.
    ///
    /// Nothing happens if another request has saved or ended it meanwhile: its end is as that one left it.
    pub(super) async fn touch(&self, mut expires_at: Moment) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.alone().await;
        // A session that is its key has no date beside it that could be moved.
        if self.0.shared.store.powers().in_key {
            return match self.0.write(false).await {
                Err(SessionError::Interrupted) => Ok(()),
                written => written,
            };
        }
        // Its end may have passed while the handler worked: moving the date of the row, which still lies there, would revive it.
        if self.0.expired_meanwhile(self.0.shared.now()) {
            match Taken::nothing(&self.0).refresh().await {
                Err(SessionError::Interrupted) => return Ok(()),
                refreshed => refreshed?,
            }
            expires_at = self.0.terms(&self.0.state()).date(self.0.shared.now());
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
        if moved {
            let shared = &self.0.shared;
            shared.tell(|events| events.touched(shared.tag(&key)));
        }
        let mut state = self.0.state();
        if moved && let Some(stored) = &mut state.stored {
            stored.expires_at = expires_at;
            state.cookie_due = true;
        }
        Ok(())
    }
}
