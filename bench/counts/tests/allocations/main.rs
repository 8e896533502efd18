//! Counts that the README promises.

#[cfg(test)]
mod untouched;
#[cfg(test)]
mod used;
