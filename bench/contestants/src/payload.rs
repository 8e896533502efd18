//! The sessions that all contestants hold.

use std::fmt::Write as _;

const SMALL: &str = include_str!("../../payload/300.json");
const LARGE: &str = include_str!("../../payload/10k.json");

/// The JSON of a session of this size: `300`, `10k`, or a number of bytes. `None` if it is none of these.
pub(crate) fn json(size: &str) -> Option<String> {
    match size {
        "300" => Some(SMALL.to_owned()),
        "10k" => Some(LARGE.to_owned()),
        _ => padded(size.parse().ok()?),
    }
}

/// The small one with a key more, until it has about this many bytes.
fn padded(bytes: usize) -> Option<String> {
    let mut text = SMALL.strip_suffix('}')?.to_owned();
    text.push_str(r#","padding":["#);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut separator = "";
    while text.len() < bytes {
        // Marsaglia's xorshift: text that does not compress to nothing, and is the same each time.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(
            text,
            r#"{separator}{{"k":"{state:016x}","n":{}}}"#,
            state >> 44
        )
        .ok()?;
        separator = ",";
    }
    text.push_str("]}");
    Some(text)
}
