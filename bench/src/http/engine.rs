//! The servers that keep the sessions, started for this run alone.

use std::{fs, path::PathBuf};

use tempfile::TempDir;
use testkit::{Flavour, MariaDb, Memcached, Postgres, Proxy, Redis};

use super::{process, registry::Engine};
use crate::Error;

/// What keeps the sessions of a group of contestants.
#[derive(Debug)]
pub(super) struct Running {
    server: Server,
    /// For what is kept in files.
    folder: TempDir,
}

#[derive(Debug)]
enum Server {
    /// In the contestant's own process.
    Within(Engine),
    Redis(Redis),
    Memcached(Memcached),
    Postgres(Postgres),
    MariaDb(MariaDb),
}

/// Enough that memcached need not forget anything.
const MEMCACHED: [&str; 4] = ["-m", "2048", "-c", "4096"];

impl Running {
    /// Starts a server, where the engine has one. None waits for the disk when it commits.
    pub(super) fn start(engine: Engine) -> Result<Self, Error> {
        let server = match engine {
            Engine::Redis => Server::Redis(Redis::with(Flavour::Redis, &["--maxclients", "4096"])),
            Engine::Memcached => Server::Memcached(Memcached::start_with(&MEMCACHED)),
            Engine::Postgres => {
                let postgres = Postgres::start();
                postgres.sql("postgres", "ALTER ROLE tenure SET synchronous_commit = off");
                Server::Postgres(postgres)
            }
            // The testkit's has `innodb_flush_log_at_trx_commit = 2`.
            Engine::Mysql => Server::MariaDb(MariaDb::start()),
            other => Server::Within(other),
        };
        Ok(Self {
            server,
            folder: tempfile::tempdir()?,
        })
    }

    /// A place of its own for one contestant, as its driver names it; by way of `proxy`, if there is one.
    pub(super) fn place(&self, contestant: &str, proxy: Option<&Proxy>) -> Result<String, Error> {
        let port = |own: u16| proxy.map_or(own, Proxy::port);
        Ok(match &self.server {
            Server::Within(Engine::Sqlite) => self
                .path(contestant)?
                .join("sessions.sqlite3")
                .display()
                .to_string(),
            Server::Within(Engine::File) => self.path(contestant)?.display().to_string(),
            Server::Within(_) => String::new(),
            // Keys are random, so that nobody meets the others'.
            Server::Redis(redis) => format!("redis://127.0.0.1:{}/0", port(redis.port())),
            Server::Memcached(memcached) => format!("127.0.0.1:{}", port(memcached.port())),
            Server::Postgres(postgres) => {
                postgres.url_through(port(postgres.port()), &postgres.create_database())
            }
            Server::MariaDb(mariadb) => {
                mariadb.url_through(port(mariadb.port()), &mariadb.create_database())
            }
        })
    }

    fn path(&self, contestant: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.path().join(contestant);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A line to the server that counts round trips; none where there is no server.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        let port = match &self.server {
            Server::Within(_) => return None,
            Server::Redis(redis) => redis.port(),
            Server::Memcached(memcached) => memcached.port(),
            Server::Postgres(postgres) => postgres.port(),
            Server::MariaDb(mariadb) => mariadb.port(),
        };
        Some(Proxy::to_port(port))
    }

    /// The server's process.
    pub(super) fn process(&mut self) -> Option<u32> {
        match &mut self.server {
            Server::Within(_) => None,
            Server::Redis(redis) => Some(redis.server().id()),
            Server::Memcached(memcached) => memcached.stats().get("pid")?.parse().ok(),
            Server::Postgres(postgres) => {
                let file = postgres.socket_folder().join("data/postmaster.pid");
                fs::read_to_string(file).ok()?.lines().next()?.parse().ok()
            }
            Server::MariaDb(mariadb) => {
                let file = mariadb.sql("mysql", "SELECT @@pid_file");
                fs::read_to_string(file).ok()?.trim().parse().ok()
            }
        }
    }

    /// Kibibytes that the engine takes: of its server's memory, or on the disk if it keeps files.
    pub(super) fn kibibytes(&mut self) -> Option<u32> {
        match &self.server {
            Server::Within(Engine::Sqlite | Engine::File) => {
                process::on_disk(self.folder.path()).try_into().ok()
            }
            _ => process::memory(self.process()?),
        }
    }

    /// The Redis server, if it is one.
    pub(super) fn redis(&self) -> Option<&Redis> {
        match &self.server {
            Server::Redis(redis) => Some(redis),
            _ => None,
        }
    }

    /// What the server calls itself.
    pub(super) fn version(&self) -> Option<String> {
        match &self.server {
            Server::Within(_) => None,
            Server::Redis(redis) => {
                let answer = redis.command(&["INFO", "server"]);
                let version = answer
                    .lines()
                    .find_map(|line| line.strip_prefix("redis_version:"))?;
                Some(format!("Redis {}", version.trim()))
            }
            Server::Memcached(memcached) => {
                Some(format!("memcached {}", memcached.stats().get("version")?))
            }
            Server::Postgres(postgres) => {
                let version = postgres.sql("postgres", "SHOW server_version");
                Some(format!("PostgreSQL {version}"))
            }
            Server::MariaDb(mariadb) => Some(format!(
                "MariaDB {}",
                mariadb.sql("mysql", "SELECT VERSION()")
            )),
        }
    }
}
