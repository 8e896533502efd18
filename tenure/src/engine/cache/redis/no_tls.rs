//! What stands for TLS where it is not compiled in.

use std::convert::Infallible;

use redis::{Client, ConnectionInfo, RedisResult};

use super::location::Asked;
use crate::settings::SettingsError;

/// There are none.
pub(super) type Certificates = Infallible;

/// Refuses.
pub(super) fn certificates(asked: &Asked<'_>) -> Result<Option<Certificates>, SettingsError> {
    Err(asked.needs_feature("redis-tls"))
}

/// A client for one server.
pub(super) fn client(
    info: ConnectionInfo,
    _certificates: Option<Certificates>,
) -> RedisResult<Client> {
    Client::open(info)
}

/// Leaves the builder as it is.
#[cfg(feature = "redis-sentinel")]
pub(super) fn for_sentinel(
    builder: redis::sentinel::SentinelClientBuilder,
    _certificates: Option<&Certificates>,
) -> redis::sentinel::SentinelClientBuilder {
    builder
}

/// Leaves the builder as it is.
#[cfg(feature = "redis-cluster")]
pub(super) fn for_cluster(
    builder: redis::cluster::ClusterClientBuilder,
    _certificates: Option<&Certificates>,
) -> redis::cluster::ClusterClientBuilder {
    builder
}
