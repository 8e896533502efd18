//! Where a text stands in a pickle.

/// The place of a text's bytes.
#[derive(Clone, Copy)]
pub(super) struct Span {
    from: u32,
    length: u32,
}

impl Span {
    pub(super) const EMPTY: Self = Self { from: 0, length: 0 };

    /// `None` beyond 4 GiB.
    #[inline]
    pub(super) fn new(from: usize, length: usize) -> Option<Self> {
        Some(Self {
            from: u32::try_from(from).ok()?,
            length: u32::try_from(length).ok()?,
        })
    }

    /// In bytes.
    #[inline]
    pub(super) fn len(self) -> usize {
        self.length as usize
    }

    /// The text, and all that follows it.
    #[inline]
    pub(super) fn and_on(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.from as usize..).unwrap_or_default()
    }

    /// The text.
    #[inline]
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        self.and_on(bytes).get(..self.len()).unwrap_or_default()
    }
}
