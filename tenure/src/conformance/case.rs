//! What a case is, and what it works with.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::SystemTime};

use crate::{
    data::Data,
    key::SessionKey,
    record::{Record, Version},
    settings::Settings,
    store::{Created, Powers, Renamed, Saved, Store},
    system::OperatingSystem,
};

/// Why a case did not come to its end.
pub(super) enum Stop {
    /// The store breaks the rule.
    Failed(String),
    /// The rule is not one of this store's.
    DoesNotApply(String),
}

pub(super) type Outcome<T = ()> = Result<T, Stop>;

/// Whatever a case did not expect to fail.
impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        failed("a call", &error)
    }
}

/// What a case says when `what` gave an error.
pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> Stop {
    struct Chain<'a>(&'a dyn std::error::Error);
    impl fmt::Display for Chain<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            crate::error::chain(self.0, f)
        }
    }
    Stop::Failed(format!("{what} failed: {}", Chain(error)))
}

/// Ends the case with this message unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err($crate::conformance::case::Stop::Failed(format!($($message)+)));
        }
    };
}
pub(super) use ensure;

/// One rule of the contract.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) run: fn(Bench) -> Pin<Box<dyn Future<Output = Outcome>>>,
}

/// The functions of these names, as cases.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        &[$($crate::conformance::case::Case {
            name: stringify!($name),
            run: |bench| Box::pin($name(bench)),
        }),+]
    };
}
pub(super) use cases;

/// The store that is examined, by two handles, with calls that name themselves when they fail.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) one: Store,
    /// Another handle on the same place, or the same again if the factory gave one only.
    pub(super) other: Store,
    pub(super) settings: Arc<Settings>,
    pub(super) powers: Powers,
    /// How often a case about interleavings does what it does.
    pub(super) rounds: u32,
}

/// A session that a case has made.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) key: SessionKey,
    pub(super) version: Version,
}

impl Bench {
    /// Ends the case unless the store has declared the power of this name.
    pub(super) fn needs(&self, power: fn(&Powers) -> bool, name: &str) -> Outcome {
        if power(&self.powers) {
            return Ok(());
        }
        Err(Stop::DoesNotApply(format!(
            "the store's `powers` do not declare `{name}`"
        )))
    }

    pub(super) fn needs_versions(&self) -> Outcome {
        self.needs(|powers| powers.compare_and_swap, "compare_and_swap")
    }

    /// Ends the case for stores whose keys are the sessions.
    pub(super) fn needs_a_place(&self) -> Outcome {
        if self.powers.in_key {
            let why = "the store's `powers` declare `in_key`: nothing is kept elsewhere";
            return Err(Stop::DoesNotApply(why.to_owned()));
        }
        Ok(())
    }

    pub(super) fn key() -> Outcome<SessionKey> {
        SessionKey::generate(&OperatingSystem).map_err(|error| failed("the random source", &error))
    }

    /// A record that lasts as long as a session does by default.
    pub(super) fn record(&self, json: &str) -> Outcome<Record> {
        Self::record_until(json, SystemTime::now() + self.settings.cookie_age)
    }

    pub(super) fn record_until(json: &str, expires_at: SystemTime) -> Outcome<Record> {
        Ok(Record::new(Data::from_json(json.as_bytes())?, expires_at))
    }

    /// Makes a session of this record.
    pub(super) async fn keep(&self, record: &Record) -> Outcome<Kept> {
        let key = Self::key()?;
        self.keep_under(&key, record).await
    }

    pub(super) async fn keep_under(&self, key: &SessionKey, record: &Record) -> Outcome<Kept> {
        match self.create(key, record).await? {
            Created::Created(version) => Ok(Kept {
                key: key.clone(),
                version,
            }),
            Created::Rekeyed(key) => Ok(Kept {
                key,
                version: Version::default(),
            }),
            Created::Taken => Err(Stop::Failed(
                "`create` says that a key is taken that nobody has used".to_owned(),
            )),
        }
    }

    /// Makes a session of this text.
    pub(super) async fn keep_json(&self, json: &str) -> Outcome<Kept> {
        self.keep(&self.record(json)?).await
    }

