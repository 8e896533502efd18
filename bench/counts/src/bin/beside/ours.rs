//! What tenure does beside Django.

use std::hint::black_box;

use counts::{Error, payload::Payload, system::Steady};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tenure::{
    Data, Json, Secret,
    codec::{
        SignedJson,
        pickle::{self, Protocol},
        signing::Signer,
    },
};

pub(crate) const SECRET: &str = "a secret for counts alone, never for a site that visitors use";

/// What Django's `dumps` takes if it is told none.
const SALT: &str = "django.core.signing";

/// More than any session here.
const LIMIT: usize = 1 << 20;

/// One piece of work, here and there.
pub(crate) struct Work {
    /// What it is here.
    pub(crate) name: &'static str,
    /// What it is called there.
    pub(crate) theirs: &'static str,
    /// Nanoseconds of processor time that so many calls take.
    pub(crate) time: Box<dyn FnMut(u64) -> Result<u64, Error>>,
}

/// Python always makes a value of each key. tenure makes one where it is asked for; where all are, that is a work of its own.
pub(crate) fn all(payload: &Payload) -> Result<Vec<Work>, Error> {
    let value: Value = serde_json::from_str(&payload.json)?;
    let data = Data::from_json(payload.json.as_bytes())?;
    let signer = Signer::new(SALT, &Secret::new(SECRET), &[]);
    let token = signer.dumps(&Json::of(&value)?, false, Steady::noon());
    let codec = SignedJson::new(&Secret::new(SECRET), &[]);
    let record = codec.encode(&data, Steady::noon());
    let pickled = pickle::encode(&data, Protocol::Five);

    let dumping = signer.clone();
    let (encoding, encoded) = (codec.clone(), data.clone());
    let (decoding, all_decoding, same_record) = (codec.clone(), codec, record.clone());
    let same_pickled = pickled.clone();
    Ok(vec![
        work("dumps, of a Rust value", "dumps", move || {
            Ok(dumping.dumps(&Json::of(&value)?, false, Steady::noon()))
        }),
        work("loads, to a Rust value", "loads", move || {
            Ok(signer.loads(&token, None, Steady::noon())?.to::<Value>()?)
        }),
        work("encode", "encode", move || {
            Ok(encoding.encode(&encoded, Steady::noon()))
        }),
        work("decode", "decode", move || Ok(decoding.decode(&record)?)),
        work("decode, all values", "decode", move || {
            values(&all_decoding.decode(&same_record)?)
        }),
        work("pickle", "pickle", move || {
            Ok(pickle::encode(&data, Protocol::Five))
        }),
        work("unpickle", "unpickle", move || {
            Ok(pickle::decode(&pickled, LIMIT)?.0)
        }),
        work("unpickle, all values", "unpickle", move || {
            values(&pickle::decode(&same_pickled, LIMIT)?.0)
        }),
    ])
}

fn values(data: &Data) -> Result<Vec<Value>, Error> {
    let values = data.iter().map(|(_, json)| serde_json::from_str(json));
    Ok(values.collect::<Result<_, _>>()?)
}

fn work<T>(
    name: &'static str,
    theirs: &'static str,
    mut call: impl FnMut() -> Result<T, Error> + 'static,
) -> Work {
    let time = move |calls| {
        let start = processor_time();
        for _ in 0..calls {
            black_box(call()?);
        }
        Ok(processor_time() - start)
    };
    Work {
        name,
        theirs,
        time: Box::new(time),
    }
}

/// Nanoseconds that this thread has had: other programs' turns do not count.
fn processor_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
