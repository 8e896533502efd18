//! Sessions that are cookies.

use std::sync::Arc;

use tenure::{
    Data, Record, SessionKey,
    engine::cookies::{EncryptedCookies, Revocation, SignedCookies},
    store::{Created, SessionStore},
    testing,
};

use crate::{
    Error,
    payload::{Payload, Size},
    system::Steady,
    task::{Named, Task, now},
};

/// At 300 bytes alone: 10 kB are more than a cookie takes.
pub(super) fn all(payloads: &[Payload]) -> Result<Vec<Named<'static>>, Error> {
    let settings = testing::settings();
    let system = Arc::new(Steady::default());
    let signed = SignedCookies::new(&settings, Revocation::Off)?.with_system(system.clone());
    let encrypted = EncryptedCookies::new(&settings, Revocation::Off)?.with_system(system);
    let mut all = Vec::new();
    for payload in payloads.iter().filter(|payload| payload.size == Size::B300) {
        let record = Record::new(
            Data::from_json(payload.json.as_bytes())?,
            Steady::noon() + settings.cookie_age,
        );
        all.extend(seal_and_open("signed", payload, signed.clone(), &record)?);
        all.extend(seal_and_open(
            "encrypted",
            payload,
            encrypted.clone(),
            &record,
        )?);
    }
    Ok(all)
}

fn seal_and_open(
    engine: &str,
    payload: &Payload,
    store: impl SessionStore + Clone,
    record: &Record,
) -> Result<[Named<'static>; 2], Error> {
    let size = payload.size;
    let unused = SessionKey::parse("0123456789abcdefghijklmnopqrstuv").ok_or("that is a key")?;
    let Created::Rekeyed(key) = now(store.create(&unused, record))?? else {
        return Err("a cookie engine makes the key".into());
    };
    now(store.load(&key))??.ok_or("what was sealed can be opened")?;
    let (sealing, record) = (store.clone(), record.clone());
    let seal = Task::of(move || now(sealing.create(&unused, &record)));
    let open = Task::of(move || now(store.load(&key)));
    Ok([
        seal.named(format!("{engine} cookie, {size}: seal")),
        open.named(format!("{engine} cookie, {size}: open")),
    ])
}
