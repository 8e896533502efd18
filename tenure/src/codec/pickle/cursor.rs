//! Going through the bytes of a pickle.

use super::opcode as op;

/// What is not read yet.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A length or number, of four bytes or of one.
    #[inline]
    pub(super) fn size(&mut self, long: bool) -> Option<usize> {
        if long {
            return usize::try_from(u32::from_le_bytes(self.array()?)).ok();
        }
        self.byte().map(usize::from)
    }

    /// Whether the value that has just come gets a number.
    #[inline]
    pub(super) fn is_memoized(&mut self) -> bool {
        if let [op::MEMOIZE, rest @ ..] = self.rest {
            self.rest = rest;
            return true;
        }
        false
    }
}
