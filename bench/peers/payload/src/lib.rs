//! What the sessions of every peer written in Rust hold, and where a peer listens.

use std::env;
use std::error::Error;
use std::net::SocketAddr;

use serde_json::{Map, Value, json};

/// What ends a peer before it serves.
pub type Failure = Box<dyn Error + Send + Sync>;

const SMALL: &str = include_str!("../../../payload/300.json");
const LARGE: &str = include_str!("../../../payload/10k.json");

/// What is put into `/new`'s session, and what `/read` answers.
pub const USER_ID: u64 = 4711;

/// The address to listen on, from `BENCH_ADDRESS`.
///
/// # Errors
///
/// When it is missing, or not an address and a port.
pub fn address() -> Result<SocketAddr, Failure> {
    Ok(env::var("BENCH_ADDRESS")?.parse()?)
}

/// The engine's URL, from `BENCH_URL`.
///
/// # Errors
///
/// When it is missing.
pub fn url() -> Result<String, Failure> {
    env::var("BENCH_URL").map_err(|_| "this engine needs BENCH_URL".into())
}

/// The engine, from the first argument.
///
/// # Errors
///
/// When it is missing.
pub fn engine() -> Result<String, Failure> {
    env::args()
        .nth(1)
        .ok_or_else(|| "the first argument names the engine".into())
}

/// The session that `/fill/SIZE` stores: `300`, `10k`, or about as many bytes of JSON as the number says. None for anything else.
#[must_use]
pub fn session(size: &str) -> Option<Map<String, Value>> {
    match size {
        "300" => serde_json::from_str(SMALL).ok(),
        "10k" => serde_json::from_str(LARGE).ok(),
        number => padded(number.parse().ok()?),
    }
}

/// A session's bytes as JSON.
#[must_use]
pub fn length(session: &Map<String, Value>) -> usize {
    serde_json::to_string(session).map_or(0, |json| json.len())
}

/// The small session, and a key `padding` that brings it to about `bytes` of JSON.
fn padded(bytes: usize) -> Option<Map<String, Value>> {
    let mut session: Map<String, Value> = serde_json::from_str(SMALL).ok()?;
    let mut length = SMALL.len() + r#","padding":[]"#.len();
    let mut padding = Vec::new();
    let mut number = 0_u64;
    while length < bytes {
        let object = json!({ "k": format!("{:016x}", scattered(number)), "n": number });
        length += object.to_string().len() + ",".len();
        padding.push(object);
        number += 1;
    }
    session.insert("padding".to_owned(), Value::Array(padding));
    Some(session)
}

/// A number that looks random, so that compression does not make the padding vanish (`SplitMix64`).
const fn scattered(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_about_as_many_bytes_as_were_asked_for() {
        for bytes in [1_000, 3_000, 100_000] {
            let length = length(&session(&bytes.to_string()).unwrap());
            assert!(length.abs_diff(bytes) < 50, "{length} for {bytes}");
        }
    }

    #[test]
    fn a_session_of_the_files_is_the_files_own() {
        for (size, file) in [("300", SMALL), ("10k", LARGE)] {
            let expected: Value = serde_json::from_str(file).unwrap();
            assert_eq!(json!(session(size)), expected);
        }
    }

    #[test]
    fn a_size_that_is_no_number_has_no_session() {
        assert_eq!(session("big"), None);
    }
}
