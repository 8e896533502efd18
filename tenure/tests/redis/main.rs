//! Sessions in Redis and Valkey.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod sentinel;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod site;
