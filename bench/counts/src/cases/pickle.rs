//! What Django's caches hold.

use tenure::{
    CodecError, Data, Json,
    codec::pickle::{self, Protocol},
};

use crate::{
    Error,
    payload::{Payload, Size},
    task::{Named, Task},
};

/// More than any session here.
const LIMIT: usize = 1 << 20;

pub(super) fn all(payloads: &[Payload]) -> Result<Vec<Named<'static>>, Error> {
    let mut all = Vec::new();
    for payload in payloads
        .iter()
        .filter(|payload| payload.size != Size::Kb100)
    {
        let size = payload.size;
        let data = Data::from_json(payload.json.as_bytes())?;
        let pickled = pickle::encode(&data, Protocol::Five);
        pickle::decode(&pickled, LIMIT)?;
        let write = Task::of(move || pickle::encode(&data, Protocol::Five));
        all.push(write.named(format!("pickle, {size}: write")));
        let (mut changed, _) = pickle::decode(&pickled, LIMIT)?;
        changed.insert("visits", Json::of(&1_000_001)?);
        let write_back = Task::of(move || pickle::encode(&changed, Protocol::Five));
        all.push(write_back.named(format!("pickle, {size}: write back, one key changed")));
        let same = pickled.clone();
        let read = Task::of(move || pickle::decode(&pickled, LIMIT).map(|(data, _)| data));
        all.push(read.named(format!("pickle, {size}: read")));
        let read = Task::of(move || {
            let (data, _) = pickle::decode(&same, LIMIT)?;
            data.keys()
                .try_for_each(|key| data.get_json(&key).map(drop));
            Ok::<_, CodecError>(data)
        });
        all.push(read.named(format!("pickle, {size}: read, and all its values")));
    }
    Ok(all)
}
