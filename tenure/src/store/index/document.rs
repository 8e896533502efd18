//! The index as records of the store itself, one for each user: what every store can do that keeps sessions.
//!
//! It is changed as sessions are: compare and swap, and again on a conflict.

use std::{
    collections::HashSet,
    fmt,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{Answer, Entry, Keeps, Known, Origin};
use crate::{
    codec::signing::salted_hmac,
    data::Data,
    error::StoreError,
    json::Json,
    key::SessionKey,
    moment::Moment,
    record::Record,
    secret::Secret,
    store::{Created, Saved, Store},
};

/// The one key in such a record.
const ENTRIES: &str = "_tenure_sessions";
/// So many entries fit into a record within memcached's limit of a megabyte. Of more, those that were seen longest ago are left out, until
/// they are seen again.
const MOST: usize = 1500;
/// So many sessions are asked for at a time.
const AT_ONCE: usize = 100;

/// An entry as it is kept: handle, name, beginning, last seen and end in microseconds, address, user agent, family.
type Row = (
    String,
    String,
    i64,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// The index in records of the store.
pub(crate) struct Documents {
    /// By names, as the index has them.
    store: Store,
    secret: Secret,
    fallbacks: Vec<Secret>,
    /// How long a record stays after the last session in it was to end: another program may have prolonged that.
    spare: Duration,
}

impl Documents {
    pub(crate) fn new(
        store: Store,
        secret: Secret,
        fallbacks: Vec<Secret>,
        spare: Duration,
    ) -> Self {
        Self {
            store,
            secret,
            fallbacks,
            spare,
        }
    }

    /// The key of the user's record: nobody can guess it, so that no cookie leads there. `None` never comes.
    fn key(user: &str, secret: &Secret) -> Option<SessionKey> {
        const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        // Some letters are a little likelier than others, which leaves 160 bits.
        let letters = salted_hmac("tenure.user_sessions", user.as_bytes(), secret)
            .into_iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte) % ALPHABET.len()))
            .map(|letter| char::from(*letter));
        SessionKey::parse(&letters.collect::<String>())
    }

    /// What the user's record holds. After a rotation of the secret it may still lie where the older one put it.
    async fn find(&self, user: &str) -> Result<Known, StoreError> {
        for secret in std::iter::once(&self.secret).chain(&self.fallbacks) {
            let Some(key) = Self::key(user, secret) else {
                continue;
            };
            if let Some(record) = self.store.load(&key).await? {
                return Ok(Known {
                    entries: entries(&record),
                    origin: Some(Origin {
                        key,
                        ends: record.expires_at.into(),
                        version: record.version,
                    }),
                });
            }
        }
        Ok(Vec::new().into())
    }

    /// A record of these entries. It stays at least until `ends`, where it stood before.
    fn record(&self, entries: &[Entry], ends: Option<Moment>) -> Result<Record, StoreError> {
        let rows: Vec<Row> = entries.iter().map(row).collect();
        let rows = Json::of(&rows)
            .map_err(|error| StoreError::unavailable("the list of a user's sessions", error))?;
        let mut data = Data::new();
        data.insert(ENTRIES, rows);
        let spare = i64::try_from(self.spare.as_micros()).unwrap_or(i64::MAX);
        let ends_of_entries = entries.iter().map(|entry| entry.expires.plus_micros(spare));
        let ends = ends_of_entries.chain(ends).max().unwrap_or(Moment::LAST);
        Ok(Record::new(data, ends.into()))
    }

    /// Changes the user's entries, and again if another request does so meanwhile. `change` tells whether anything is to be written.
    async fn change(
        &self,
        user: &str,
        mut change: impl FnMut(&mut Vec<Entry>) -> bool + Send,
    ) -> Result<(), StoreError> {
        let started = Instant::now();
        while started.elapsed() <= self.store.deadline() {
            let Known {
                mut entries,
                origin,
            } = self.find(user).await?;
            if !change(&mut entries) || self.replace(user, origin, &entries).await? {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
        let after = started.elapsed();
        Err(StoreError::Contended { after })
    }

    /// Writes these entries, unless another request has written the record meanwhile; tells whether it did.
    async fn replace(
        &self,
        user: &str,
        origin: Option<Origin>,
        entries: &[Entry],
    ) -> Result<bool, StoreError> {
        let Some(key) = Self::key(user, &self.secret) else {
            return Ok(true);
        };
        let record = self.record(entries, origin.as_ref().map(|origin| origin.ends))?;
        match origin {
            Some(origin) if origin.key == key => {
                let saved = self.store.save(&key, &record, &origin.version).await?;
                Ok(matches!(saved, Saved::Saved(_)))
            }
            older => {
                let created = self.store.create(&key, &record).await?;
                if let Some(older) = older {
                    self.store.delete(&older.key).await?;
                }
                Ok(matches!(created, Created::Created(_)))
            }
        }
    }

    /// Which of these have a session that lives at `now`.
    async fn living(&self, entries: &[Entry], now: Moment) -> Result<Vec<bool>, StoreError> {
        let mut living = vec![false; entries.len()];
        let mut all = entries.iter().enumerate();
        loop {
            let mut loads = JoinSet::new();
            for (at, entry) in all.by_ref().take(AT_ONCE) {
                let (store, name) = (self.store.clone(), entry.name.clone());
                loads.spawn(async move { (at, store.load(&name).await) });
            }
            if loads.is_empty() {
                return Ok(living);
            }
            while let Some(loaded) = loads.join_next().await {
                let (at, loaded) = loaded.map_err(|error| {
                    StoreError::unavailable("looking for a user's sessions was broken off", error)
                })?;
                let lives = loaded?.is_some_and(|record| Moment::from(record.expires_at) > now);
                if let Some(place) = living.get_mut(at) {
                    *place = lives;
                }
            }
        }
    }
}

impl Keeps for Documents {
    fn put<'a>(&'a self, user: &'a str, entry: &'a Entry) -> Answer<'a, ()> {
        Box::pin(self.change(user, |entries| {
            match entries.iter_mut().find(|known| known.name == entry.name) {
                Some(known) => {
                    *known = Entry {
                        handle: known.handle.clone(),
                        created: known.created,
                        ..entry.clone()
                    }
                }
                None => entries.push(entry.clone()),
            }
            while entries.len() > MOST {
                let oldest = entries.iter().enumerate().min_by_key(|(_, it)| it.seen);
                let Some((at, _)) = oldest else { break };
                entries.remove(at);
            }
            true
        }))
    }

    fn rename<'a>(
        &'a self,
        user: &'a str,
        old: &'a SessionKey,
        new: &'a SessionKey,
    ) -> Answer<'a, ()> {
        Box::pin(self.change(user, |entries| {
            let known = entries.iter_mut().find(|known| known.name == *old);
            let Some(known) = known else { return false };
            known.name = new.clone();
            true
        }))
    }

    fn remove<'a>(&'a self, user: &'a str, names: &'a [SessionKey]) -> Answer<'a, ()> {
        Box::pin(self.change(user, |entries| remove(entries, names)))
    }

    fn known<'a>(&'a self, user: &'a str, _now: Moment) -> Answer<'a, Known> {
        Box::pin(self.find(user))
    }

    fn remove_known<'a>(
        &'a self,
        user: &'a str,
        known: Known,
        names: &'a [SessionKey],
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let Known {
                mut entries,
                origin,
            } = known;
            remove(&mut entries, names);
            if origin.is_some() && self.replace(user, origin, &entries).await? {
                return Ok(());
            }
            self.remove(user, names).await
        })
    }

    fn list<'a>(&'a self, user: &'a str, now: Moment) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move {
            let entries = self.find(user).await?.entries;
            let living = self.living(&entries, now).await?;
            let (mut live, mut dead) = (Vec::new(), Vec::new());
            for (entry, lives) in entries.into_iter().zip(living) {
                if lives {
                    live.push(entry);
                } else {
                    dead.push(entry.name);
                }
            }
            if !dead.is_empty() {
                self.remove(user, &dead).await?;
            }
            Ok(live)
        })
    }
}

