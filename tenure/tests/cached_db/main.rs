//! A cache in front of a database: nothing stale is served, whatever happens between the two.
//!
//! What holds for every engine is in the conformance suite.

#[cfg(test)]
mod away;
#[cfg(test)]
mod cache_stage;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod django;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod servers;
#[cfg(test)]
#[path = "../common/stage.rs"]
mod stage;
#[cfg(test)]
mod stale;
#[cfg(test)]
mod stampede;
