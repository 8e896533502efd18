//! Redis with a sentinel.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::{Flavour, Redis};
use crate::{Server, free_port, program, wait_until};

/// A primary, its replica, and a sentinel that watches them.
#[derive(Debug)]
pub struct Sentinel {
    nodes: [Redis; 2],
    process: Server,
    port: u16,
    /// Where the sentinel keeps what it knows.
    _folder: TempDir,
}

impl Sentinel {
    /// What the sentinel calls the primary.
    pub const NAME: &'static str = "sessions";

    /// Waits until the replica follows and the sentinel knows both.
    pub fn start() -> Self {
        let primary = Redis::start();
        let port = primary.port.to_string();
        let replica = Redis::with(
            Flavour::Redis,
            &["--replicaof", &format!("127.0.0.1 {port}")],
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sentinel.conf");
        let (own, name) = (free_port(), Self::NAME);
        let lines = [
            format!("port {own}"),
            "bind 127.0.0.1".to_owned(),
            format!("sentinel monitor {name} 127.0.0.1 {port} 1"),
            format!("sentinel down-after-milliseconds {name} 1000"),
            format!("sentinel failover-timeout {name} 3000"),
        ];
        fs::write(&file, lines.join("\n")).unwrap();
        let mut command = Command::new(program("redis-sentinel", "redis-sentinel", &[]));
        command.arg(&file);
        let process = Server::start("sentinel", &command, folder.path());
        let it = Self {
            nodes: [primary, replica],
            process,
            port: own,
            _folder: folder,
        };
        let follows = || {
            let [_, replica] = &it.nodes;
            let info = replica.command(&["INFO", "replication"]);
            info.contains("master_link_status:up")
        };
        wait_until("the sentinel knows the replica", || {
            it.command(&["SENTINEL", "REPLICAS", name])
                .contains("slave")
                && follows()
        });
        it
    }

    /// The sentinel's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The two servers; the first is the primary at first.
    pub fn nodes(&mut self) -> &mut [Redis; 2] {
        &mut self.nodes
    }

    /// The port of today's primary, as the sentinel sees it.
    pub fn primary(&self) -> String {
        let answer = self.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::NAME]);
        answer.lines().nth(1).unwrap_or_default().to_owned()
    }

    /// Makes the replica the primary, and waits until it is.
    pub fn promote(&self) {
        let before = self.primary();
        // It refuses until it has heard enough of the replica.
        wait_until("the sentinel begins", || {
            self.command(&["SENTINEL", "FAILOVER", Self::NAME]) == "OK" || self.primary() != before
        });
        self.wait_for_another(&before);
    }

    /// Waits until the primary is not the one on the port `before`.
    pub fn wait_for_another(&self, before: &str) {
        wait_until("another primary", || self.primary() != before);
    }

    fn command(&self, words: &[&str]) -> String {
        let mut command = Command::new(program("redis-cli", "redis-tools", &[]));
        command.args(["-p", &self.port.to_string()]).args(words);
        let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
        printed.trim_end().to_owned()
    }

    /// The sentinel's process.
    pub fn server(&mut self) -> &mut Server {
        &mut self.process
    }
}
