//! Real servers for tests: started on free ports in temporary folders, stopped when dropped.
//!
//! Nothing is skipped: a server that is not installed fails the test, and says what to install.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail this way"
)]

mod django;
mod process;
mod proxy;
mod redis;

pub use django::{Django, python};
pub use process::{Server, free_port, program, wait_until};
pub use proxy::Proxy;
pub use redis::{Flavour, Redis, RedisCluster, Sentinel};
