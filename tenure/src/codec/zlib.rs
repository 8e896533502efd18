//! Compression in the zlib container, as Python's `zlib.compress` and `zlib.decompress`.

use std::sync::{Mutex, TryLockError};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::error::CodecError;

/// How hard [`deflate_if_shorter`] tries. 10 kB of a shop's session take 21 µs and become 3.5 kB, or 55 µs and become 2.4 kB.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effort {
    /// For what a server keeps.
    Quick,
    /// For what travels with every request. Django's own.
    Thorough,
}

impl Effort {
    fn level(self) -> Compression {
        match self {
            Self::Quick => Compression::new(1),
            Self::Thorough => Compression::new(6),
        }
    }

    fn idle(self) -> &'static Idle<Compress> {
        match self {
            Self::Quick => &QUICK,
            Self::Thorough => &THOROUGH,
        }
    }
}

static QUICK: Idle<Compress> = Idle::new();
static THOROUGH: Idle<Compress> = Idle::new();
static INFLATING: Idle<Decompress> = Idle::new();

/// What zlib works in, kept for the next call: for compression 380 kB, and to get and clear them takes some 4 µs.
///
/// For the process rather than for each thread, of which there may be hundreds. Nobody waits here: whoever finds others at it works in a
/// new one.
struct Idle<T>(Mutex<Vec<T>>);

/// At most this many of each are kept.
const KEPT: usize = 8;

impl<T> Idle<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn take(&self) -> Option<T> {
        self.with(Vec::pop)
    }

    fn keep(&self, one: T) {
        self.with(|kept| (kept.len() < KEPT).then(|| kept.push(one)));
    }

    fn with<R>(&self, call: impl FnOnce(&mut Vec<T>) -> Option<R>) -> Option<R> {
        match self.0.try_lock() {
            Ok(mut kept) => call(&mut kept),
            Err(TryLockError::Poisoned(poisoned)) => call(&mut poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// The compressed bytes, if they are fewer by more than one: then a `.` before them pays, as Django reckons.
pub(crate) fn deflate_if_shorter(bytes: &[u8], effort: Effort) -> Option<Vec<u8>> {
    // No room for more is needed: what does not fit is not wanted.
    let mut out = Vec::with_capacity(bytes.len().checked_sub(2)?);
    let mut deflate = match effort.idle().take() {
        Some(mut kept) => {
            kept.reset();
            kept
        }
        None => Compress::new(effort.level(), true),
    };
    let status = deflate.compress_vec(bytes, &mut out, FlushCompress::Finish);
    effort.idle().keep(deflate);
    (status.ok()? == Status::StreamEnd && out.len() + 1 < bytes.len()).then_some(out)
}

/// Inflates at most `limit` bytes. What follows the end of the stream is ignored, as in Python; a stream without end is refused.
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
    let mut inflate = match INFLATING.take() {
        Some(mut kept) => {
            kept.reset(true);
            kept
        }
        None => Decompress::new(true),
    };
    let out = inflate_with(&mut inflate, bytes, limit);
    INFLATING.keep(inflate);
    out
}

fn inflate_with(
    inflate: &mut Decompress,
    bytes: &[u8],
    limit: usize,
) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(
        bytes
            .len()
            .saturating_mul(4)
            .clamp(256, limit.saturating_add(1).max(256)),
    );
    loop {
        let read = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(read..).unwrap_or_default();
        let before = (inflate.total_in(), out.len());
        // All that there is, as a rule at once: then zlib copies nothing into a window of its own for what comes after.
        let status = inflate
            .decompress_vec(rest, &mut out, FlushDecompress::Finish)
            .map_err(|error| CodecError::malformed("zlib", error))?;
        if out.len() > limit {
            return Err(CodecError::TooLarge { limit });
        }
        if status == Status::StreamEnd {
            return Ok(out);
        }
        if before == (inflate.total_in(), out.len()) && out.len() < out.capacity() {
            return Err(CodecError::not("zlib"));
        }
        if out.len() == out.capacity() {
            out.reserve(out.len().min(limit.saturating_add(1) - out.len()).max(64));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 1024);
        let mut deflate = Compress::new(Compression::new(6), true);
        assert_eq!(
            deflate
                .compress_vec(bytes, &mut out, FlushCompress::Finish)
                .unwrap(),
            Status::StreamEnd
        );
        out
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = deflate(&vec![0; 64 << 20]);
        assert!(bomb.len() < 100_000);
        assert!(matches!(
            inflate(&bomb, 1 << 20),
            Err(CodecError::TooLarge { limit: 1_048_576 })
        ));
        let size = 100_000;
        assert_eq!(
            inflate(&deflate(&vec![7; size]), size).unwrap(),
            vec![7; size]
        );
        assert!(matches!(
            inflate(&deflate(&vec![7; size]), size - 1),
            Err(CodecError::TooLarge { .. })
        ));
        assert!(matches!(
            inflate(&deflate(&[7]), 0),
            Err(CodecError::TooLarge { .. })
        ));
        assert_eq!(inflate(&deflate(&[]), 0).unwrap(), b"");
    }

    #[test]
    fn every_prefix_is_refused_and_a_tail_ignored() {
        let whole = deflate(b"a sentence, a sentence, a sentence");
        for length in 0..whole.len() {
            assert!(
                matches!(
                    inflate(&whole[..length], 1000),
                    Err(CodecError::Malformed { what: "zlib", .. })
                ),
                "{length}"
            );
        }
        assert_eq!(
            inflate(&[&whole[..], b"tail"].concat(), 1000).unwrap(),
            b"a sentence, a sentence, a sentence"
        );
    }

    proptest! {
        #[test]
        fn what_is_shorter_comes_back(bytes in prop::collection::vec(0_u8..4, 0..3000)) {
            match deflate_if_shorter(&bytes, Effort::Thorough) {
                Some(short) => {
                    prop_assert!(short.len() + 1 < bytes.len());
                    prop_assert_eq!(inflate(&short, 3000).unwrap(), bytes);
                }
                None => prop_assert!(deflate(&bytes).len() + 1 >= bytes.len()),
            }
        }

        #[test]
        fn what_was_worked_in_before_leaves_no_trace(all in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(0_u8..4, 0..3000),
                prop::collection::vec(any::<u8>(), 0..100),
                (1_usize..200_000).prop_map(|size| b"between ".iter().copied().cycle().take(size).collect()),
            ],
            1..8,
        )) {
            for bytes in all {
                for effort in [Effort::Quick, Effort::Thorough] {
                    let mut afresh = Vec::with_capacity(bytes.len() + 1024);
                    let status = Compress::new(effort.level(), true)
                        .compress_vec(&bytes, &mut afresh, FlushCompress::Finish)
                        .unwrap();
                    prop_assert_eq!(status, Status::StreamEnd);
                    let pays = afresh.len() + 1 < bytes.len();
                    prop_assert_eq!(deflate_if_shorter(&bytes, effort), pays.then(|| afresh.clone()));
                    // Broken off in the midst, then whole, with and without enough room at first.
                    prop_assert!(inflate(&afresh[..afresh.len() / 2], usize::MAX).is_err());
                    prop_assert_eq!(&inflate(&afresh, 200_000).unwrap(), &bytes);
                }
            }
        }

        #[test]
        fn noise_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = inflate(&bytes, 100);
        }
    }
}