    /// Replaces the session, which must succeed.
    pub(super) async fn replace(&self, kept: &Kept, record: &Record) -> Outcome<Kept> {
        match self.save(&kept.key, record, &kept.version).await? {
            Saved::Saved(version) => Ok(Kept {
                key: kept.key.clone(),
                version,
            }),
            Saved::Rekeyed(key) => Ok(Kept {
                key,
                version: Version::default(),
            }),
            other => Err(Stop::Failed(format!(
                "`save` on the version that the store gave last answered {other:?}"
            ))),
        }
    }

    /// Deletes the session. A store whose keys are the sessions may be unable to.
    pub(super) async fn end(&self, kept: &Kept) -> Outcome {
        let there = self.delete(&kept.key).await?;
        if !there && self.powers.in_key {
            let why = "the key is the session, and the store revokes none";
            return Err(Stop::DoesNotApply(why.to_owned()));
        }
        ensure!(
            there,
            "`delete` says that a session that was just made is not there"
        );
        Ok(())
    }

    pub(super) async fn load(&self, key: &SessionKey) -> Outcome<Option<Record>> {
        let loaded = self.one.load(key).await;
        loaded.map_err(|error| failed("`load`", &error))
    }

    pub(super) async fn create(&self, key: &SessionKey, record: &Record) -> Outcome<Created> {
        let created = self.one.create(key, record).await;
        created.map_err(|error| failed("`create`", &error))
    }

    pub(super) async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> Outcome<Saved> {
        let saved = self.one.save(key, record, base).await;
        saved.map_err(|error| failed("`save`", &error))
    }

    pub(super) async fn delete(&self, key: &SessionKey) -> Outcome<bool> {
        let deleted = self.one.delete(key).await;
        deleted.map_err(|error| failed("`delete`", &error))
    }

    pub(super) async fn rename(
        &self,
        old: &Kept,
        new: &SessionKey,
        record: &Record,
    ) -> Outcome<Renamed> {
        let renamed = self.one.rename(&old.key, new, record, &old.version).await;
        renamed.map_err(|error| failed("`rename`", &error))
    }

    pub(super) async fn touch(&self, kept: &Kept, expires_at: SystemTime) -> Outcome<bool> {
        let touched = self.one.touch(&kept.key, expires_at, &kept.version).await;
        touched.map_err(|error| failed("`touch`", &error))
    }

    pub(super) async fn delete_expired(&self, key: &SessionKey, now: SystemTime) -> Outcome<bool> {
        let deleted = self.one.delete_expired(key, now).await;
        deleted.map_err(|error| failed("`delete_expired`", &error))
    }

    pub(super) async fn clear_expired(&self, now: SystemTime, limit: usize) -> Outcome<u64> {
        let cleared = self.one.clear_expired(now, limit).await;
        cleared.map_err(|error| failed("`clear_expired`", &error))
    }

    /// The session, which must be there and hold this.
    pub(super) async fn found(&self, key: &SessionKey, json: &str, when: &str) -> Outcome<Record> {
        let Some(record) = self.load(key).await? else {
            return Err(Stop::Failed(format!("{when}, `load` finds no session")));
        };
        if let Some(damage) = record.damage {
            return Err(Stop::Failed(format!("{when}, `load` says: {damage}")));
        }
        ensure!(
            same(&record.data, json),
            "{when}, `load` gives {}, but {} was to be there",
            short(&record.data.to_json()),
            short(json)
        );
        Ok(record)
    }

    pub(super) async fn absent(&self, key: &SessionKey, when: &str) -> Outcome {
        for store in [&self.one, &self.other] {
            let found = store.load(key).await;
            let found = found.map_err(|error| failed("`load`", &error))?;
            ensure!(found.is_none(), "{when}, `load` still finds a session");
        }
        Ok(())
    }
}

/// Whether the data has these entries, to the byte. Their order is not promised: a table may have a column for each.
pub(super) fn same(data: &Data, json: &str) -> bool {
    let Ok(expected) = Data::from_json(json.as_bytes()) else {
        return false;
    };
    data.len() == expected.len()
        && expected
            .iter()
            .all(|(key, value)| data.get_json(&key) == Some(value))
}

/// Enough of a text to recognise it.
fn short(text: &str) -> String {
    const ENOUGH: usize = 200;
    if text.chars().count() <= ENOUGH {
        return text.to_owned();
    }
    let start: String = text.chars().take(ENOUGH).collect();
    format!("{start}… ({} bytes)", text.len())
}
