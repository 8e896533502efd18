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
    /// A database, and the cache in front of it.
    CachedDb(Postgres, Redis),
}

fn redis() -> Redis {
    Redis::with(Flavour::Redis, &["--maxclients", "4096"])
}

fn postgres() -> Postgres {
    let postgres = Postgres::start();
    postgres.sql("postgres", "ALTER ROLE tenure SET synchronous_commit = off");
    postgres
}

fn redis_version(redis: &Redis) -> Option<String> {
    let answer = redis.command(&["INFO", "server"]);
    let version = answer
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))?;
    Some(format!("Redis {}", version.trim()))
}

fn postgres_version(postgres: &Postgres) -> String {
    let version = postgres.sql("postgres", "SHOW server_version");
    format!("PostgreSQL {version}")
}

fn postgres_process(postgres: &Postgres) -> Option<u32> {
    let file = postgres.socket_folder().join("data/postmaster.pid");
    fs::read_to_string(file).ok()?.lines().next()?.parse().ok()
}

/// Enough that memcached need not forget anything.
const MEMCACHED: [&str; 4] = ["-m", "2048", "-c", "4096"];

impl Running {
    /// Starts a server, where the engine has one. None waits for the disk when it commits.
    pub(super) fn start(engine: Engine) -> Result<Self, Error> {
        let server = match engine {
            Engine::Redis => Server::Redis(redis()),
            Engine::Memcached => Server::Memcached(Memcached::start_with(&MEMCACHED)),
            Engine::Postgres => Server::Postgres(postgres()),
            Engine::CachedDb => Server::CachedDb(postgres(), redis()),
            // The testkit's has `innodb_flush_log_at_trx_commit = 2`.
            Engine::Mysql => {
                let mariadb = MariaDb::start();
                // Some drivers open a connection for each request that waits, and 151 are not enough for all contestants.
                mariadb.sql("mysql", "SET GLOBAL max_connections = 1000");
                Server::MariaDb(mariadb)
            }
            other => Server::Within(other),
        };
        Ok(Self {
            server,
            folder: tempfile::tempdir()?,
        })
    }

    /// A place of its own for one contestant, as its driver names it; by way of `proxies`, if there are any.
    pub(super) fn place(&self, contestant: &str, proxies: &[Proxy]) -> Result<String, Error> {
        let through = |index: usize, own: u16| proxies.get(index).map_or(own, Proxy::port);
        let port = |own: u16| through(0, own);
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
            Server::CachedDb(postgres, redis) => format!(
                "{} redis://127.0.0.1:{}/0",
                postgres.url_through(port(postgres.port()), &postgres.create_database()),
                through(1, redis.port())
            ),
        })
    }

    fn path(&self, contestant: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.path().join(contestant);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A line to each server that counts round trips.
    pub(super) fn proxies(&self) -> Vec<Proxy> {
        let ports = match &self.server {
            Server::Within(_) => Vec::new(),
            Server::Redis(redis) => vec![redis.port()],
            Server::Memcached(memcached) => vec![memcached.port()],
            Server::Postgres(postgres) => vec![postgres.port()],
            Server::MariaDb(mariadb) => vec![mariadb.port()],
            Server::CachedDb(postgres, redis) => vec![postgres.port(), redis.port()],
        };
        ports.into_iter().map(Proxy::to_port).collect()
    }

    /// The servers' processes.
    pub(super) fn processes(&mut self) -> Vec<u32> {
        let process = match &mut self.server {
            Server::CachedDb(postgres, redis) => {
                let both = [postgres_process(postgres), Some(redis.server().id())];
                return both.into_iter().flatten().collect();
            }
            Server::Within(_) => None,
            Server::Redis(redis) => Some(redis.server().id()),
            Server::Memcached(memcached) => {
                let id = memcached.stats().get("pid").cloned();
                id.and_then(|id| id.parse().ok())
            }
            Server::Postgres(postgres) => postgres_process(postgres),
            Server::MariaDb(mariadb) => {
                let file = mariadb.sql("mysql", "SELECT @@pid_file");
                let id = fs::read_to_string(file).ok();
                id.and_then(|id| id.trim().parse().ok())
            }
        };
        process.into_iter().collect()
    }

    /// Kibibytes that the engine takes: of its server's memory, or on the disk if it keeps files.
    pub(super) fn kibibytes(&mut self) -> Option<u32> {
        match &self.server {
            Server::Within(Engine::Sqlite | Engine::File) => {
                process::on_disk(self.folder.path()).try_into().ok()
            }
            _ => process::memory(&self.processes()),
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
            Server::Redis(redis) => redis_version(redis),
            Server::Memcached(memcached) => {
                Some(format!("memcached {}", memcached.stats().get("version")?))
            }
            Server::Postgres(postgres) => Some(postgres_version(postgres)),
            Server::CachedDb(postgres, redis) => Some(format!(
                "{}, {}",
                postgres_version(postgres),
                redis_version(redis)?
            )),
            Server::MariaDb(mariadb) => Some(format!(
                "MariaDB {}",
                mariadb.sql("mysql", "SELECT VERSION()")
            )),
        }
    }
}
