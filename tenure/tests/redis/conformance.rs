//! The rules that all stores share. Two handles are two connections, as two processes have them.

use testkit::{Flavour, Redis, RedisCluster, Sentinel};

use crate::{sentinel, site};

tenure::conformance!(redis_with_djangos_values, async |_| {
    let server = Redis::start();
    let settings = site::settings(&server.url());
    (site::two(&settings).await, server)
});

tenure::conformance!(redis_with_the_values_of_django_redis, async |_| {
    let server = Redis::start();
    let settings = site::settings_for(site::DJANGO_REDIS, &server.url());
    (site::two(&settings).await, server)
});

tenure::conformance!(redis_with_values_of_our_own, async |_| {
    let server = Redis::start();
    let settings = site::settings_for(site::OURS, &server.url());
    (site::two(&settings).await, server)
});

tenure::conformance!(valkey, async |_| {
    let server = Redis::with(Flavour::Valkey, &[]);
    let settings = site::settings(&server.url());
    (site::two(&settings).await, server)
});

tenure::conformance!(redis_cluster, async |_| {
    let cluster = RedisCluster::start();
    let settings = site::settings(&cluster.url());
    (site::two(&settings).await, cluster)
});

tenure::conformance!(redis_sentinel, async |_| {
    let group = Sentinel::start();
    let settings = sentinel::settings(&group);
    (site::two(&settings).await, group)
});
