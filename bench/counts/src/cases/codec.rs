//! What a database keeps of a session, and Django's signer, beside bare HMAC.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tenure::{
    Data, Json, Secret,
    codec::{SignedJson, signing::Signer},
};

use crate::{
    Error,
    payload::Payload,
    system::Steady,
    task::{Named, Task},
};

pub(super) fn all(payloads: &[Payload]) -> Result<Vec<Named<'static>>, Error> {
    let mut all = Vec::new();
    for payload in payloads {
        signatures(payload, &mut all);
        records(payload, &mut all)?;
        tokens(payload, &mut all)?;
    }
    all.push(django()?);
    Ok(all)
}

/// Django compresses also what is small.
fn django() -> Result<Named<'static>, Error> {
    let stored = include_str!("../../../payload/300.record").trim_end();
    let codec = SignedJson::new(&secret(), &[]);
    codec.decode(stored)?;
    let decode = Task::of(move || codec.decode(stored));
    Ok(decode.named("record that Django wrote, 300 B: decode"))
}

fn secret() -> Secret {
    Secret::new("a secret for counts alone, never for a site that visitors use")
}

/// Text in and out, of the payload's size.
fn signatures(payload: &Payload, all: &mut Vec<Named<'static>>) {
    let size = payload.size;
    let signer = Signer::new("counts", &secret(), &[]);
    let whole = signer.sign(&payload.json);
    let (signing, text) = (signer.clone(), payload.json.clone());
    all.push(Task::of(move || signing.sign(&text)).named(format!("signature, {size}: sign")));
    let verify = Task::of(move || signer.unsign(&whole).map(str::len));
    all.push(verify.named(format!("signature, {size}: verify")));
    let bare = bare_hmac(payload.json.clone());
    all.push(bare.named(format!("signature, {size}: bare HMAC-SHA256")));
}

/// With the key taken in already.
fn bare_hmac(text: String) -> Task<'static> {
    let key = Hmac::<Sha256>::new(&[7; 64].into());
    Task::of(move || key.clone().chain_update(&text).finalize().into_bytes())
}

/// What `django_session` holds: as Django writes it, and as it is where compressing does not pay.
fn records(payload: &Payload, all: &mut Vec<Named<'static>>) -> Result<(), Error> {
    let size = payload.size;
    let data = Data::from_json(payload.json.as_bytes())?;
    let compressing = SignedJson::new(&secret(), &[]);
    // What is larger than the limit is written as it is, and read without limit.
    let plain = compressing.clone().inflate_limit(0);
    for (codec, form) in [(compressing, ""), (plain, ", not compressed")] {
        let name = |what: &str| format!("record{form}, {size}: {what}");
        let stored = codec.encode(&data, Steady::noon());
        codec.decode(&stored)?;
        if form.is_empty() && !stored.starts_with('.') {
            // It is too small to be compressed: both forms are one.
            continue;
        }
        let signed = stored.rsplit_once(':').map_or("", |(value, _)| value);
        let bare = bare_hmac(signed.to_owned());
        all.push(bare.named(name("bare HMAC-SHA256 of its text")));
        let (encoding, data) = (codec.clone(), data.clone());
        let encode = Task::of(move || encoding.encode(&data, Steady::noon()));
        all.push(encode.named(name("encode")));
        let decode = Task::of(move || codec.decode(&stored));
        all.push(decode.named(name("decode, which is verify and index")));
    }
    Ok(())
}

/// `django.core.signing.dumps` and `loads`.
fn tokens(payload: &Payload, all: &mut Vec<Named<'static>>) -> Result<(), Error> {
    let size = payload.size;
    let signer = Signer::new("counts", &secret(), &[]);
    let value = Json::parse(&payload.json)?;
    let token = signer.dumps(&value, false, Steady::noon());
    signer.loads(&token, None, Steady::noon())?;
    let dumping = signer.clone();
    let dumps = Task::of(move || dumping.dumps(&value, false, Steady::noon()));
    all.push(dumps.named(format!("token, {size}: dumps")));
    let loads = Task::of(move || signer.loads(&token, None, Steady::noon()));
    all.push(loads.named(format!("token, {size}: loads")));
    Ok(())
}
