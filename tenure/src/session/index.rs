//! The index of users' sessions, as requests keep it: `TENURE_USER_SESSIONS`.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use super::{Inner, Session, Shared, State, remember::family};
use crate::{
    data::Data,
    error::{SessionError, StoreError},
    events::{EndReason, SessionTag},
    key::SessionKey,
    moment::Moment,
    secret::Secret,
    settings::{AtMaxSessions, Settings},
    store::{
        Store,
        index::{Documents, Entry, Keeps, Known, new_handle},
    },
};

/// Whose session it is: the key of Django's (`SESSION_KEY` in `django/contrib/auth/__init__.py`, 5.2).
pub(crate) const USER_ID: &str = "_auth_user_id";
/// A session that goes on is entered again after between half of this and all of it: so exact is the time when it was seen last.
const SEEN_AGAIN: i64 = 5 * 60 * 1_000_000;
/// So many sessions are remembered as seen in each half of that time, in 8 bytes each. Of more, some are entered sooner again.
const REMEMBERED: usize = 1 << 16;
/// So much of a user agent is kept, in bytes.
const USER_AGENT: usize = 200;

/// Which sessions each user has, and how many they may have.
#[derive(Debug)]
pub(crate) struct UserSessions {
    index: Arc<dyn Keeps>,
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "logins ask"))]
    pub(crate) most: Option<usize>,
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "logins ask"))]
    pub(crate) at_most: AtMaxSessions,
    recent: Mutex<Recent>,
}

impl UserSessions {
    /// As the settings say. `None` if they do not ask for it, or the store keeps no sessions whose list could be kept.
    pub(crate) fn new(store: &Store, settings: &Settings, secret: &Secret) -> Option<Self> {
        if !settings.user_sessions || store.powers().in_key {
            return None;
        }
        let documents = || -> Arc<dyn Keeps> {
            let fallbacks = settings.secret_key_fallbacks.clone();
            let (store, secret) = (store.by_name(), secret.clone());
            Arc::new(Documents::new(
                store,
                secret,
                fallbacks,
                settings.cookie_age,
            ))
        };
        Some(Self {
            index: store.index().map_or_else(documents, |index| index.0),
            most: settings.max_sessions,
            at_most: settings.at_max_sessions,
            recent: Mutex::default(),
        })
    }

    fn is_recent(&self, name: &SessionKey, now: Moment) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.has(name, now)
    }

    fn remember(&self, name: &SessionKey, now: Moment) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.add(name, now);
    }
}

/// Hashes of the names of sessions that were entered lately.
#[derive(Debug, Default)]
struct Recent {
    hasher: RandomState,
    now: HashSet<u64>,
    before: HashSet<u64>,
    since: i64,
}

impl Recent {
    fn turn(&mut self, now: Moment) {
        let age = now.micros().saturating_sub(self.since);
        // A clock that was set back has no age either.
        if !(0..SEEN_AGAIN / 2).contains(&age) || self.now.len() >= REMEMBERED {
            self.before = std::mem::take(&mut self.now);
            self.since = now.micros();
            if !(0..SEEN_AGAIN).contains(&age) {
                self.before.clear();
            }
        }
    }

    fn has(&mut self, name: &SessionKey, now: Moment) -> bool {
        self.turn(now);
        let name = self.hasher.hash_one(name);
        self.now.contains(&name) || self.before.contains(&name)
    }

    fn add(&mut self, name: &SessionKey, now: Moment) {
        self.turn(now);
        self.now.insert(self.hasher.hash_one(name));
    }
}

