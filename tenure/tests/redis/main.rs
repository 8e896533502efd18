//! Sessions in Redis and Valkey.

mod cluster;
mod conformance;
mod django;
mod hostile;
mod outage;
mod round_trips;
mod sentinel;
mod settings;
mod site;
