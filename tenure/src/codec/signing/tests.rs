use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    text: String,
    #[serde(default, alias = "hex", alias = "hmac_hex")]
    bytes_hex: String,
    #[serde(default, alias = "key_salt")]
    salt: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    signature: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn holds(case: &Case) -> Option<bool> {
    let secret = Secret::new(case.secret.as_str());
    Some(match case.kind.as_str() {
        "base62" => {
            let number = case.number.parse().unwrap();
            base62(number) == case.text && base62_value(&case.text) == Some(number)
        }
        "base64url" => {
            let bytes = base64_bytes(&case.text).unwrap();
            let mut text = String::new();
            push_base64(&mut text, &bytes);
            hex(&bytes) == case.bytes_hex && text == case.text
        }
        "salted_hmac_sha256" => {
            hex(&salted_hmac(&case.salt, case.value.as_bytes(), &secret)) == case.bytes_hex
        }
        "signer_signature" => {
            let signer = Signer::new(&case.salt, &secret, &[]);
            let expected = format!("{}:{}", case.value, case.signature);
            signer.sign(&case.value) == expected && signer.unsign(&expected).unwrap() == case.value
        }
        _ => return None,
    })
}

#[test]
fn primitives_agree_with_django() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../interop/vectors/primitives.json"
    );
    let vectors: Vectors = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut count = std::collections::BTreeMap::new();
    let mut failed = Vec::new();
    for case in &vectors.cases {
        if let Some(holds) = holds(case) {
            *count.entry(case.kind.as_str()).or_insert(0) += 1;
            if !holds {
                failed.push(&case.name);
            }
        }
    }
    assert_eq!(count.len(), 4, "{count:?}");
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn nothing_secret_is_printed() {
    let signer = Signer::new("salt", &Secret::new("hunter2"), &[Secret::new("hunter1")]);
    assert_eq!(format!("{signer:?}"), "Signer { fallbacks: 1, .. }");
}

#[test]
fn a_time_before_1970_comes_back() {
    let signer = Signer::new("salt", &Secret::new("secret"), &[]);
    let before = UNIX_EPOCH - Duration::from_secs(100);
    let token = signer.dumps(&Json::of(&1).unwrap(), false, before);
    assert_eq!(signer.unsign_timed(&token).unwrap().at, -100);
    assert!(
        signer
            .loads(&token, Some(Duration::from_secs(100)), UNIX_EPOCH)
            .is_ok()
    );
    assert!(
        signer
            .loads(&token, Some(Duration::from_secs(99)), UNIX_EPOCH)
            .is_err()
    );
}

#[test]
fn what_is_too_large_to_inflate_is_not_compressed() {
    let signer = Signer::new("salt", &Secret::new("secret"), &[]);
    let large = Json::of(&"a".repeat(INFLATE_LIMIT)).unwrap();
    let token = signer.dumps(&large, true, UNIX_EPOCH);
    assert!(!token.starts_with('.'));
    assert_eq!(signer.loads(&token, None, UNIX_EPOCH).unwrap(), large);
}
