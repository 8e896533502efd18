//! How much fits into several cookies.

use super::size::{MOST_BYTES, Size};
use crate::{
    cookie::{BETWEEN_CHUNKS, CHUNKS},
    error::StoreError,
};

/// Common servers take a header line of 8 KiB, and the session's cookies come back in one.
const MOST_BYTES_IN_CHUNKS: usize = 8 * 1024 - 1;
/// Bytes that follow the name in the name of a chunk's cookie.
const SUFFIX: usize = 2;

impl Size {
    /// How much of a value fits into each of several cookies.
    fn room(&self) -> usize {
        MOST_BYTES.saturating_sub(self.frame + SUFFIX).max(1)
    }

    /// How many cookies a value of `length` bytes fills, if it may fill several.
    pub(super) fn chunks(&self, length: usize) -> Result<u8, StoreError> {
        if self.check(length).is_ok() {
            return Ok(1);
        }
        let chunks = length.div_ceil(self.room());
        let size = length + chunks * (self.frame + SUFFIX);
        match u8::try_from(chunks) {
            Ok(count) if chunks <= CHUNKS.len() && size <= MOST_BYTES_IN_CHUNKS => Ok(count),
            _ => Err(StoreError::CookieTooLarge {
                size,
                limit: MOST_BYTES_IN_CHUNKS,
            }),
        }
    }

    /// The value with a mark wherever a new cookie begins.
    pub(super) fn split(&self, value: &str) -> String {
        let mut marked = String::with_capacity(value.len() + CHUNKS.len());
        for (index, character) in value.chars().enumerate() {
            if index > 0 && index % self.room() == 0 {
                marked.push(BETWEEN_CHUNKS);
            }
            marked.push(character);
        }
        marked
    }
}
