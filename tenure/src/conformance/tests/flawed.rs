//! Stores that each break one rule.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use crate::{
    data::Data,
    error::StoreError,
    key::SessionKey,
    record::{Record, Version},
    store::{Created, Listed, Powers, Renamed, Saved, SessionStore},
    testing::MemoryStore,
};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    // create
    CreateOverwrites,
    CreateLooksFirst,
    CreateInTwoSteps,
    CreateDoesNothing,
    PrepareWipes,
    SecondHandleIsStale,
    // what is kept
    EmptyIsAbsent,
    TextIsTrimmed,
    NumbersAreFloats,
    NestedIsCut,
    LongIsCut,
    NanIsNull,
    // keys
    KeysIgnoreCase,
    KeysAreCut,
    LongKeysAreErrors,
    // save
    SaveDoesNothing,
    SaveRevives,
    SaveMakes,
    SaveIgnoresVersions,
    SaveLooksFirst,
    SaveInTwoSteps,
    ConflictTellsNothing,
    SaveKeepsTheEnd,
    // delete
    DeleteSaysYes,
    DeleteKeeps,
    DeleteTakesAll,
    DeleteInTwoSteps,
    DeleteManyTakesOne,
    DeleteExpiredKeeps,
    DeleteExpiredTakesTheLiving,
    ClearTakesTheLiving,
    ClearHasNoLimit,
    // rename
    RenameCopies,
    RenameOverwrites,
    RenameIgnoresVersions,
    RenameRevives,
    RenameDropsTheOldFirst,
    RenameLooksFirst,
    RenameLosesTheRecord,
    // touch
    TouchDoesNothing,
    TouchGoesBackwards,
    TouchIgnoresVersions,
    TouchRevives,
    TouchInTwoSteps,
    TouchLeavesAnotherVersion,
    // expiry
    EndsInTwoWeeks,
    ForgetsAndRevives,
    // scan
    ScanHasNoOrder,
    ScanForgetsSome,
    ScanTellsNoEnd,
    ScanListsTheDead,
    // powers
    DeclaresNoScan,
    DeclaresNoVersions,
    GivesVersionsItDoesNotCompare,
    // all at once
    AnswersTheCallBefore,
    FillsFromStaleReads,
    Panics,
}

use Flaw as F;

/// A wait between two steps, as for a server's answer.
async fn somebody_else_runs() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

/// How long a flaw that wants two calls at once waits for the second.
const SECOND: Duration = Duration::from_millis(5);

/// A store with a flaw; `None` has none.
#[derive(Clone)]
pub(crate) struct Flawed {
    store: Arc<MemoryStore>,
    flaw: Flaw,
    /// What the flaw has to remember, shared by the clones.
    notes: Arc<Mutex<Vec<(String, Record)>>>,
    /// What this handle alone remembers.
    mine: Arc<Mutex<Vec<(String, Record)>>>,
    /// How many calls have come between the two steps of the flaw.
    between: Arc<AtomicUsize>,
}

impl Flawed {
    pub(crate) fn new(flaw: Flaw) -> [Self; 2] {
        let one = Self {
            store: Arc::default(),
            flaw,
            notes: Arc::default(),
            mine: Arc::default(),
            between: Arc::default(),
        };
        let other = Self {
            mine: Arc::default(),
            ..one.clone()
        };
        [one, other]
    }

