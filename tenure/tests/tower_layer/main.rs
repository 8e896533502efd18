//! The layer as a visitor sees it: whole requests through an axum router.

#[cfg(test)]
mod end_of_request;
#[cfg(test)]
mod header_transport;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod set_cookie;
#[cfg(test)]
mod shared_cache;
#[cfg(test)]
mod site;
#[cfg(test)]
mod size;
#[cfg(test)]
#[path = "../common/stage.rs"]
mod stage;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod url_transport;
