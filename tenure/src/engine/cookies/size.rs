//! How much fits.

use crate::{
    cookie::{BETWEEN_CHUNKS, CHUNKS, CookieWriter, MOST_BYTES},
    error::StoreError,
    settings::Settings,
};

/// Common servers take a header line of 8 KiB, and the session's cookies come back in one.
const MOST_BYTES_IN_CHUNKS: usize = 8 * 1024 - 1;
/// What follows the name of a chunk's cookie.
const SUFFIX: usize = 2;

/// How much fits into the cookies of a site.
#[derive(Clone, Debug)]
pub(super) struct Size {
    /// Bytes of a `Set-Cookie` header beside the value.
    frame: usize,
}

impl Size {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            frame: CookieWriter::new(settings).longest_frame(),
        }
    }

    /// Whether a value of `length` bytes fits into one cookie.
    pub(super) fn check(&self, length: usize) -> Result<(), StoreError> {
        let size = self.frame + length;
        if size <= MOST_BYTES {
            return Ok(());
        }
        Err(StoreError::CookieTooLarge {
            size,
            limit: MOST_BYTES,
        })
    }

    /// How much of a value fits into each of several cookies.
    #[cfg(feature = "encrypted-cookies")]
    fn room(&self) -> usize {
        MOST_BYTES.saturating_sub(self.frame + SUFFIX).max(1)
    }

    /// How many cookies a value of `length` bytes fills, if it may fill several.
    #[cfg(feature = "encrypted-cookies")]
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
    #[cfg(feature = "encrypted-cookies")]
    pub(super) fn split(&self, value: &str) -> String {
        if self.check(value.len()).is_ok() {
            return value.to_owned();
        }
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
