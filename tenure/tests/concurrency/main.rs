//! Requests of one visitor at the same time: nothing is lost, and the dead stay dead.
//!
//! What every store has to do for that is in the conformance suite; here is what the session does, whatever the store.
//!
//! Interleavings are forced, never hoped for: a [`Stage`](stage::Stage) lets the other request run at a named step of this one.

#[cfg(test)]
mod dead;
#[cfg(test)]
mod drops;
#[cfg(test)]
mod merge;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod site;
#[cfg(test)]
#[path = "../common/stage.rs"]
mod stage;
