//! Real servers for tests: started on free ports in temporary folders, stopped when dropped.
//!
//! Nothing is skipped: a server that is not installed fails the test, and says what to install.
#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail this way"
)]

mod certificates;
#[cfg(feature = "browser")]
mod chromium;
mod console;
mod disk;
mod django;
pub mod leaks;
mod mariadb;
mod memcached;
mod postgres;
mod process;
mod proxy;
mod redis;
mod unprivileged;

#[cfg(feature = "browser")]
pub use chromium::Chromium;
pub use console::Console;
pub use disk::Disk;
pub use django::{Django, python};
pub use mariadb::MariaDb;
pub use memcached::Memcached;
pub use postgres::Postgres;
pub use process::{Server, free_port, program, wait_until};
pub use proxy::Proxy;
pub use redis::{Flavour, Redis, RedisCluster, Sentinel};
