//! A clock and random bytes that are the same in each run.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use tenure::system::{RandomError, System};

/// A clock that stands still, and numbers in a row, mixed, in place of random bytes: how many instructions a new key takes depends on
/// its letters.
#[derive(Debug, Default)]
pub struct Steady(AtomicU64);

impl Steady {
    /// Noon of a day, in a second that has as many digits as any of today's.
    pub fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(498_780)
    }
}

impl System for Steady {
    fn now(&self) -> SystemTime {
        Self::noon()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let mixed = mix(number).to_ne_bytes();
            chunk.copy_from_slice(mixed.get(..chunk.len()).unwrap_or_default());
        }
        Ok(())
    }
}

/// The finalizer of `SplitMix64`: neighbours have nothing in common.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
