//! How much fits.

use crate::{cookie::CookieWriter, error::StoreError, settings::Settings};

/// The most bytes that every browser keeps of a cookie: name, value and attributes together (RFC 6265, section 6.1). The newer RFC 6265bis
/// counts name and value alone.
pub(super) const MOST_BYTES: usize = 4096;

/// How much fits into the cookies of a site.
#[derive(Clone, Debug)]
pub(super) struct Size {
    /// Bytes of a `Set-Cookie` header beside the value.
    pub(super) frame: usize,
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
}
