//! What tenure costs, in instructions and allocations, beside its peers.
//!
//! Counts, not times: they do not depend on what else the machine does, so that tests can assert them and a file can keep them. Everything
//! is in one process, without a network; stores are in memory.
//!
//! - `cargo xtask counts` counts every case and compares with `bench/counts.txt`; `--write` writes that file anew.
//! - `cargo xtask counts --beside` times Django's Python and tenure at the same work.
//! - `cargo run --release -p counts --bin counts -- allocations` prints what a session layer adds to a request.
//!
//! A [`Task`] is one case; [`cases::all`] has them all. A [`Counter`] says what is counted: allocations in the program `counts`,
//! instructions in the program `instructions`, which Callgrind runs. `bench/COUNTS.md` says more.

#[cfg(feature = "allocations")]
pub mod allocations;
pub mod case;
pub mod cases;
pub mod contestant;
pub mod payload;
#[cfg(feature = "allocations")]
pub mod report;
mod requests;
pub mod system;
mod task;
pub mod tenure;
pub mod tower_sessions;

pub use case::{Case, Work};
pub use task::{Counter, Named, Task, now};

/// Whatever keeps a count from being made.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
