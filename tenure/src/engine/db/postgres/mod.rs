//! PostgreSQL.

pub(crate) mod sql;