    /// A wait between two steps, until another call has done the first of them too, if one does soon.
    async fn another_comes(&self) {
        let mine = self.between.fetch_add(1, Ordering::SeqCst) + 1;
        let began = Instant::now();
        while self.between.load(Ordering::SeqCst) == mine && began.elapsed() < SECOND {
            tokio::task::yield_now().await;
        }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn key(&self, key: &SessionKey) -> SessionKey {
        let text = match self.flaw {
            F::KeysIgnoreCase => key.as_str().to_ascii_lowercase(),
            F::KeysAreCut => key.as_str().chars().take(32).collect(),
            _ => return key.clone(),
        };
        SessionKey::parse(&text).unwrap()
    }

    /// The record as this store understands it.
    fn record(&self, record: &Record) -> Record {
        let json = record.data.to_json();
        let json = match self.flaw {
            F::TextIsTrimmed => json.replace("  \"", "\""),
            F::NumbersAreFloats => json.replace("9223372036854775807", "9223372036854775808"),
            F::NestedIsCut if json.contains("[{\"a\":[{\"a\":[{") => r#"{"a":[]}"#.to_owned(),
            F::LongIsCut if json.len() > 65_535 => "{}".to_owned(),
            F::NanIsNull => json.replace("NaN", "null"),
            _ => json,
        };
        let mut kept = Record::new(Data::from_json(json.as_bytes()).unwrap(), record.expires_at);
        if self.is(F::EndsInTwoWeeks) {
            kept.expires_at = SystemTime::now() + Duration::from_hours(14 * 24);
        }
        kept
    }

    async fn version(&self, key: &SessionKey) -> Option<Version> {
        let found = self.store.load(key).await.unwrap();
        found.map(|found| found.version)
    }

    /// Puts the record, whatever is there.
    async fn put(&self, key: &SessionKey, record: &Record) -> Version {
        self.store.delete(key).await.unwrap();
        let Created::Created(version) = self.store.create(key, record).await.unwrap() else {
            panic!("the key was free");
        };
        version
    }

    fn note(&self, key: &SessionKey, record: &Record) {
        let mut notes = self.notes.lock().unwrap();
        notes.push((key.as_str().to_owned(), record.clone()));
    }

    fn noted(&self, key: &SessionKey) -> Option<Record> {
        let notes = self.notes.lock().unwrap();
        let found = notes.iter().rev().find(|(name, _)| name == key.as_str());
        found.map(|(_, record)| record.clone())
    }

    fn known(&self, key: &SessionKey) -> Option<Record> {
        let mine = self.mine.lock().unwrap();
        let found = mine.iter().find(|(name, _)| name == key.as_str());
        found.map(|(_, record)| record.clone())
    }

    /// Forgets what has ended, as a cache would.
    async fn forget(&self, key: &SessionKey) {
        if self.is(F::ForgetsAndRevives) {
            let now = SystemTime::now();
            let dead = Record::new(Data::new(), now);
            if self.store.delete_expired(key, now).await.unwrap() {
                self.note(key, &dead);
            }
        }
    }
}

impl SessionStore for Flawed {
    fn engine(&self) -> &'static str {
        "flawed"
    }

