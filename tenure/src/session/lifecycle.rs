//! Loading, saving, ending a session, and giving it a new key: everything that reaches the store.

use std::{sync::Arc, time::SystemTime};

use super::{Inner, LazySession, Session, Shared, State, Stored, binding::Compared, transport};
use crate::{
    error::SessionError,
    events::{EndReason, Suspicion},
    key::SessionKey,
    moment::Moment,
    record::Record,
    settings::Policy,
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
        let _one_at_a_time = self.0.alone().await;
        self.0.state().accessed = true;
        if !self.0.state().loaded {
            let found = self.0.find().await?;
            if let Found::One(key, _) = &found {
                let shared = &self.0.shared;
                shared.tell(|events| events.loaded(shared.tag(key)));
            }
            match found {
                Found::Nothing => {}
                Found::One(key, record) => self.0.receive(key, record).await?,
                Found::Several => self.0.state().ambiguous = true,
            }
            self.0.state().loaded = true;
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

impl Shared {
    /// When the session ends that the store has so, whatever else has written its date.
    pub(super) fn ends_at(&self, record: &Record) -> Moment {
        let (date, terms) = (
            record.expires_at.into(),
            self.rules.terms(&record.data, &self.zone),
        );
        // The clock is read only where it can matter.
        if terms.are_limited() {
            terms.end(date, self.now())
        } else {
            date
        }
    }
}

impl Inner {
    /// Takes the session that was found, unless it comes from elsewhere and ends for that.
    async fn receive(&self, key: SessionKey, record: Record) -> Result<(), SessionError> {
        let Compared {
            policy,
            by_fallback,
        } = self.compare(&key, &record.data);
        {
            let mut state = self.state();
            self.adopt(&mut state, key, record);
            state.must_log_in_again = policy == Policy::Ask;
            if by_fallback && policy == Policy::Off {
                self.bind(&mut state)?;
            }
        }
        if policy == Policy::End {
            // In a box, as whatever hardly ever happens here: what loads a session lies within every handler's future.
            Box::pin(self.end(EndReason::Elsewhere)).await?;
        }
        Ok(())
    }

    /// Takes what the store has.
    pub(super) fn adopt(&self, state: &mut State, key: SessionKey, record: Record) {
        let (ends, date) = (self.shared.ends_at(&record), record.expires_at.into());
        let damaged = record.damage.is_some();
        state.transport = transport::of(&record.data);
        state.data = record.data;
        let terms = self.terms(state);
        state.stored = Some(Stored {
            key,
            version: record.version,
            expires_at: ends,
            // Reading must not overwrite what somebody else may be able to read.
            limits_missing: !damaged
                && terms.are_limited()
                && terms.are_missing(date, self.shared.now()),
            damaged,
            by_fallback: record.by_fallback,
        });
    }

    /// The one live session among the keys that the request offers.
    ///
    /// Several cookies of our name mean that a neighbour domain has set one too. Which one comes first says nothing about whose it is
    /// (RFC 6265, section 4.2.2), so if more than one is live, none of them counts.
    async fn find(&self) -> Result<Found, SessionError> {
        let Some(first) = &self.offered.first else {
            if self.offered.key_sent {
                self.shared.suspicious(None, Suspicion::MalformedKey);
            }
            return Ok(Found::Nothing);
        };
        let mut found = match self.find_live(first).await? {
            Some(record) => Found::One(first.clone(), record),
            None => Found::Nothing,
        };
        for key in &self.offered.others {
            if let Some(record) = self.find_live(key).await? {
                if matches!(found, Found::One(..)) {
                    self.shared
                        .suspicious(Some(key), Suspicion::SeveralSessions);
                    return Ok(Found::Several);
                }
                found = Found::One(key.clone(), record);
            }
        }
        Ok(found)
    }

    /// Ends the session, which is gone then.
    ///
    /// Must be called with `io` locked.
    async fn end(&self, reason: EndReason) -> Result<(), SessionError> {
        let (ambiguous, own) = {
            let state = self.state();
            let own = state.stored.as_ref().map(|stored| stored.key.clone());
            (state.ambiguous, own)
        };
        let beside = self.forget().await?;
        let offered = self.offered.first.iter().chain(&self.offered.others);
        // Of several live sessions none counts, so it cannot be told which one is meant: all of them end.
        for key in offered.filter(|_| ambiguous).chain(&own) {
            let shared = &self.shared;
            if shared.store.delete(key).await? {
                shared.tell(|events| events.ended(shared.tag(key), reason));
            }
        }
        if let Some(own) = own {
            self.entry_goes(&own).await;
        }
        let mut state = self.state();
        let State {
            closed, passive, ..
        } = *state;
        *state = State {
            loaded: true,
            closed,
            passive,
            beside: beside.or(state.beside.take()),
            ..State::default()
        };
        Ok(())
    }

    /// Deletes a session that has ended. Whoever comes next would find the same, and a sweep may be far off. Failing here would not make it
    /// any less expired.
    async fn expire(&self, key: &SessionKey, record: &Record, now: SystemTime) {
        let (store, session) = (&self.shared.store, self.shared.tag(key));
        let deleted = if record.expires_at <= now {
            store.delete_expired(key, now).await
        } else {
            // A limit has ended it before the date that the store has.
            store.delete(key).await
        };
        if let Err(error) = deleted {
            tracing::warn!(%error, %session, "an expired session could not be deleted");
        }
        self.shared
            .tell(|events| events.ended(session, EndReason::Expired));
    }

    async fn find_live(&self, key: &SessionKey) -> Result<Option<Record>, SessionError> {
        let store = &self.shared.store;
        let Some(record) = store.load(key).await? else {
            self.shared.suspicious(Some(key), Suspicion::UnknownKey);
            return Ok(None);
        };
        let now = self.shared.system.now();
        if self.shared.ends_at(&record) <= Moment::from(now) {
            Box::pin(self.expire(key, &record, now)).await;
            return Ok(None);
        }
        if let Some(damage) = record.damage {
            self.shared
                .suspicious(Some(key), Suspicion::Damaged(damage));
        }
        let travels = transport::of(&record.data);
        if self.offered.came.is_some_and(|came| travels != Some(came)) {
            // It is left alone: whoever it was given to has done nothing wrong.
            self.shared.suspicious(Some(key), Suspicion::OtherTransport);
            return Ok(None);
        }
        Ok(Some(record))
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
    /// # tenure::testing::run(async |session| {
    /// session.insert("order", 42)?;
    /// session.save().await?;
    /// # Ok(())
    /// # });
    /// ```
    pub async fn save(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.alone().await;
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
    /// # tenure::testing::run(async |session| {
    /// session.insert("user_id", 7)?;
    /// session.flush().await?;
    /// assert!(session.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn flush(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.alone().await;
        self.0.end(EndReason::Flushed).await
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
    /// # tenure::testing::run(async |session| {
    /// session.insert("cart", [1, 2])?;
    /// session.save().await?;
    /// let before = session.key();
    /// session.cycle_key().await?;
    /// assert_ne!(session.key(), before);
    /// assert_eq!(session.get("cart")?, Some(vec![1, 2]));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn cycle_key(&self) -> Result<(), SessionError> {
        let _one_at_a_time = self.0.alone().await;
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
}
