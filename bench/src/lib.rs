//! What sessions cost.
//!
//! [`allocations`]: what a session layer adds to a request, tenure beside tower-sessions. Counts, not times: they are the same on every
//! machine, so that tests can assert them. Everything is in this process, with stores in memory, so that what is left is the layer's own
//! work.
//!
//! [`http`]: whole servers beside each other, on every engine.

pub mod allocations;
pub mod case;
pub mod contestant;
pub mod http;
mod measure;
pub mod report;
pub mod tenure;
pub mod tower_sessions;

pub use case::{Case, Work};
pub use measure::{Cost, Mean};

/// Whatever keeps a count from being made.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
