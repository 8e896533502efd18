//! A real Django and tenure on one store, on every engine that they share.
//!
//! Each test of `engines` opens both sides from the same settings and holds them to the same cases, in the order of the modules below. It
//! prints how many cases there were: `cargo nextest run -p tenure --all-features --test live --no-capture`.

#[cfg(test)]
mod at_once;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod csrf;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod known;
#[cfg(test)]
mod login;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod python_values;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod service;
#[cfg(test)]
mod site;
#[cfg(test)]
mod value;
#[cfg(test)]
mod visitor;
