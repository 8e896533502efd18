//! What a cookie engine's format has to do.

use std::{fmt, time::Duration};

use super::{revocation::Generation, size::Size};
use crate::{
    data::Data,
    error::{CodecError, StoreError},
    moment::Moment,
};

/// How far ahead of ours another server's clock may be.
const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// What a cookie holds.
pub(super) struct Opened {
    pub(super) data: Data,
    pub(super) expires_at: Moment,
    pub(super) generation: Generation,
    /// When it was made.
    pub(super) issued: Moment,
    /// Whether an older secret was used.
    pub(super) by_fallback: bool,
}

/// What a cookie is to hold.
#[cfg_attr(
    not(feature = "encrypted-cookies"),
    expect(dead_code, reason = "signed cookies hold a part of it")
)]
pub(super) struct Sealing<'a> {
    pub(super) data: &'a Data,
    pub(super) expires_at: Moment,
    pub(super) generation: Generation,
    /// From when on its age counts.
    pub(super) issued: Moment,
    /// Bytes that nobody can guess and that were never used before.
    pub(super) nonce: [u8; 24],
}

/// Why a cookie counts as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it was not made by this engine with one of this site's secrets, or was altered since")]
    Forged,
    #[error("it comes from the future: check the clocks of all servers")]
    Future,
    #[error("it is genuine, but holds no session")]
    Content,
}

/// Why a cookie could not be opened.
pub(super) enum NotOpened {
    Refused(Refused),
    Failed(StoreError),
}

impl From<Refused> for NotOpened {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<CodecError> for NotOpened {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::BadSignature => Self::Refused(Refused::Forged),
            CodecError::TooLarge { limit } => Self::Failed(StoreError::TooLarge { limit }),
            _ => Self::Refused(Refused::Content),
        }
    }
}

/// From a session to a cookie's value and back.
pub(super) trait Format: fmt::Debug + Send + Sync + 'static {
    const ENGINE: &'static str;

    /// Whether its values hold anything random: each draw is a system call.
    fn is_random(&self) -> bool;

    /// What is in the value, also if it has ended.
    fn open(&self, value: &str, now: Moment) -> Result<Opened, NotOpened>;

    /// The value, if there is room for it.
    fn seal(&self, sealing: &Sealing<'_>, size: &Size) -> Result<String, StoreError>;
}

/// When a cookie that was made at `issued` and is to end at `own_end` ends.
///
/// No cookie counts longer than `SESSION_COOKIE_AGE`, as in Django: only so is it known for how long to remember a session that was ended,
/// whatever other cookies of it there are. An `own_end` that is later is told as it is until then, or each request would try to prolong a
/// session that cannot last that long.
pub(super) fn end(
    issued: Moment,
    own_end: Option<Moment>,
    cookie_age: Duration,
    now: Moment,
) -> Result<Moment, Refused> {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    if issued > now.plus_micros(micros(CLOCK_SKEW)) {
        return Err(Refused::Future);
    }
    // In Django the last moment itself still counts.
    let last = issued.plus_micros(micros(cookie_age)).plus_micros(1);
    Ok(own_end.filter(|_| last > now).unwrap_or(last))
}
