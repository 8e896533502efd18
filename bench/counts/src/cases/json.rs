//! The JSON of a session, beside bare `serde_json`.

use std::collections::HashMap;

use serde_json::{Map, Value, value::RawValue};
use tenure::{Data, Json};

use crate::{
    Error,
    payload::Payload,
    task::{Named, Task},
};

pub(super) fn all(payloads: &[Payload]) -> Result<Vec<Named<'static>>, Error> {
    let mut all = Vec::new();
    for payload in payloads {
        let size = payload.size;
        let mut push = |what: &str, task: Task<'static>| {
            all.push(task.named(format!("JSON, {size}: {what}")));
        };
        let text = payload.json.clone();
        push("index", Task::of(move || Data::from_json(text.as_bytes())));
        let text = payload.json.clone();
        push(
            "bare serde_json to a map of RawValue",
            Task::of(move || {
                serde_json::from_str::<HashMap<&str, &RawValue>>(&text).map(|map| map.len())
            }),
        );
        let text = payload.json.clone();
        push(
            "bare serde_json to a map of Value",
            Task::of(move || serde_json::from_str::<Map<String, Value>>(&text)),
        );
        let value: Value = serde_json::from_str(&payload.json)?;
        let same = value.clone();
        push("a Rust value to Json", Task::of(move || Json::of(&value)));
        push(
            "bare serde_json to text",
            Task::of(move || serde_json::to_string(&same)),
        );
        let mut data = Data::from_json(payload.json.as_bytes())?;
        let reading = data.clone();
        push(
            "read a number",
            Task::of(move || reading.get::<u64>("user_id")),
        );
        data.insert("visits", Json::of(&1_000_001)?);
        push(
            "write back, one key changed",
            Task::of(move || data.to_json()),
        );
    }
    Ok(all)
}
