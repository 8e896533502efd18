//! MySQL and MariaDB.

pub(crate) mod sql;
