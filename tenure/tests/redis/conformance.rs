//! The rules that all stores share. Two handles are two connections, as two processes have them.

use tenure::engine::cache::Format;
use testkit::{Flavour, Redis, RedisCluster, Sentinel};

use crate::{sentinel, site};

tenure::conformance!(redis, async |_| {
    let server = Redis::start();
    let settings = site::settings(&server.url());
    (site::two(&settings, Format::Json).await, server)
});

tenure::conformance!(valkey, async |_| {
    let server = Redis::with(Flavour::Valkey, &[]);
    let settings = site::settings(&server.url());
    (site::two(&settings, Format::Json).await, server)
});

tenure::conformance!(redis_cluster, async |_| {
    let cluster = RedisCluster::start();
    let settings = site::settings(&cluster.url());
    (site::two(&settings, Format::Json).await, cluster)
});

tenure::conformance!(redis_sentinel, async |_| {
    let group = Sentinel::start();
    let settings = sentinel::settings(&group);
    (site::two(&settings, Format::Json).await, group)
});
