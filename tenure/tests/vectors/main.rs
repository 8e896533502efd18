//! tenure against the vectors that a real Django made (`interop/vectors`).

mod common;
mod flows;
mod session_data;
mod signing;
