//! PostgreSQL servers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    Console, certificates,
    process::{Server, free_port, wait_until},
    unprivileged::{command, copy_of_template, folder, give, run},
};

/// A PostgreSQL server with a user `tenure`, whose password is `sesame`.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    folder: TempDir,
    port: u16,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts a server. Nothing it keeps is safe from a crash of the machine.
    pub fn start() -> Self {
        Self::in_folder(folder())
    }

    /// As [`start`](Self::start), but it offers TLS; see [`certificate`](Self::certificate).
    pub fn with_tls() -> Self {
        let folder = folder();
        certificates::make(folder.path());
        give(&folder.path().join("server.key"));
        Self::in_folder(folder)
    }

    fn in_folder(folder: TempDir) -> Self {
        let data = folder.path().join("data");
        copy_of_template(&program("postgres"), &data, make);
        Self::on(folder, free_port())
    }

    /// Starts a replica of this server, which follows it until it is promoted.
    #[must_use]
    pub fn replica(&self) -> Self {
        let folder = folder();
        run(command(&program("pg_basebackup"))
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
            .arg(format!("--dbname={}", self.url("postgres")))
            .arg(format!("--pgdata={}", folder.path().join("data").display())));
        Self::on(folder, free_port())
    }

    fn on(folder: TempDir, port: u16) -> Self {
        let mut postgres = Self {
            server: serve(folder.path(), port),
            folder,
            port,
            databases: AtomicU32::new(0),
        };
        postgres.wait();
        postgres
    }

    fn wait(&mut self) {
        let mut asks = Command::new(program("pg_isready"));
        asks.arg("--quiet").arg("--host").arg(self.folder.path());
        asks.arg("--port").arg(self.port.to_string());
        self.server.wait_until(|| asks.status().unwrap().success());
    }

    /// The TCP port, on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path of `ca.pem`, which has signed the server's certificate, or of `other.pem`, which has not.
    pub fn certificate(&self, file: &str) -> String {
        self.folder.path().join(file).display().to_string()
    }

    /// The folder of the unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        self.url_through(self.port, database)
    }

    /// The URL of a database by way of another port, such as a proxy's.
    pub fn url_through(&self, port: u16, database: &str) -> String {
        format!("postgres://tenure:sesame@127.0.0.1:{port}/{database}")
    }

    /// Makes an empty database and gives its name.
    pub fn create_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("site{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs statements as the superuser; gives a line for each row, with `|` between its columns.
    ///
    /// # Panics
    ///
    /// When one fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        run(self.client(database).arg("--command").arg(sql))
            .trim_end()
            .to_owned()
    }

    /// A connection of the superuser's that stays open.
    pub fn console(&self, database: &str) -> Console {
        Console::start(&mut self.client(database))
    }

    fn client(&self, database: &str) -> Command {
        let mut client = Command::new(program("psql"));
        client
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--username=postgres"])
            .arg("--host")
            .arg(self.folder.path())
            .arg("--port")
            .arg(self.port.to_string())
            .arg(database);
        client
    }

    /// Stops every process of the server without ending it: nothing answers any more, and no connection breaks.
    pub fn pause(&self) {
        self.server.pause();
        self.signal_children(Signal::STOP);
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.signal_children(Signal::CONT);
        self.server.resume();
    }

    /// Each connection has a process of its own.
    fn signal_children(&self, signal: Signal) {
        let path = format!("/proc/{0}/task/{0}/children", self.server.id());
        for child in fs::read_to_string(path).unwrap().split_whitespace() {
            let _ = kill_process(Pid::from_raw(child.parse().unwrap()).unwrap(), signal);
        }
    }

    /// Ends the server at once, as a crash does, until [`start_again`](Self::start_again).
    pub fn stop(&mut self) {
        self.server.kill();
        // Its children notice, and end by themselves; they hold what a new server needs.
        let folder = self.folder.path().display().to_string();
        wait_until("the end of the server's processes", || {
            !processes().any(|place| place.contains(&folder))
        });
    }

    /// Starts a stopped server again, on the same data and port.
    pub fn start_again(&mut self) {
        let _ = fs::remove_file(self.folder.path().join("data/postmaster.pid"));
        self.server = serve(self.folder.path(), self.port);
        self.wait();
    }

    /// Makes a replica a server of its own.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote(wait => true)");
    }

    /// Waits until this replica has all that `primary` has now.
    pub fn catch_up(&self, primary: &Self) {
        let place = primary.sql("postgres", "SELECT pg_current_wal_lsn()");
        let there = format!("SELECT pg_last_wal_replay_lsn() >= '{place}'::pg_lsn");
        wait_until("the replica", || self.sql("postgres", &there) == "t");
    }

    /// What the server has written to its log since it started.
    pub fn log(&self) -> String {
        self.server.log()
    }
}

/// The working folders of all processes: PostgreSQL's are in their data.
fn processes() -> impl Iterator<Item = String> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    entries.filter_map(|entry| {
        let folder = fs::read_link(entry.path().join("cwd")).ok()?;
        Some(folder.display().to_string())
    })
}

/// A program of the newest PostgreSQL.
fn program(name: &str) -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let newest = installed.map(|entry| entry.path()).max_by_key(|path| {
        let version = path.file_name().unwrap_or_default().to_string_lossy();
        version.parse::<u32>().unwrap_or_default()
    });
    let bin = newest.unwrap_or_default().join("bin");
    crate::program(name, "postgresql", &[&bin.to_string_lossy()])
}

fn make(data: &Path) {
    let password = data.with_file_name("password");
    fs::write(&password, "sesame").unwrap();
    run(command(&program("initdb"))
        .args([
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ])
        .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
        .arg(format!("--pwfile={}", password.display()))
        .arg(format!("--pgdata={}", data.display())));
    let folder = data.parent().unwrap();
    let mut server = serve(folder, free_port());
    let user = "CREATE ROLE tenure LOGIN REPLICATION SUPERUSER PASSWORD 'sesame'";
    let log = folder.join("data/postmaster.pid");
    server.wait_until(|| {
        let lines = fs::read_to_string(&log).unwrap_or_default();
        lines.contains("ready")
    });
    let port = fs::read_to_string(&log).unwrap();
    let port = port.lines().nth(3).unwrap().to_owned();
    run(Command::new(program("psql"))
        .args(["--username=postgres", "--command", user, "--port", &port])
        .arg("--host")
        .arg(folder)
        .arg("postgres"));
    server.stop();
}

fn serve(folder: &Path, port: u16) -> Server {
    let mut server = command(&program("postgres"));
    server
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args(["-p", &port.to_string()])
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
        .args(["-c", "shared_buffers=16MB", "-c", "max_connections=50"]);
    let certificate = folder.join("server.pem");
    if certificate.exists() {
        let key = folder.join("server.key");
        server
            .args(["-c", "ssl=on"])
            .args(["-c", &format!("ssl_cert_file={}", certificate.display())])
            .args(["-c", &format!("ssl_key_file={}", key.display())]);
    }
    Server::start("postgres", &server, folder)
}
