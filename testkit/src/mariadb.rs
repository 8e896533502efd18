//! MariaDB servers.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use crate::{
    Console, certificates,
    process::{Server, free_port},
    program,
    unprivileged::{command, copy_of_template, folder, give, run},
};

const PACKAGE: &str = "mariadb-server";

/// A MariaDB server with a user `tenure`, whose password is `sesame`.
#[derive(Debug)]
pub struct MariaDb {
    server: Server,
    folder: TempDir,
    port: u16,
    databases: AtomicU32,
}

impl MariaDb {
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
        copy_of_template(&program("mariadbd", PACKAGE, &[]), &data, make);
        let port = free_port();
        let mut mariadb = Self {
            server: serve(folder.path(), port),
            folder,
            port,
            databases: AtomicU32::new(0),
        };
        mariadb.wait();
        mariadb.sql(
            "mysql",
            "CREATE USER IF NOT EXISTS tenure@'%' IDENTIFIED BY 'sesame'; GRANT ALL ON *.* TO tenure@'%' WITH GRANT OPTION",
        );
        mariadb
    }

    fn wait(&mut self) {
        let mut asks = self.client("mysql");
        asks.args(["--execute", "SELECT 1"]);
        self.server
            .wait_until(|| asks.output().unwrap().status.success());
    }

    /// The TCP port, on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// The path of `ca.pem`, which has signed the server's certificate, or of `other.pem`, which has not.
    pub fn certificate(&self, file: &str) -> String {
        self.folder.path().join(file).display().to_string()
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        self.url_through(self.port, database)
    }

    /// The URL of a database by way of another port, such as a proxy's.
    pub fn url_through(&self, port: u16, database: &str) -> String {
        format!("mysql://tenure:sesame@127.0.0.1:{port}/{database}")
    }

    /// Makes an empty database and gives its name.
    pub fn create_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("site{number}");
        self.sql(
            "mysql",
            &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
        );
        name
    }

    /// Runs statements as root; gives a line for each row, with a tab between its columns.
    ///
    /// # Panics
    ///
    /// When one fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        run(self.client(database).arg("--execute").arg(sql))
            .trim_end()
            .to_owned()
    }

    /// A connection of root's that stays open.
    pub fn console(&self, database: &str) -> Console {
        Console::start(self.client(database).arg("--unbuffered"))
    }

    fn client(&self, database: &str) -> Command {
        let mut client = Command::new(program("mariadb", "mariadb-client", &[]));
        client
            .args([
                "--no-defaults",
                "--batch",
                "--skip-column-names",
                "--user=root",
            ])
            .arg("--socket")
            .arg(self.socket())
            .arg(database);
        client
    }

    /// Stops the server without ending it: nothing answers any more, and no connection breaks.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Ends the server at once, as a crash does, until [`start_again`](Self::start_again).
    pub fn stop(&mut self) {
        self.server.kill();
    }

    /// Starts a stopped server again, on the same data and port.
    pub fn start_again(&mut self) {
        self.server = serve(self.folder.path(), self.port);
        self.wait();
    }

    /// What the server has written to its log since it started.
    pub fn log(&self) -> String {
        self.server.log()
    }
}

fn make(data: &Path) {
    run(command(&program("mariadb-install-db", PACKAGE, &[]))
        .args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ])
        .args(["--innodb-log-file-size=8M", "--innodb-flush-method=nosync"])
        .arg(format!("--datadir={}", data.display()))
        .arg(own_tmpdir(data.parent().unwrap())));
}

/// A server that starts deletes the temporary tables that it finds, those of a server beside it too.
fn own_tmpdir(folder: &Path) -> String {
    format!("--tmpdir={}", folder.display())
}

fn serve(folder: &Path, port: u16) -> Server {
    let mut server = command(&program("mariadbd", PACKAGE, &[]));
    server
        .arg("--no-defaults")
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(own_tmpdir(folder))
        .arg(format!("--socket={}", folder.join("socket").display()))
        .arg(format!("--port={port}"))
        .args(["--bind-address=127.0.0.1", "--skip-name-resolve"])
        .args([
            "--innodb-log-file-size=8M",
            "--innodb-flush-log-at-trx-commit=2",
            // Tests kill the process, never the machine: waiting for a busy disk only makes them slow.
            "--innodb-flush-method=nosync",
        ])
        .args(["--innodb-buffer-pool-size=16M", "--performance-schema=off"]);
    let certificate = folder.join("server.pem");
    if certificate.exists() {
        let key = folder.join("server.key");
        server
            .arg(format!("--ssl-cert={}", certificate.display()))
            .arg(format!("--ssl-key={}", key.display()));
    }
    Server::start("mariadb", &server, folder)
}
