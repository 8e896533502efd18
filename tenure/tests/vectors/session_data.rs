//! What Django's engines for tables and files store is read and written the same, case by case.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::deliberate;
use serde::{Deserialize, de::DeserializeOwned};
use tenure::{CodecError, Data, Secret, codec::SignedJson};

#[derive(Deserialize)]
struct Vectors {
    encode: Vec<Encode>,
    decode: Vec<Decode>,
}

#[derive(Deserialize)]
struct Encode {
    name: String,
    secret: String,
    key_salt: String,
    now: f64,
    payload: String,
    session_data: String,
    compressed: bool,
    #[serde(default)]
    read_only: bool,
}

#[derive(Deserialize)]
struct Decode {
    name: String,
    session_data: String,
    secret: String,
    fallbacks: Vec<String>,
    key_salt: String,
    expect_payload: String,
    expect_logged_as_corrupted: bool,
}

#[derive(Deserialize)]
struct Reserved {
    cases: Vec<ReservedCase>,
}

#[derive(Deserialize)]
struct ReservedCase {
    name: String,
    payload: String,
}

fn vectors<T: DeserializeOwned>(file: &str) -> T {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../interop/vectors/");
    serde_json::from_str(&std::fs::read_to_string(format!("{path}{file}")).unwrap()).unwrap()
}

fn at(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

fn read(text: &str) -> Result<Data, String> {
    Data::from_json(text.as_bytes()).map_err(|error| format!("{error:?}"))
}

fn encode_agrees(case: &Encode) -> Result<(), String> {
    let codec = SignedJson::with_salt(&case.key_salt, &Secret::new(case.secret.as_str()), &[]);
    let data = read(&case.payload)?;
    let stored = codec
        .decode(&case.session_data)
        .map_err(|error| format!("{error:?}"))?;
    if stored != data || !case.read_only && stored.to_json() != case.payload {
        return Err(format!("read {}", stored.to_json()));
    }
    let text = codec.encode(&data, at(case.now));
    // What is short is left as it is, where Django compresses it: it reads both.
    let compressed = case.compressed && case.payload.len() >= 1400;
    if compressed != text.starts_with('.')
        || !case.compressed && !case.read_only && text != case.session_data
    {
        return Err(format!("wrote {text}"));
    }
    match codec.decode(&text) {
        Ok(again) if again == data => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn decode_agrees(case: &Decode) -> Result<(), String> {
    let fallbacks: Vec<_> = case
        .fallbacks
        .iter()
        .map(|secret| Secret::new(secret.as_str()))
        .collect();
    let codec = SignedJson::with_salt(
        &case.key_salt,
        &Secret::new(case.secret.as_str()),
        &fallbacks,
    );
    let result = codec.decode(&case.session_data);
    let logged = matches!(result, Err(CodecError::BadSignature));
    // Every failure is an empty session, as in Django.
    let data = result.unwrap_or_default();
    let expected = if deliberate::differs("session_data.json", &case.name) {
        "{}"
    } else {
        case.expect_payload.as_str()
    };
    if data.to_json() == expected && logged == case.expect_logged_as_corrupted {
        Ok(())
    } else {
        Err(format!("{}, logged: {logged}", data.to_json()))
    }
}

fn round_trip_agrees(case: &ReservedCase) -> Result<(), String> {
    let codec = SignedJson::new(&Secret::new("secret"), &[]);
    let data = read(&case.payload)?;
    let again = codec
        .decode(&codec.encode(&data, UNIX_EPOCH))
        .map_err(|error| format!("{error:?}"))?;
    if again.to_json() == case.payload {
        Ok(())
    } else {
        Err(again.to_json())
    }
}

fn assert_all(results: impl Iterator<Item = (String, Result<(), String>)>) {
    let mut count = 0;
    let failed: Vec<_> = results
        .inspect(|_| count += 1)
        .filter_map(|(name, result)| result.err().map(|why| format!("{name}: {why}")))
        .collect();
    assert!(count > 0);
    assert!(
        failed.is_empty(),
        "{} of {count} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn encode_agrees_with_django() {
    let vectors: Vectors = vectors("session_data.json");
    assert_all(
        vectors
            .encode
            .iter()
            .map(|case| (case.name.clone(), encode_agrees(case))),
    );
}

#[test]
fn decode_agrees_with_django() {
    let vectors: Vectors = vectors("session_data.json");
    assert_all(
        vectors
            .decode
            .iter()
            .map(|case| (case.name.clone(), decode_agrees(case))),
    );
}

#[test]
fn what_django_components_write_comes_back_unchanged() {
    let vectors: Reserved = vectors("reserved_keys.json");
    assert_all(
        vectors
            .cases
            .iter()
            .map(|case| (case.name.clone(), round_trip_agrees(case))),
    );
}
