//! One side writes, the other reads, changes one key and saves; the first one reads again.

use std::time::{Duration, SystemTime};

use serde_json::{Value as Json, json};
use tenure::{Expiry, Record, Session, SessionError, Sessions};

use crate::{
    generate::{self, Generated, Maker, Own, SEED},
    site::{Site, apart},
    value::{Value, quoted},
};

const EXPIRY: &str = "_session_expiry";
const CHANGED: &str = "changed by the other";

/// What a session must hold: texts as Python writes them, in order.
struct Expected {
    names: Vec<String>,
    quoted: Vec<String>,
    values: Vec<String>,
}

impl Expected {
    fn text(&self) -> String {
        let entries = self.quoted.iter().zip(&self.values);
        let entries: Vec<_> = entries
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        format!("{{{}}}", entries.join(","))
    }

    /// As both Python's dictionaries and tenure's data do it: a key that is there keeps its place.
    fn set(&mut self, name: &str, value: String) {
        if let Some(place) = self.names.iter().position(|known| known == name) {
            self.values[place] = value;
            return;
        }
        self.names.push(name.to_owned());
        self.quoted.push(quoted(name));
        self.values.push(value);
    }

    fn remove(&mut self, name: &str) {
        let place = self.names.iter().position(|known| known == name).unwrap();
        self.names.remove(place);
        self.quoted.remove(place);
        self.values.remove(place);
    }
}

/// The one thing that the other side does to a session.
#[derive(Clone, Debug)]
enum Change {
    Set(String, Json),
    Remove(String),
    Prolong,
}

const PROLONGED: u32 = 200_000;

impl Change {
    fn of(number: usize, expected: &Expected) -> Self {
        let own = |name: &&String| *name != EXPIRY;
        let first = expected.names.iter().find(own).cloned();
        let last = expected.names.iter().rfind(own).cloned();
        match (number % 4, first, last) {
            (1, Some(name), _) => Self::Set(name, json!("replaced")),
            (2, _, Some(name)) => Self::Remove(name),
            (3, ..) => Self::Prolong,
            _ => Self::Set(
                CHANGED.to_owned(),
                json!({"number": number, "by": [null, 1.5, "z"]}),
            ),
        }
    }

    fn apply(&self, expected: &mut Expected) {
        match self {
            Self::Set(name, value) => expected.set(name, value.to_string()),
            Self::Remove(name) => expected.remove(name),
            Self::Prolong => expected.set(EXPIRY, PROLONGED.to_string()),
        }
    }

    /// As Django's driver takes it.
    fn steps(&self, key: &Json) -> Json {
        match self {
            Self::Set(name, value) => json!({"key": key, "set": {name: value.to_string()}}),
            Self::Remove(name) => json!({"key": key, "delete": [name]}),
            Self::Prolong => json!({"key": key, "expiry": PROLONGED}),
        }
    }

    fn by_tenure(&self, session: &Session) -> Result<(), SessionError> {
        match self {
            Self::Set(name, value) => session.insert(name, value),
            Self::Remove(name) => session.remove_key(name).map(|_| ()),
            Self::Prolong => session.set_expiry(Duration::from_secs(PROLONGED.into())),
        }
    }
}

fn tenures_own(own: Own) -> Expiry {
    match own {
        Own::Nothing => Expiry::Default,
        Own::BrowserClose => Expiry::BrowserClose,
        Own::Seconds(seconds) => Duration::from_secs(seconds.into()).into(),
        Own::At(micros) => {
            (SystemTime::UNIX_EPOCH + Duration::from_micros(micros.cast_unsigned())).into()
        }
    }
}

pub(crate) fn both_ways(site: &mut Site) {
    for maker in [Maker::Django, Maker::Tenure] {
        let generated = generate::sessions(maker, site.place.max_size);
        site.count_sessions(generated.len());
        let mut expected = expectations(site, &generated);
        let change = |(number, one)| Change::of(number, one);
        let changes: Vec<_> = expected.iter().enumerate().map(change).collect();
        let (mut keys, when) = match maker {
            Maker::Django => (made_by_django(site, &generated), "made by Django"),
            Maker::Tenure => (made_by_tenure(site, generated), "made by tenure"),
        };
        look(site, maker.other(), when, &keys, &expected);
        for (expected, change) in expected.iter_mut().zip(&changes) {
            change.apply(expected);
        }
        keys = match maker {
            Maker::Django => changed_by_tenure(site, keys, changes),
            Maker::Tenure => changed_by_django(site, &keys, &changes),
        };
        look(
            site,
            maker,
            &format!("{when}, changed by the other"),
            &keys,
            &expected,
        );
    }
}

