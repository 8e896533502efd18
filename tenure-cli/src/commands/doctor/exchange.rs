//! A session written by one side and read by the other, both ways. Each is deleted again.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tenure::{SessionKey, Sessions};

use super::{clock, report::Report};
use crate::{django::Project, output::Failure};

/// How long such a session lasts if it cannot be deleted.
const LIFE: Duration = Duration::from_mins(5);
/// An end may be so far from what was meant. Zones differ by a quarter of an hour at least, and busy machines are slow.
const TOLERATED: f64 = 60.0;
const EXPIRY: &str = "_session_expiry";
const FROM_DJANGO: &str = "Django writes, tenure reads";
const FROM_TENURE: &str = "tenure writes, Django reads";
const ALONE: &str = "tenure writes and reads";

/// What the sessions hold: what could suffer on the way.
fn data() -> Map<String, Value> {
    let data = json!({"tenure_doctor": {"text": "Zoë ☃ 😀", "number": 9_007_199_254_740_993_i64, "list": [1.5, true, null]}});
    data.as_object().cloned().unwrap_or_default()
}

/// What was read.
struct Read {
    data: Value,
    /// Seconds since 1970; `None` where the engine does not tell.
    ends: Option<f64>,
}

#[derive(Deserialize)]
struct WrittenByDjango {
    key: String,
}

#[derive(Deserialize)]
struct ReadByDjango {
    stored: bool,
    data: Value,
    ends: Option<f64>,
}

pub(super) async fn both_ways(
    project: &mut Project,
    sessions: &Sessions,
    report: &mut Report,
) -> Result<(), Failure> {
    from_django(project, sessions, report).await?;
    from_tenure(project, sessions, report).await
}

async fn from_django(
    project: &mut Project,
    sessions: &Sessions,
    report: &mut Report,
) -> Result<(), Failure> {
    let ends = ends();
    let question = json!({"op": "write", "data": data(), "seconds": LIFE.as_secs()});
    let written: WrittenByDjango = match project.try_ask(&question)? {
        Ok(written) => written,
        Err(error) => {
            failed(
                FROM_DJANGO,
                ["not written", ""],
                format!("Django cannot write a session: {error}"),
                report,
            );
            return Ok(());
        }
    };
    let read = read(sessions, &written.key).await;
    judge(FROM_DJANGO, ["written", "read"], read, ends, report);
    let deleted = project.try_ask::<Value>(&json!({"op": "delete", "key": written.key}));
    if let Ok(Ok(_)) = deleted {
        return Ok(());
    }
    // Django cannot, or not any more.
    delete(sessions, &written.key, report).await;
    deleted.map(|_| ())
}

async fn from_tenure(
    project: &mut Project,
    sessions: &Sessions,
    report: &mut Report,
) -> Result<(), Failure> {
    let ends = ends();
    let key = match write(sessions).await {
        Ok(key) => key,
        Err(failure) => {
            let what = format!("tenure cannot write a session: {}", failure.text());
            failed(FROM_TENURE, ["", "not written"], what, report);
            return Ok(());
        }
    };
    let answer = project.try_ask(&json!({"op": "read", "key": key.as_str()}));
    // Before a failure of Django's ends this.
    delete(sessions, key.as_str(), report).await;
    let read = answer?.map(|read: ReadByDjango| {
        read.stored.then_some(Read {
            data: read.data,
            ends: read.ends,
        })
    });
    judge(FROM_TENURE, ["read", "written"], read, ends, report);
    Ok(())
}

/// Without Django: what tenure itself writes.
pub(super) async fn alone(sessions: &Sessions, report: &mut Report) {
    let ends = ends();
    match write(sessions).await {
        Ok(key) => {
            let read = read(sessions, key.as_str()).await;
            judge(ALONE, ["", "read"], read, ends, report);
            delete(sessions, key.as_str(), report).await;
        }
        Err(failure) => {
            let what = format!("tenure cannot write a session: {}", failure.text());
            failed(ALONE, ["", "not written"], what, report);
        }
    }
}

fn ends() -> f64 {
    clock::seconds(SystemTime::now() + LIFE)
}

async fn write(sessions: &Sessions) -> Result<SessionKey, Failure> {
    let session = sessions.new_session().load().await?;
    for (name, value) in data() {
        session.insert(&name, value)?;
    }
    session.set_expiry(LIFE)?;
    session.save().await?;
    session
        .key()
        .ok_or_else(|| Failure::refused("the session got no key"))
}

async fn read(sessions: &Sessions, key: &str) -> Result<Option<Read>, String> {
    let Some(key) = SessionKey::parse(key) else {
        return Err("its key is none that tenure takes".into());
    };
    let record = sessions
        .store()
        .load(&key)
        .await
        .map_err(|error| Failure::from(error).text())?;
    let Some(record) = record else {
        return Ok(None);
    };
    if let Some(damage) = record.damage {
        return Err(damage.to_string());
    }
    let data = serde_json::from_str(&record.data.to_json()).unwrap_or_default();
    let ends = Some(clock::seconds(record.expires_at));
    Ok(Some(Read { data, ends }))
}

fn judge(
    name: &str,
    sides: [&str; 2],
    read: Result<Option<Read>, String>,
    ends: f64,
    report: &mut Report,
) {
    // Whichever side has read.
    let unread = |said: &'static str| sides.map(|side| if side == "read" { said } else { side });
    let mut read = match read {
        Ok(Some(read)) => read,
        Ok(None) => {
            return failed(
                name,
                unread("not found"),
                "the session is not there for the other side".into(),
                report,
            );
        }
        Err(why) => {
            return failed(
                name,
                unread("not read"),
                format!("the session cannot be read: {why}"),
                report,
            );
        }
    };
    if let Some(fields) = read.data.as_object_mut() {
        fields.remove(EXPIRY);
    }
    if read.data != Value::Object(data()) {
        return failed(
            name,
            unread("other data"),
            "what was read is not what was written".into(),
            report,
        );
    }
    let by = read.ends.map_or(0.0, |found| found - ends);
    if by.abs() > TOLERATED {
        let what = format!(
            "the end of the session arrives {}: the two mean different moments by one date",
            clock::off(by)
        );
        return failed(name, unread("other end"), what, report);
    }
    report.good(name, sides);
}

/// What was found before explains it, as a rule.
fn failed(name: &str, sides: [&str; 2], what: String, report: &mut Report) {
    let change = match report.problems() {
        0 if name == ALONE => "mend what the store says, then run `tenure doctor` again",
        0 => {
            "nothing above explains it: make DATABASES, CACHES and SESSION_FILE_PATH name one place on both sides"
        }
        _ => {
            "this follows from the problems above, as a rule: mend those, then run `tenure doctor` again"
        }
    };
    report.problem(name, sides, what, change);
}

async fn delete(sessions: &Sessions, key: &str, report: &mut Report) {
    let Some(key) = SessionKey::parse(key) else {
        return;
    };
    if let Err(error) = sessions.store().delete(&key).await {
        let why = Failure::from(error).text();
        let minutes = LIFE.as_secs() / 60;
        report.note(
            "clean-up",
            ["", ""],
            format!("a session of this check could not be deleted ({why}): it ends by itself within {minutes} minutes"),
        );
    }
}
