//! The database engine on MySQL and MariaDB.
