//! A user who is remembered beyond the session (R21).
#![cfg(test)]

mod at_once;
mod endings;
mod layer;
mod scenarios;
mod site;
#[path = "../common/stage.rs"]
#[expect(dead_code, reason = "not every fault is played here")]
mod stage;
