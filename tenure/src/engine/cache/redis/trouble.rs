//! What Redis says when it cannot, in words that tell what to do.

use std::time::Duration;

use redis::{ErrorKind, RedisError};

use crate::error::StoreError;

/// What the first word of a reply means. Scripts put it into the middle of a reply on Redis before 7.
const WORDS: [(&str, &str); 14] = [
    (
        "OOM",
        "is full and evicts nothing: raise its `maxmemory`, or remove what is not needed",
    ),
    (
        "READONLY",
        "is a replica and takes no writes: LOCATION needs the primary, or OPTIONS the SENTINELS that know it",
    ),
    (
        "LOADING",
        "is still reading its data from the disk: it answers once it has",
    ),
    (
        "NOAUTH",
        "wants a password: LOCATION takes it as redis://user:password@host, OPTIONS as `username` and `password`",
    ),
    (
        "WRONGPASS",
        "refuses the user or the password in LOCATION or OPTIONS",
    ),
    (
        "NOPERM",
        "does not let this user: allow it `+@read +@write +@scripting +info +select +hello` on the keys of this cache",
    ),
    (
        "CLUSTERDOWN",
        "is a cluster that misses nodes: it answers once all slots are served again",
    ),
    (
        "MOVED",
        "is a node of a cluster: LOCATION needs the scheme `redis+cluster://`",
    ),
    (
        "CROSSSLOT",
        "is a node of a cluster: LOCATION needs the scheme `redis+cluster://`",
    ),
    (
        "WRONGTYPE",
        "holds something else than a session under a session's key: another program uses the same keys, which a KEY_PREFIX keeps apart",
    ),
    (
        "MISCONF",
        "cannot write to its disk and refuses writes until it can",
    ),
    (
        "MASTERDOWN",
        "is a replica whose primary is away: it answers once there is one",
    ),
    (
        "NOREPLICAS",
        "has fewer replicas than its `min-replicas-to-write` asks for",
    ),
    (
        "BUSY",
        "is held up by a script of somebody's: `SCRIPT KILL` ends it",
    ),
];

/// The outage that `error` means.
///
/// A reply that begins with `ERR` may quote the command with passwords or keys of sessions in it, so it is not kept as the cause.
pub(super) fn explain(error: RedisError, address: &str, after: Duration) -> StoreError {
    let tried = after.as_millis();
    let code = code(&error);
    let known = code.as_deref().and_then(|code| {
        let detail = error.detail().unwrap_or_default();
        WORDS
            .iter()
            .find(|(word, _)| *word == code || code == "ERR" && mentions(detail, word))
    });
    if let Some((word, meaning)) = known {
        return without_source(format!("Redis at {address} {meaning} ({word})"));
    }
    if let Some(code) = code {
        return without_source(format!("Redis at {address} refused a command ({code})"));
    }
    let what = match error.kind() {
        ErrorKind::AuthenticationFailed => {
            return without_source(format!(
                "Redis at {address} refuses the user or the password in LOCATION or OPTIONS"
            ));
        }
        ErrorKind::RESP3NotSupported => {
            return without_source(format!(
                "Redis at {address} is too old: version 6 or later is needed"
            ));
        }
        ErrorKind::MasterNameNotFoundBySentinel => format!(
            "the sentinels at {address} know no primary of this name that answers, tried for {tried} ms"
        ),
        ErrorKind::Parse => format!("what answers at {address} breaks off, or is not Redis"),
        _ => format!("Redis at {address} could not be reached, tried for {tried} ms"),
    };
    StoreError::unavailable(what, error)
}

/// No answer at all.
pub(super) fn silence(address: &str, after: Duration) -> StoreError {
    let tried = after.as_millis();
    without_source(format!(
        "Redis at {address} did not answer, tried for {tried} ms"
    ))
}

/// A reply that none of our commands can have.
pub(super) fn nonsense(address: &str) -> StoreError {
    without_source(format!(
        "Redis at {address} gave an answer that makes no sense"
    ))
}

fn without_source(what: String) -> StoreError {
    StoreError::Unavailable { what, source: None }
}

fn code(error: &RedisError) -> Option<String> {
    let errors = error.clone().into_server_errors()?;
    errors.first().map(|(_, error)| error.code().to_owned())
}

/// Whether `word` stands in `detail` as a word.
fn mentions(detail: &str, word: &str) -> bool {
    detail
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|other| other == word)
}
