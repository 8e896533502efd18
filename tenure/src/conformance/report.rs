//! What the suite found.

use std::fmt;

/// What became of one case.
///
/// See [`Report`] for an example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The store keeps the rule.
    Passed,
    /// The store breaks the rule; what was done, what came and what should have.
    Failed(String),
    /// The rule is not one of this store's; why not.
    DoesNotApply(String),
}

/// What became of every case.
///
/// ```
/// use tenure::{
///     conformance::{self, Verdict},
///     testing::MemoryStore,
/// };
///
/// let report = conformance::run(async |_| (MemoryStore::default(), ()));
/// assert!(report.failures().is_empty());
/// assert!(report.verdicts().any(|case| case == ("create_never_overwrites", &Verdict::Passed)));
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) verdicts: Vec<(&'static str, Verdict)>,
}

impl Report {
    /// The cases that failed, by name.
    pub fn failures(&self) -> Vec<&'static str> {
        let failed = |verdict: &Verdict| matches!(verdict, Verdict::Failed(_));
        let failures = self.verdicts.iter().filter(|(_, verdict)| failed(verdict));
        failures.map(|(name, _)| *name).collect()
    }

    /// Every case with what became of it.
    pub fn verdicts(&self) -> impl Iterator<Item = (&'static str, &Verdict)> {
        self.verdicts.iter().map(|(name, verdict)| (*name, verdict))
    }

    /// Prints every case with its verdict.
    ///
    /// # Panics
    ///
    /// When a case failed; the message lists those that did. What [`conformance!`](crate::conformance!) does.
    #[expect(
        clippy::panic,
        clippy::print_stdout,
        reason = "it is for tests, which talk and fail this way"
    )]
    pub fn assert_passed(&self) {
        println!("{self}");
        let failed = self.failures().len();
        if failed > 0 {
            let only_failures = Self {
                verdicts: self
                    .verdicts
                    .iter()
                    .filter(|(_, verdict)| matches!(verdict, Verdict::Failed(_)))
                    .cloned()
                    .collect(),
            };
            panic!(
                "the store breaks {failed} rules of the contract (see `tenure::store`):\n{only_failures}"
            );
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, verdict) in &self.verdicts {
            match verdict {
                Verdict::Passed => writeln!(f, "{name}: passed")?,
                Verdict::Failed(why) => writeln!(f, "{name}: FAILED: {why}")?,
                Verdict::DoesNotApply(why) => writeln!(f, "{name}: does not apply: {why}")?,
            }
        }
        Ok(())
    }
}
