//! memcached.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::Command,
};

use crate::{Server, free_port, program};

/// A memcached server on a free port, or on a socket in a temporary folder.
#[derive(Debug)]
pub struct Memcached {
    server: Server,
    folder: tempfile::TempDir,
    options: Vec<String>,
    /// None: on a Unix socket.
    port: Option<u16>,
}

impl Memcached {
    /// A server on a free port.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server on a free port with more options, such as `-m 8` or `-I 2m`.
    pub fn start_with(options: &[&str]) -> Self {
        Self::start_at(Some(free_port()), options)
    }

    /// A server on a Unix socket.
    pub fn start_on_socket() -> Self {
        Self::start_at(None, &[])
    }

    fn start_at(port: Option<u16>, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memcached.sock");
        let place = match port {
            Some(port) => vec![String::from("-l127.0.0.1"), format!("-p{port}")],
            None => vec![String::from("-s"), path.display().to_string()],
        };
        // `-u` counts for root alone, whom memcached refuses without it.
        let options: Vec<_> = ["-u", "root", "-m", "64"]
            .map(String::from)
            .into_iter()
            .chain(place)
            .chain(options.iter().map(|option| (*option).to_owned()))
            .collect();
        let server = run(&options, &folder);
        let mut memcached = Self {
            server,
            folder,
            options,
            port,
        };
        memcached.wait();
        memcached
    }

    /// What stands in Django's `LOCATION`.
    pub fn location(&self) -> String {
        match self.port {
            Some(port) => format!("127.0.0.1:{port}"),
            None => format!("unix:{}", self.socket().display()),
        }
    }

    /// The port.
    ///
    /// # Panics
    ///
    /// When it listens on a socket.
    pub fn port(&self) -> u16 {
        self.port.unwrap()
    }

    /// Ends it; what it holds is gone.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts it again at the same place, empty.
    pub fn start_again(&mut self) {
        self.server = run(&self.options, &self.folder);
        self.wait();
    }

    /// Stops it without ending it: nothing answers any more, and no connection breaks.
    pub fn pause(&self) {
        self.server.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Its counters, as `stats` tells them.
    pub fn stats(&self) -> BTreeMap<String, String> {
        let lines = self.ask("stats").unwrap();
        let entry = |line: String| {
            let (name, value) = line.strip_prefix("STAT ")?.split_once(' ')?;
            Some((name.to_owned(), value.to_owned()))
        };
        lines.into_iter().filter_map(entry).collect()
    }

    /// Sends one command, and gives the lines of its answer.
    fn ask(&self, command: &str) -> std::io::Result<Vec<String>> {
        match self.port {
            Some(port) => ask(TcpStream::connect(("127.0.0.1", port))?, command),
            None => ask(UnixStream::connect(self.socket())?, command),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("memcached.sock")
    }

    fn wait(&mut self) {
        let Self {
            server,
            folder,
            port,
            ..
        } = self;
        let path = folder.path().join("memcached.sock");
        server.wait_until(|| match port {
            Some(port) => TcpStream::connect(("127.0.0.1", *port)).is_ok(),
            None => UnixStream::connect(&path).is_ok(),
        });
    }
}

fn run(options: &[String], folder: &tempfile::TempDir) -> Server {
    let mut command = Command::new(program("memcached", "memcached", &[]));
    command.args(options);
    Server::start("memcached", &command, folder.path())
}

fn ask(mut stream: impl std::io::Read + Write, command: &str) -> std::io::Result<Vec<String>> {
    stream.write_all(format!("{command}\r\nquit\r\n").as_bytes())?;
    let lines = BufReader::new(stream).split(b'\n');
    lines
        .map(|line| Ok(String::from_utf8_lossy(&line?).trim_end().to_owned()))
        .collect()
}
