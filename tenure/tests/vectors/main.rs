//! tenure against the vectors that a real Django made (`interop/vectors`).

#[cfg(test)]
mod common;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod session_data;
#[cfg(test)]
mod signing;
