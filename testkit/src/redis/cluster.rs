//! Redis Cluster.

use std::process::Command;

use super::{Flavour, Redis};
use crate::{free_port, program, wait_until};

/// A cluster of three primaries with a replica each.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Waits until all slots are served.
    pub fn start() -> Self {
        let nodes: Vec<Redis> = (0..6)
            .map(|_| {
                let bus = free_port().to_string();
                let arguments = [
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    &bus,
                    "--cluster-node-timeout",
                    "2000",
                ];
                Redis::with(Flavour::Redis, &arguments)
            })
            .collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let mut create = Command::new(program("redis-cli", "redis-tools", &[]));
        create.args(["--cluster", "create"]).args(addresses);
        create.args(["--cluster-replicas", "1", "--cluster-yes"]);
        let done = create.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "redis-cli --cluster create: {said}");
        let cluster = Self { nodes };
        cluster.wait();
        cluster
    }

    /// `redis+cluster://` with the first node.
    pub fn url(&self) -> String {
        format!("redis+cluster://127.0.0.1:{}", self.node(0).port)
    }

    /// The nodes: the first three are the primaries, at first.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }

    fn node(&self, index: usize) -> &Redis {
        self.nodes.get(index).unwrap()
    }

    /// Waits until every node that answers says that all is well.
    pub fn wait(&self) {
        wait_until("the cluster serves all slots", || {
            self.nodes.iter().all(|node| {
                let info = node.command(&["CLUSTER", "INFO"]);
                info.is_empty() || info.contains("cluster_state:ok")
            })
        });
    }

    /// Which of the nodes serves the key.
    pub fn owner(&self, key: &str) -> usize {
        let found = (0..3).find(|&index| {
            let answer = self.node(index).command(&["EXISTS", key]);
            !answer.contains("MOVED")
        });
        found.unwrap_or_else(|| panic!("none of the first three nodes serves {key}"))
    }

    /// Begins to move the slot of `key` to the node `to`: what is there moves, and the slot does not yet belong to the new node.
    pub fn begin_to_move(&self, key: &str, to: usize) {
        let from = self.owner(key);
        let (source, target) = (self.node(from), self.node(to));
        let slot = source.command(&["CLUSTER", "KEYSLOT", key]);
        let id = |node: &Redis| node.command(&["CLUSTER", "MYID"]);
        target.command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(source)]);
        source.command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(target)]);
        let port = target.port.to_string();
        for key in source
            .command(&["CLUSTER", "GETKEYSINSLOT", &slot, "1000"])
            .lines()
        {
            source.command(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
        }
    }

    /// Ends what [`begin_to_move`](Self::begin_to_move) began.
    pub fn end_move(&self, key: &str, to: usize) {
        let target = self.node(to);
        let slot = target.command(&["CLUSTER", "KEYSLOT", key]);
        let id = target.command(&["CLUSTER", "MYID"]);
        for node in [target, self.node(0), self.node(1), self.node(2)] {
            node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]);
        }
    }
}
