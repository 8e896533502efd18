//! `tenure doctor` and `tenure settings` beside real Django projects and real servers.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod healthy;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod site;
#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../support/mod.rs"]
mod support;
