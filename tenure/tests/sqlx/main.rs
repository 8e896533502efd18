//! Sessions through a pool of sqlx's that the program has already.

#[cfg(test)]
mod exchange;
#[cfg(test)]
mod mysql;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod visits;
