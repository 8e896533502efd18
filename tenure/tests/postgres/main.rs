//! The database engine on PostgreSQL.

#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod conformance;
#[cfg(test)]
#[path = "../common/database.rs"]
mod database;
#[cfg(test)]
#[path = "../common/full.rs"]
mod full;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod site;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tls;