/// Asks Python how it spells everything.
fn expectations(site: &mut Site, generated: &[Generated]) -> Vec<Expected> {
    let mut texts = Vec::new();
    for (name, value) in generated.iter().flat_map(|session| &session.entries) {
        texts.push(quoted(name));
        texts.push(value.json());
    }
    let spelled = site.ask_all("canonical", "texts", &json!(texts), "texts");
    let mut spelled = spelled.iter().map(|text| text.as_str().unwrap().to_owned());
    let mut next = || spelled.next().unwrap();
    let expect = |session: &Generated| {
        let names = session.entries.iter().map(|(name, _)| name.clone());
        let (quoted, values) = session.entries.iter().map(|_| (next(), next())).unzip();
        let mut expected = Expected {
            names: names.collect(),
            quoted,
            values,
        };
        if session.own != Own::Nothing {
            expected.set(EXPIRY, session.own.json().to_string());
        }
        expected
    };
    generated.iter().map(expect).collect()
}

fn made_by_django(site: &mut Site, generated: &[Generated]) -> Vec<Json> {
    let whole = |session: &Generated| Value::Map(session.entries.clone()).json();
    let sessions: Vec<_> = generated
        .iter()
        .map(|session| json!({"data": whole(session), "expiry": session.own.json()}))
        .collect();
    site.ask_all("save_many", "sessions", &json!(sessions), "keys")
}

fn made_by_tenure(site: &Site, generated: Vec<Generated>) -> Vec<Json> {
    site.at_once(generated, async |sessions: &Sessions, made: Generated| {
        let session = sessions.new_session().load().await.unwrap();
        session.extend(made.entries).unwrap();
        session.set_expiry(tenures_own(made.own)).unwrap();
        session.save().await.unwrap();
        key_of(&session)
    })
}

fn changed_by_tenure(site: &Site, keys: Vec<Json>, changes: Vec<Change>) -> Vec<Json> {
    let work: Vec<_> = keys.into_iter().zip(changes).collect();
    site.at_once(
        work,
        async |sessions: &Sessions, (key, change): (Json, Change)| {
            let session = sessions
                .session(key.as_str().unwrap())
                .load()
                .await
                .unwrap();
            change.by_tenure(&session).unwrap();
            session.save().await.unwrap();
            key_of(&session)
        },
    )
}

fn changed_by_django(site: &mut Site, keys: &[Json], changes: &[Change]) -> Vec<Json> {
    let changes: Vec<_> = keys
        .iter()
        .zip(changes)
        .map(|(key, change)| change.steps(key))
        .collect();
    site.ask_all("change_many", "changes", &json!(changes), "keys")
}

fn key_of(session: &Session) -> Json {
    session.key().unwrap().as_str().into()
}

/// One side sees what is expected.
fn look(site: &mut Site, who: Maker, when: &str, keys: &[Json], expected: &[Expected]) {
    match who {
        Maker::Django => django_looks(site, when, keys, expected),
        Maker::Tenure => tenure_looks(site, when, keys, expected),
    }
}

fn tenure_looks(site: &mut Site, when: &str, keys: &[Json], expected: &[Expected]) {
    let records = site.records(keys);
    assert_eq!(records.len(), expected.len());
    for (number, (record, expected)) in records.iter().zip(expected).enumerate() {
        let name = format!("session {number} {when}, seed {SEED:#x}");
        let data = record.as_ref().map(|record| record.data.to_json());
        site.same(
            &format!("{name}: tenure reads"),
            &data,
            &Some(expected.text()),
        );
        let damage = record.as_ref().and_then(|record| record.damage);
        site.same(&format!("{name}: damage"), &damage, &None);
    }
}

/// Django also says what lies in the store, byte for byte, and when the session ends: as tenure says.
fn django_looks(site: &mut Site, when: &str, keys: &[Json], expected: &[Expected]) {
    let records = site.records(keys);
    let seen = site.ask_all("look_at_many", "keys", &json!(keys), "sessions");
    assert_eq!(
        (records.len(), seen.len()),
        (expected.len(), expected.len())
    );
    for (number, ((record, seen), expected)) in records.iter().zip(&seen).zip(expected).enumerate()
    {
        let name = format!("session {number} {when}, seed {SEED:#x}");
        site.same(
            &format!("{name}: Django finds it"),
            &seen["exists"],
            &json!(true),
        );
        site.same(
            &format!("{name}: Django reads"),
            &seen["data"],
            &json!(expected.text()),
        );
        site.same(
            &format!("{name}: stored bytes"),
            &seen["stored"],
            &seen["written"],
        );
        let apart = record.as_ref().and_then(|record| between(record, seen));
        let near = apart.is_some_and(|seconds| seconds <= SLACK);
        site.check(near, || {
            format!("{name}: the ends are {apart:?} s apart: {seen}")
        });
    }
}

/// Caches tell only how long an entry has still to live, memcached in whole seconds by a clock of whole seconds.
const SLACK: f64 = 3.0;

/// Seconds between the ends that the two sides see.
fn between(record: &Record, seen: &Json) -> Option<f64> {
    let theirs = Duration::from_micros(seen["ends"].as_u64()?);
    Some(apart(record.expires_at, SystemTime::UNIX_EPOCH + theirs))
}
