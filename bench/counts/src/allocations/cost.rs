//! Counts allocations.

use std::fmt;

use crate::{Error, Task, task::Counter};

/// What one call costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Calls to the allocator. A reallocation counts as one.
    pub allocations: Mean,
    /// Bytes asked for, however soon they were given back.
    pub bytes: Mean,
}

impl Cost {
    /// Does the task, and counts.
    ///
    /// # Errors
    ///
    /// When it is not done as it should be.
    pub fn of(mut task: Task<'_>) -> Result<Self, Error> {
        let mut counts = Counts::default();
        task.run(&mut counts)?;
        Ok(Self {
            allocations: Mean::of(&counts.allocations),
            bytes: Mean::of(&counts.bytes),
        })
    }

    /// What this costs more than `base`.
    #[must_use]
    pub fn above(self, base: Self) -> Self {
        Self {
            allocations: self.allocations.above(base.allocations),
            bytes: self.bytes.above(base.bytes),
        }
    }
}

/// The counts of each call.
#[derive(Default)]
struct Counts {
    allocations: Vec<i64>,
    bytes: Vec<i64>,
    /// Of the present call.
    present: (u64, u64),
}

impl Counter for Counts {
    fn count(&mut self, work: &mut dyn FnMut()) {
        let info = allocation_counter::measure(work);
        self.present.0 += info.count_total;
        self.present.1 += info.bytes_total;
    }

    fn next(&mut self) {
        let (allocations, bytes) = std::mem::take(&mut self.present);
        self.allocations.push(allocations.cast_signed());
        self.bytes.push(bytes.cast_signed());
    }
}

/// A mean over calls. Displays as a whole number if all were alike, else with one decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mean {
    tenths: i64,
    alike: bool,
}

impl Mean {
    fn of(counts: &[i64]) -> Self {
        let calls = i64::try_from(counts.len()).unwrap_or(i64::MAX).max(1);
        Self {
            tenths: (counts.iter().sum::<i64>() * 10).div_euclid(calls),
            alike: counts.iter().all(|count| counts.first() == Some(count)),
        }
    }

    fn above(self, base: Self) -> Self {
        Self {
            tenths: self.tenths - base.tenths,
            alike: self.alike && base.alike,
        }
    }

    /// The mean in tenths, rounded down.
    pub fn tenths(self) -> i64 {
        self.tenths
    }

    /// The mean as a whole number.
    pub fn rounded(self) -> i64 {
        (self.tenths + 5).div_euclid(10)
    }

    /// The count, if it was the same for every call.
    pub fn exactly(self) -> Option<i64> {
        self.alike.then_some(self.tenths / 10)
    }
}

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exactly() {
            Some(count) => f.pad(&count.to_string()),
            None => f.pad(&format!("{}.{}", self.tenths / 10, self.tenths % 10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_whole_only_if_all_counts_are_alike() {
        assert_eq!(Mean::of(&[3; 1_000]).to_string(), "3");
        let mut counts = [3; 1_000];
        counts[..500].fill(4);
        assert_eq!(Mean::of(&counts).to_string(), "3.5");
        assert_eq!(Mean::of(&counts).exactly(), None);
    }
}
