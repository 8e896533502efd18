//! What stands in the cache: the session as Django writes it, and behind it which version of the row it is.
//!
//! Python's `pickle.loads` and `zlib.decompress` do not look at what follows the end of what they read, so Django reads such a value as one
//! of its own. A value without the trailer was written by Django, or in a format that has no place for one: which version it is cannot be
//! told.

use crate::record::Version;

const MAGIC: &[u8; 4] = b"tnr1";
/// The version's length, then the magic.
const END: usize = size_of::<u32>() + MAGIC.len();

/// A cached value, taken apart.
pub(super) enum Value<'a> {
    /// The session's bytes, and the version of the row that they were read from or written to.
    Session { bytes: &'a [u8], version: Version },
    /// The row was changed or deleted a moment ago: nobody may put what they read before into the cache.
    Tombstone,
    /// A session that says nothing of its row's version.
    Unversioned,
}

/// The session's bytes with their trailer. `version` is known.
pub(super) fn with_version(mut bytes: Vec<u8>, version: &Version) -> Vec<u8> {
    let version = version.as_bytes().unwrap_or_default();
    let length = u32::try_from(version.len()).unwrap_or_default();
    bytes.reserve_exact(version.len() + END);
    bytes.extend_from_slice(version);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(MAGIC);
    bytes
}

impl<'a> Value<'a> {
    /// `nothing` is what Django reads as "nothing is cached".
    pub(super) fn parse(value: &'a [u8], nothing: &[u8]) -> Self {
        if value == nothing {
            return Self::Tombstone;
        }
        Self::trailed(value).unwrap_or(Self::Unversioned)
    }

    fn trailed(value: &'a [u8]) -> Option<Self> {
        let rest = value.strip_suffix(MAGIC)?;
        let (rest, length) = rest.split_last_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (bytes, version) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
        Some(Self::Session {
            bytes,
            version: Version::from_bytes(version),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_apart_as_it_was_put_together() {
        let version = Version::from_text(":1vhVGF:signature");
        let value = with_version(b"\x80\x05}.".to_vec(), &version);
        let Value::Session {
            bytes,
            version: read,
        } = Value::parse(&value, b"null")
        else {
            panic!("it is a session")
        };
        assert_eq!((bytes, read), (&b"\x80\x05}."[..], version));
    }

    #[test]
    fn what_is_not_ours_has_no_version_and_is_never_a_panic() {
        let whole = with_version(b"{}".to_vec(), &Version::from_text("version"));
        for length in 0..whole.len() {
            assert!(matches!(
                Value::parse(&whole[..length], b"null"),
                Value::Unversioned
            ));
        }
        let mut too_long = whole.clone();
        let at = too_long.len() - END;
        too_long[at] = 200;
        assert!(matches!(
            Value::parse(&too_long, b"null"),
            Value::Unversioned
        ));
        assert!(matches!(Value::parse(b"null", b"null"), Value::Tombstone));
    }
}