    fn powers(&self) -> Powers {
        let all = self.store.powers();
        Powers {
            scan: !self.is(F::DeclaresNoScan),
            compare_and_swap: !matches!(
                self.flaw,
                F::DeclaresNoVersions | F::GivesVersionsItDoesNotCompare
            ),
            clear_expired: !self.is(F::ForgetsAndRevives),
            touch: !self.is(F::GivesVersionsItDoesNotCompare),
            ..all
        }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        if self.is(F::PrepareWipes) {
            for listed in self.store.scan(None, usize::MAX).await? {
                let key = SessionKey::parse(&listed.name).unwrap();
                self.store.delete(&key).await?;
            }
        }
        Ok(())
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let key = &self.key(key);
        self.forget(key).await;
        match self.flaw {
            F::Panics => panic!("out of luck"),
            F::LongKeysAreErrors if key.as_str().len() > 250 => {
                let source = std::io::Error::other("CLIENT_ERROR");
                return Err(StoreError::unavailable("the key is too long", source));
            }
            F::AnswersTheCallBefore => {
                // As a connection whose answers are taken in order, and are left lying by whoever goes away.
                let before = self.mine.lock().unwrap().pop();
                if let Some((_, record)) = before {
                    return Ok(Some(record));
                }
                let found = self.store.load(key).await?;
                if let Some(found) = &found {
                    let left = (String::new(), found.clone());
                    self.mine.lock().unwrap().push(left);
                    somebody_else_runs().await;
                    self.mine.lock().unwrap().pop();
                }
                return Ok(found);
            }
            F::FillsFromStaleReads => {
                if let Some(cached) = self.noted(key) {
                    return Ok(Some(cached));
                }
                let found = self.store.load(key).await?;
                somebody_else_runs().await;
                if let Some(found) = &found {
                    self.note(key, found);
                }
                return Ok(found);
            }
            F::SecondHandleIsStale => {
                let known = self.known(key);
                let found = match known {
                    Some(known) => Some(known),
                    None => self.store.load(key).await?,
                };
                if let Some(found) = &found {
                    let mut mine = self.mine.lock().unwrap();
                    mine.push((key.as_str().to_owned(), found.clone()));
                }
                return Ok(found);
            }
            _ => {}
        }
        let found = self.store.load(key).await?;
        Ok(match self.flaw {
            F::EmptyIsAbsent => found.filter(|found| !found.data.is_empty()),
            F::DeleteKeeps => found.or_else(|| self.noted(key)),
            F::GivesVersionsItDoesNotCompare => {
                found.map(|found| found.with_version(Version::default()))
            }
            _ => found,
        })
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        let (key, record) = (&self.key(key), &self.record(record));
        match self.flaw {
            F::CreateDoesNothing => return Ok(Created::Created(Version::from_text("1"))),
            F::CreateOverwrites => return Ok(Created::Created(self.put(key, record).await)),
            F::CreateLooksFirst => {
                if self.store.load(key).await?.is_some() {
                    return Ok(Created::Taken);
                }
                self.another_comes().await;
                return Ok(Created::Created(self.put(key, record).await));
            }
            F::CreateInTwoSteps => {
                let empty = Record::new(Data::new(), record.expires_at);
                if let taken @ Created::Taken = self.store.create(key, &empty).await? {
                    return Ok(taken);
                }
                somebody_else_runs().await;
                return Ok(Created::Created(self.put(key, record).await));
            }
            _ => {}
        }
        let created = self.store.create(key, record).await?;
        Ok(match created {
            Created::Created(_) if self.is(F::GivesVersionsItDoesNotCompare) => {
                Created::Created(Version::default())
            }
            created => created,
        })
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Saved, StoreError> {
        let (key, record) = (&self.key(key), &self.record(record));
        self.forget(key).await;
        let current = self.store.load(key).await?;
        match (self.flaw, &current) {
            (F::SaveDoesNothing, Some(current)) => {
                return Ok(Saved::Saved(current.version.clone()));
            }
            (F::SaveRevives, None) if !base.is_unknown() => {
                return Ok(Saved::Saved(self.put(key, record).await));
            }
            (F::ForgetsAndRevives, None) if self.noted(key).is_some() => {
                return Ok(Saved::Saved(self.put(key, record).await));
            }
            (F::SaveMakes, None) if base.is_unknown() => {
                return Ok(Saved::Saved(self.put(key, record).await));
            }
            (F::SaveIgnoresVersions | F::GivesVersionsItDoesNotCompare, Some(_)) => {
                return Ok(Saved::Saved(self.put(key, record).await));
            }
            (F::SaveLooksFirst, Some(current)) if current.version == *base => {
                somebody_else_runs().await;
                return Ok(Saved::Saved(self.put(key, record).await));
            }
            (F::SaveInTwoSteps, Some(current)) if current.version == *base => {
                self.store.delete(key).await?;
                somebody_else_runs().await;
                return Ok(Saved::Saved(self.put(key, record).await));
            }
            (F::TouchLeavesAnotherVersion, Some(current)) if self.noted(key).is_some() => {
                return Ok(Saved::Conflict(current.clone()));
            }
            (F::ConflictTellsNothing, Some(current)) if current.version != *base => {
                return Ok(Saved::Conflict(record.clone()));
            }
            (F::SaveKeepsTheEnd, Some(current)) => {
                let kept = Record::new(record.data.clone(), current.expires_at);
                return self.store.save(key, &kept, base).await;
            }
            _ => {}
        }
        if self.is(F::FillsFromStaleReads) {
            self.notes
                .lock()
                .unwrap()
                .retain(|(name, _)| name != key.as_str());
        }
        self.store.save(key, record, base).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let key = &self.key(key);
        match self.flaw {
            F::DeleteSaysYes => {
                self.store.delete(key).await?;
                return Ok(true);
            }
            F::DeleteKeeps | F::ScanListsTheDead => {
                if let Some(found) = self.store.load(key).await? {
                    self.note(key, &found);
                }
            }
            F::DeleteTakesAll => {
                for listed in self.store.scan(None, usize::MAX).await? {
                    let other = SessionKey::parse(&listed.name).unwrap();
                    if other != *key {
                        self.store.delete(&other).await?;
                    }
                }
            }
            F::DeleteInTwoSteps => {
                if let Some(found) = self.store.load(key).await? {
                    let empty = Record::new(Data::new(), found.expires_at);
                    self.put(key, &empty).await;
                    somebody_else_runs().await;
                }
            }
            F::FillsFromStaleReads => {
                let mut notes = self.notes.lock().unwrap();
                notes.retain(|(name, _)| name != key.as_str());
            }
            _ => {}
        }
        self.store.delete(key).await
    }

    async fn delete_many(&self, keys: &[SessionKey]) -> Result<(), StoreError> {
        let most = if self.is(F::DeleteManyTakesOne) {
            1
        } else {
            keys.len()
        };
        for key in keys.iter().take(most) {
            self.delete(key).await?;
        }
        Ok(())
    }

    async fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Result<Renamed, StoreError> {
        let (old, new, record) = (&self.key(old), &self.key(new), &self.record(record));
        self.forget(old).await;
        let there = self.version(old).await;
        let free = self.version(new).await.is_none();
        let right = there.as_ref() == Some(base);
        match self.flaw {
            F::RenameCopies if right && free => {
                return Ok(Renamed::Renamed(self.put(new, record).await));
            }
            F::RenameOverwrites if right => {
                self.store.delete(old).await?;
                return Ok(Renamed::Renamed(self.put(new, record).await));
            }
            F::RenameIgnoresVersions if there.is_some() && free => {
                self.store.delete(old).await?;
                return Ok(Renamed::Renamed(self.put(new, record).await));
            }
            F::RenameRevives if there.is_none() => {
                return Ok(Renamed::Renamed(self.put(new, record).await));
            }
            F::RenameDropsTheOldFirst if right && free => {
                self.store.delete(old).await?;
                somebody_else_runs().await;
                return Ok(Renamed::Renamed(self.put(new, record).await));
            }
            F::RenameLooksFirst if right && free => {
                self.another_comes().await;
                let version = self.put(new, record).await;
                self.store.delete(old).await?;
                return Ok(Renamed::Renamed(version));
            }
            F::RenameLosesTheRecord if right && free => {
                let found = self.store.load(old).await?.unwrap();
                return self.store.rename(old, new, &found, base).await;
            }
            F::GivesVersionsItDoesNotCompare if there.is_some() => {
                let there = there.unwrap();
                return self.store.rename(old, new, record, &there).await;
            }
            F::FillsFromStaleReads => {
                let mut notes = self.notes.lock().unwrap();
                notes.retain(|(name, _)| name != old.as_str());
            }
            _ => {}
        }
        self.store.rename(old, new, record, base).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> Result<bool, StoreError> {
        let key = &self.key(key);
        self.forget(key).await;
        let current = self.store.load(key).await?;
        match (self.flaw, current) {
            (F::TouchDoesNothing | F::EndsInTwoWeeks, Some(current)) => {
                return Ok(current.version == *base);
            }
            (F::TouchGoesBackwards, Some(mut current)) if current.version == *base => {
                current.expires_at = expires_at;
                let saved = self.store.save(key, &current, base).await?;
                return Ok(matches!(saved, Saved::Saved(_)));
            }
            (F::TouchIgnoresVersions, Some(current)) => {
                return self.store.touch(key, expires_at, &current.version).await;
            }
            (F::TouchRevives, None) => {
                self.put(key, &Record::new(Data::new(), expires_at)).await;
                return Ok(true);
            }
            (F::TouchInTwoSteps, Some(mut current)) if current.version == *base => {
                self.store.delete(key).await?;
                somebody_else_runs().await;
                current.expires_at = current.expires_at.max(expires_at);
                self.put(key, &current).await;
                return Ok(true);
            }
            (F::TouchLeavesAnotherVersion, Some(current)) if current.version == *base => {
                self.note(key, &current);
                return self.store.touch(key, expires_at, base).await;
            }
            _ => {}
        }
        self.store.touch(key, expires_at, base).await
    }

    async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Result<bool, StoreError> {
        match self.flaw {
            F::DeleteExpiredKeeps => Ok(false),
            F::DeleteExpiredTakesTheLiving => self.store.delete(key).await,
            _ => match self.load(key).await? {
                Some(record) if record.expires_at <= now => self.delete(key).await,
                _ => Ok(false),
            },
        }
    }

    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        match self.flaw {
            F::ClearTakesTheLiving => {
                let later = now + Duration::from_hours(1000 * 24);
                self.store.clear_expired(later, limit).await
            }
            F::ClearHasNoLimit => self.store.clear_expired(now, usize::MAX).await,
            F::ForgetsAndRevives => Ok(0),
            _ => self.store.clear_expired(now, limit).await,
        }
    }

    async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let mut page = self.store.scan(after, limit).await?;
        match self.flaw {
            F::ScanHasNoOrder => page.reverse(),
            F::ScanForgetsSome if after.is_some() => drop(page.pop()),
            F::ScanTellsNoEnd => {
                for listed in &mut page {
                    listed.expires_at = SystemTime::UNIX_EPOCH;
                }
            }
            F::ScanListsTheDead => {
                let notes = self.notes.lock().unwrap();
                let dead = notes.iter().filter(|(key, _)| Some(key.as_str()) > after);
                page.extend(dead.map(|(key, dead)| Listed::new(key, dead.expires_at, 10)));
                page.sort_by(|one, other| one.name.cmp(&other.name));
                page.truncate(limit);
            }
            _ => {}
        }
        Ok(page)
    }
}
