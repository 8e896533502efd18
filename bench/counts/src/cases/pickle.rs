//! What Django's caches hold.

use tenure::{
    Data,
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
        let read = Task::of(move || pickle::decode(&pickled, LIMIT).map(|(data, _)| data));
        all.push(read.named(format!("pickle, {size}: read")));
    }
    Ok(all)
}