/// Removes the entries under these names; tells whether there was one.
fn remove(entries: &mut Vec<Entry>, names: &[SessionKey]) -> bool {
    let before = entries.len();
    let names: HashSet<&SessionKey> = names.iter().collect();
    entries.retain(|known| !names.contains(&known.name));
    entries.len() < before
}

fn row(entry: &Entry) -> Row {
    (
        entry.handle.clone(),
        entry.name.as_str().to_owned(),
        entry.created.micros(),
        entry.seen.micros(),
        entry.expires.micros(),
        entry.address.map(|address| address.to_string()),
        entry.user_agent.clone(),
        entry.family.as_ref().map(|key| key.as_str().to_owned()),
    )
}

/// The entries of a record. One that cannot be read holds none: its sessions are entered again when they are seen.
fn entries(record: &Record) -> Vec<Entry> {
    let rows = record.data.get::<Vec<Row>>(ENTRIES).ok().flatten();
    let entries = rows.into_iter().flatten().filter_map(|row| {
        let (handle, name, created, seen, expires, address, user_agent, family) = row;
        Some(Entry {
            handle,
            name: SessionKey::parse(&name)?,
            created: Moment::from_micros(created),
            seen: Moment::from_micros(seen),
            expires: Moment::from_micros(expires),
            address: address.and_then(|address| address.parse().ok()),
            user_agent,
            family: family.as_deref().and_then(SessionKey::parse),
        })
    });
    entries.collect()
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
