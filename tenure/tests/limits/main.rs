//! How long sessions may lie idle and last at all, and how new the proof of a user must be.

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod django;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod passive;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod site;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../common/stage.rs"]
mod stage;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../cookies/site.rs"]
mod visitors;
