//! A session in several cookies: `name.0`, `name.1`, `name.2`.

use crate::{
    cookie::{BETWEEN_CHUNKS, CHUNKS, CookieWriter},
    key::SessionKey,
    session::KeyChange,
};

/// The `Set-Cookie` headers that give the visitor these cookies and take away all others that a session may have been in.
///
/// All others, and not only those that this request has brought: a request beside it may have been answered with more of them, and two
/// live sessions in one request would count as none.
pub(super) fn headers(cookie: &CookieWriter, change: &KeyChange) -> (Option<String>, Vec<String>) {
    let (parts, lifetime) = match change {
        KeyChange::Set { key, lifetime, .. } => (split(key.as_str()), *lifetime),
        KeyChange::None | KeyChange::Remove => ([None; 4], None),
    };
    let [first, rest @ ..] = parts;
    let header = |suffix: &str, part: Option<&str>| match part {
        Some(part) => cookie.set(suffix, part, lifetime),
        None => cookie.remove(suffix),
    };
    let rest = CHUNKS.iter().zip(rest);
    (
        Some(header("", first)),
        rest.map(|(suffix, part)| header(suffix, part)).collect(),
    )
}

/// The values of `name`, `name.0`, `name.1` and `name.2`.
fn split(key: &str) -> [Option<&str>; 4] {
    if !key.contains(BETWEEN_CHUNKS) {
        return [Some(key), None, None, None];
    }
    let mut parts = key.split(BETWEEN_CHUNKS);
    [None, parts.next(), parts.next(), parts.next()]
}

/// The chunks that a request brings.
#[derive(Default)]
pub(super) struct Chunks<'a> {
    values: [Option<&'a [u8]>; 3],
    /// One came twice: a neighbour domain has set one too, and nothing says which is ours.
    doubled: bool,
}

impl<'a> Chunks<'a> {
    /// Takes the cookie if its name is that of a chunk.
    pub(super) fn take(&mut self, name: &[u8], found: &[u8], value: &'a [u8]) -> bool {
        let suffix = found.strip_prefix(name).unwrap_or_default();
        let chunks = CHUNKS.iter().zip(&mut self.values);
        let place = chunks
            .into_iter()
            .find(|(known, _)| known.as_bytes() == suffix);
        if let Some((_, place)) = place {
            self.doubled |= place.replace(value).is_some();
            return true;
        }
        false
    }

    /// The key that they make together. Whether they belong together is for the engine to say: it has counted and sealed them.
    pub(super) fn key(&self) -> Option<SessionKey> {
        if self.doubled {
            tracing::warn!("a part of a session's cookies came twice: the session does not count");
            return None;
        }
        let mut text = String::new();
        for value in self.values.into_iter().flatten() {
            if !text.is_empty() {
                text.push(BETWEEN_CHUNKS);
            }
            text.push_str(str::from_utf8(value).ok()?);
        }
        SessionKey::parse(&text)
    }
}
