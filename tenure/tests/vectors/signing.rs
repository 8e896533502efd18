//! `signing.dumps` and `signing.loads` agree with Django's, case by case.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, de::IgnoredAny};
use tenure::{CodecError, Json, Secret, codec::signing::Signer};

#[derive(Deserialize)]
struct Vectors {
    dumps: Vec<Dumps>,
    loads: Vec<Loads>,
}

#[derive(Deserialize)]
struct Dumps {
    name: String,
    secret: String,
    salt: String,
    compress: bool,
    now: f64,
    payload: String,
    token: String,
    compressed: bool,
}

#[derive(Deserialize)]
struct Loads {
    name: String,
    token: String,
    secret: String,
    fallbacks: Vec<String>,
    salt: String,
    max_age: Option<f64>,
    now: f64,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expect {
    Payload {
        payload: String,
    },
    Error {
        error: String,
        #[expect(dead_code, reason = "Django's name of it")]
        django_exception: IgnoredAny,
    },
}

fn vectors() -> Vectors {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../interop/vectors/signing.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn at(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

fn dumps_agrees(case: &Dumps) -> Result<(), String> {
    let signer = Signer::new(&case.salt, &Secret::new(case.secret.as_str()), &[]);
    let value = Json::parse(&case.payload).map_err(|error| error.to_string())?;
    if value.as_str() != case.payload {
        return Err(format!("spelled {}", value.as_str()));
    }
    let token = signer.dumps(&value, case.compress, at(case.now));
    if case.compressed != token.starts_with('.') || !case.compressed && token != case.token {
        return Err(format!("wrote {token}"));
    }
    for token in [&token, &case.token] {
        let read = signer
            .loads(token, None, at(case.now))
            .map_err(|error| error.to_string())?;
        if read != value {
            return Err(format!("read {}", read.as_str()));
        }
    }
    Ok(())
}

fn loads_agrees(case: &Loads) -> Result<(), String> {
    let fallbacks: Vec<_> = case
        .fallbacks
        .iter()
        .map(|secret| Secret::new(secret.as_str()))
        .collect();
    let signer = Signer::new(&case.salt, &Secret::new(case.secret.as_str()), &fallbacks);
    let read = signer.loads(
        &case.token,
        case.max_age.map(Duration::from_secs_f64),
        at(case.now),
    );
    let agrees = match (&read, &case.expect) {
        (Ok(value), Expect::Payload { payload }) => value.as_str() == payload,
        (Err(CodecError::BadSignature), Expect::Error { error, .. }) => error == "BadSignature",
        (Err(CodecError::Expired { .. }), Expect::Error { error, .. }) => {
            error == "SignatureExpired"
        }
        (Err(CodecError::Malformed { .. }), Expect::Error { error, .. }) => error == "Malformed",
        _ => false,
    };
    if agrees {
        Ok(())
    } else {
        Err(format!("{:?}", read.map(|value| value.as_str().to_owned())))
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
fn dumps_agrees_with_django() {
    assert_all(
        vectors()
            .dumps
            .iter()
            .map(|case| (case.name.clone(), dumps_agrees(case))),
    );
}

#[test]
fn loads_agrees_with_django() {
    assert_all(
        vectors()
            .loads
            .iter()
            .map(|case| (case.name.clone(), loads_agrees(case))),
    );
}