/// The user's id as Django's sessions have it: text; a number is understood too.
fn user(data: &Data) -> Option<String> {
    match data.get::<serde_json::Value>(USER_ID).ok()?? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A user agent of bounded length, in printable ASCII, as RFC 9110 has it (section 5.5).
fn short(user_agent: &str) -> String {
    let printable = user_agent
        .chars()
        .filter(|letter| matches!(letter, ' '..='~'));
    printable.take(USER_AGENT).collect()
}

impl Shared {
    /// The index, for a call that cannot do without.
    pub(crate) fn user_sessions(&self) -> Result<&UserSessions, StoreError> {
        self.user_sessions.as_deref().ok_or(StoreError::Unsupported {
            engine: self.store.engine(),
            operation: "list a user's sessions: `TENURE_USER_SESSIONS = true` and an engine that keeps sessions on the server are needed",
        })
    }

    /// The sessions of this user that live, in the order of their logins.
    pub(crate) async fn sessions_of(&self, user: &str) -> Result<Vec<Entry>, SessionError> {
        Ok(self.user_sessions()?.index.list(user, self.now()).await?)
    }

    /// As [`sessions_of`](Self::sessions_of), in one round trip: some may have ended already.
    pub(crate) async fn known_sessions(&self, user: &str) -> Result<Known, SessionError> {
        Ok(self.user_sessions()?.index.known(user, self.now()).await?)
    }

    /// Ends those of a user's sessions that are `meant`, and all that remembers the user in their browsers; tells how many browsers that
    /// were.
    pub(crate) async fn end(
        &self,
        user: &str,
        known: Known,
        meant: impl Fn(&Entry) -> bool,
        reason: EndReason,
    ) -> Result<usize, SessionError> {
        let families: HashSet<&SessionKey> = known
            .entries
            .iter()
            .filter(|entry| meant(entry))
            .filter_map(|entry| entry.family.as_ref())
            .collect();
        let of_family = |entry: &&Entry| {
            let family = entry.family.as_ref();
            family.is_some_and(|family| families.contains(family))
        };
        let goes = |entry: &&Entry| meant(entry) || of_family(entry);
        let sessions = known.entries.iter().filter(goes);
        let sessions: Vec<&Entry> = sessions.filter(|entry| !entry.is_family()).collect();
        let alone = sessions.iter().filter(|entry| entry.family.is_none());
        let browsers = alone.count() + families.len();
        if browsers == 0 {
            return Ok(0);
        }
        // What remembers the user goes first: it would bring them back.
        let names = families
            .into_iter()
            .chain(sessions.iter().map(|entry| &entry.name));
        let names: Vec<SessionKey> = names.cloned().collect();
        // The sessions first: an entry without a session is nothing, and a session without an entry could not be ended any more.
        self.store.by_name().delete_many(&names).await?;
        for session in sessions {
            let name = &session.name;
            self.tell(|events| events.ended(SessionTag::new(name, &self.secret, false), reason));
        }
        let index = &self.user_sessions()?.index;
        index.remove_known(user, known, &names).await?;
        Ok(browsers)
    }
}

impl Session {
    /// What the store keeps the session under, if it is stored.
    pub(crate) fn name(&self) -> Option<SessionKey> {
        self.key().map(|key| self.0.shared.store.name(&key))
    }

    /// Whose session it is.
    pub(crate) fn user(&self) -> Option<String> {
        user(&self.0.state().data)
    }

    /// Enters the session, which is stored, as one of this user's.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone do it")
    )]
    pub(crate) async fn enter(&self, user: &str) -> Result<(), SessionError> {
        let entry = {
            let mut state = self.0.state();
            state.entered = Some(self.0.shared.now());
            self.0.entry(&state)?
        };
        if let (Some(users), Some(entry)) = (&self.0.shared.user_sessions, entry) {
            users.index.put(user, &entry).await?;
        }
        Ok(())
    }

    /// Enters the browser of this session, whose remember-me is stored until `expires`, as one of this user's.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone do it")
    )]
    pub(crate) async fn enter_family(
        &self,
        user: &str,
        family: &SessionKey,
        expires: Moment,
    ) -> Result<(), SessionError> {
        let shared = &self.0.shared;
        let now = shared.now();
        let entry = Entry {
            handle: new_handle(&*shared.system)?,
            name: family.clone(),
            created: now,
            seen: now,
            expires,
            address: self.0.client.address(),
            user_agent: self.0.client.user_agent().map(short),
            family: Some(family.clone()),
        };
        Ok(shared.user_sessions()?.index.put(user, &entry).await?)
    }

    /// Takes the session out of this user's list.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone do it")
    )]
    pub(crate) async fn leave(&self, user: &str) -> Result<(), SessionError> {
        if let (Some(users), Some(name)) = (&self.0.shared.user_sessions, self.name()) {
            users.index.remove(user, &[name]).await?;
        }
        Ok(())
    }
}

impl Inner {
    /// The session as an entry that is seen now for the first time. `None` if it is not stored, or has been ended by this request.
    fn entry(&self, state: &State) -> Result<Option<Entry>, SessionError> {
        let Some(stored) = &state.stored else {
            return Ok(None);
        };
        let now = state.entered.unwrap_or_else(|| self.shared.now());
        Ok((stored.expires_at != Moment::LAST).then_some(Entry {
            handle: new_handle(&*self.shared.system)?,
            name: self.shared.store.name(&stored.key),
            created: now,
            seen: now,
            expires: stored.expires_at,
            address: self.client.address(),
            user_agent: self.client.user_agent().map(short),
            family: family(&state.data),
        }))
    }

    /// Whether the end of this request has to enter the session: one that Django has made, or that was not seen for a while.
    pub(super) fn must_enter(&self, state: &State, status: u16) -> bool {
        let Some(users) = &self.shared.user_sessions else {
            return false;
        };
        let Some(stored) = &state.stored else {
            return false;
        };
        status < 500
            && !state.interrupted
            && !state.passive
            && state.data.mark(USER_ID).is_some()
            && !users.is_recent(&self.shared.store.name(&stored.key), self.shared.now())
    }

    /// Enters the session if it has to be. That it failed is logged: the request was answered.
    pub(super) async fn enter_if_due(&self, status: u16) {
        let (user, entry) = {
            let state = self.state();
            if !self.must_enter(&state, status) {
                return;
            }
            (user(&state.data), self.entry(&state))
        };
        let (Some(users), Some(user), Ok(Some(entry))) = (&self.shared.user_sessions, user, entry)
        else {
            return;
        };
        // Before, so that one of many parallel requests does it, and an outage is not met by each.
        users.remember(&entry.name, self.shared.now());
        if let Err(error) = users.index.put(&user, &entry).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a session is missing in the list of its user's");
        }
    }

    /// The session has a new key.
    pub(super) async fn entry_moves(&self, old: &SessionKey, new: &SessionKey) {
        let user = user(&self.state().data);
        let (Some(users), Some(user)) = (&self.shared.user_sessions, user) else {
            return;
        };
        let store = &self.shared.store;
        let (old, new) = (store.name(old), store.name(new));
        if let Err(error) = users.index.rename(&user, &old, &new).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a session with a new key gets a new handle too");
        }
    }

    /// The session, which had this key, is gone.
    pub(super) async fn entry_goes(&self, key: &SessionKey) {
        let (user, family) = {
            let data = &self.state().data;
            (user(data), family(data))
        };
        let (Some(users), Some(user)) = (&self.shared.user_sessions, user) else {
            return;
        };
        let mut names = vec![self.shared.store.name(key)];
        names.extend(family);
        if let Err(error) = users.index.remove(&user, &names).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an ended session stays in the index until it is met");
        }
    }
}
