//! What stands in a cache's bytes.

use crate::{data::Data, error::CodecError};

/// How a session's data is written into a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON as Django's session serializer writes it. What caches of tenure's own hold.
    Json,
}

impl Format {
    /// The bytes of `data`.
    pub fn encode(self, data: &Data) -> Vec<u8> {
        match self {
            Self::Json => data.to_json().into_bytes(),
        }
    }

    /// What Django reads as "nothing is there": `None`.
    pub(crate) fn nothing(self) -> &'static [u8] {
        match self {
            Self::Json => b"null",
        }
    }

    /// The data that stands in `bytes`, of which at most `limit` are looked into.
    ///
    /// # Errors
    ///
    /// When the bytes are not of this format, hold what no session can hold, or inflate beyond the limit.
    pub fn decode(self, bytes: &[u8], limit: usize) -> Result<Data, CodecError> {
        if bytes.len() > limit {
            return Err(CodecError::TooLarge { limit });
        }
        match self {
            Self::Json => Data::from_json(bytes),
        }
    }
}
