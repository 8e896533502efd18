//! tenure against the vectors that a real Django made (`interop/vectors`).

#[cfg(test)]
mod auth;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod common;
#[cfg(test)]
mod db_rows;
#[cfg(test)]
mod deliberate;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod session_data;
#[cfg(test)]
mod set_cookie;
#[cfg(test)]
mod signed_cookies;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod used;
