//! The sessions of a user, listed and ended: the same on every engine.
#![cfg(test)]

mod engines;
mod scenarios;
mod site;
