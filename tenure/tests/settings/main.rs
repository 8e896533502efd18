//! What `tenure.toml`, the environment and the fields of `Settings` may say, and what is answered to the rest.

#[cfg(test)]
mod check;
#[cfg(test)]
mod common;
#[cfg(test)]
mod read;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod wrong;
