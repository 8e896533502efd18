//! The sessions of a user, listed and ended: the same on every engine.
#![cfg(test)]

mod at_once;
mod django;
mod engines;
mod expiry;
#[path = "../engines/map_store.rs"]
mod map_store;
mod scenarios;
mod seen;
mod shared;
mod site;
mod thousand;
