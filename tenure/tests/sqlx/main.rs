//! Sessions through a pool of sqlx's that the program has already.

#[cfg(test)]
mod exchange;
#[cfg(test)]
mod sqlite;
