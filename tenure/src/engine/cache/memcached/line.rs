//! One connection: bytes out, replies in, each bounded.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpStream, UnixStream},
};

use super::{
    placement::Address,
    protocol::{Outcome, Reply},
};

/// The first memcached with the meta commands as they are now. Earlier ones take the value of a `ms` for commands, so that whoever fills a
/// session could send them any; they must not get one.
const OLDEST: [u32; 3] = [1, 6, 10];
/// How long after a reply nobody looks whether the server has closed the connection. The look is a turn of the runtime with a system call,
/// which a busy connection would pay for each batch.
const BUSY: Duration = Duration::from_millis(10);
/// Longer than any line of memcached's.
const LONGEST_LINE: usize = 2048;
/// What memcached 1.6 keeps beside key and value of an entry: its header of 48 bytes, number, flags, and line end.
const ENTRY_OVERHEAD: usize = 64;

/// What can go wrong between us and a server.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    NoConnection(Arc<io::Error>),
    Broken(Arc<io::Error>),
    Silent,
    /// What came is no reply.
    Foreign,
    /// It is memcached, but of a kind that we cannot use.
    Unfit(String),
    EntryTooLarge {
        size: usize,
        most: usize,
    },
    /// The server could not; in its words.
    Refused(String),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection, of which every reply has been read.
pub(super) struct Line {
    stream: Box<dyn Stream>,
    /// What was read and not looked at yet: `buffer[at..filled]`.
    buffer: Box<[u8]>,
    at: usize,
    filled: usize,
    /// The largest entry that the server keeps, key and overhead included.
    largest_entry: usize,
    /// When the last bytes came.
    heard: Instant,
}

impl Line {
    /// Connects, and asks the server what it can do.
    pub(super) async fn open(address: &Address) -> Result<Self, Trouble> {
        let stream = connect(address).await;
        let mut line = Self {
            stream: stream.map_err(|error| Trouble::NoConnection(Arc::new(error)))?,
            buffer: vec![0; 16 * 1024].into(),
            at: 0,
            filled: 0,
            largest_entry: 0,
            heard: Instant::now(),
        };
        line.send(b"version\r\nstats settings\r\n").await?;
        let first = line.text().await?;
        let version = first.strip_prefix("VERSION ").ok_or(Trouble::Foreign)?;
        if numbers(version) < OLDEST {
            let why = "1.6.10 or later is needed, for its meta commands";
            return Err(Trouble::Unfit(format!("{why}; it is {version}")));
        }
        loop {
            let setting = line.text().await?;
            if setting == "END" {
                return Ok(line);
            }
            let setting = setting.strip_prefix("STAT ").ok_or(Trouble::Foreign)?;
            match setting.split_once(' ').ok_or(Trouble::Foreign)? {
                ("item_size_max", size) => {
                    line.largest_entry = size.parse().map_err(|_| Trouble::Foreign)?;
                }
                ("cas_enabled", "no") => {
                    let why =
                        "it was started with `-C`, without which changes of others are not noticed";
                    return Err(Trouble::Unfit(why.to_owned()));
                }
                _ => {}
            }
        }
    }

    /// Why an entry of this size must not be sent: memcached removes the old entry if it cannot keep the new one, and the session with it.
    pub(super) fn refusal(&self, size: usize) -> Option<Trouble> {
        let most = self.largest_entry.saturating_sub(ENTRY_OVERHEAD);
        (size > most).then_some(Trouble::EntryTooLarge { size, most })
    }

    /// Whether an idle connection still stands. Servers close connections when they restart, and that needs to be no request's error.
    pub(super) async fn is_quiet(&mut self) -> bool {
        if self.at == self.filled && self.heard.elapsed() < BUSY {
            return true;
        }
        // The runtime hears of it between two tasks.
        tokio::task::yield_now().await;
        let mut byte = [0];
        let mut byte = ReadBuf::new(&mut byte);
        let looked = poll_fn(|context| {
            let stream = Pin::new(&mut *self.stream);
            Poll::Ready(stream.poll_read(context, &mut byte))
        });
        self.at == self.filled && looked.await.is_pending()
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.stream.write_all(bytes).await.map_err(broken)
    }

    /// The next reply; a value of more than `limit` bytes is skipped.
    pub(super) async fn reply(&mut self, limit: usize) -> Result<Reply, Trouble> {
        let line = self.text().await?;
        let (mut reply, length) = Reply::parse(line.as_bytes()).ok_or(Trouble::Foreign)?;
        if let Some(length) = length {
            if length > limit {
                reply.outcome = Outcome::TooLarge;
            } else {
                reply.value.reserve_exact(length);
            }
            self.value(length, (length <= limit).then_some(&mut reply.value))
                .await?;
            if !self.text().await?.is_empty() {
                return Err(Trouble::Foreign);
            }
        }
        Ok(reply)
    }

    /// Reads `length` bytes, into `value` if it is wanted.
    async fn value(
        &mut self,
        mut length: usize,
        mut value: Option<&mut Vec<u8>>,
    ) -> Result<(), Trouble> {
        while length > 0 {
            if self.at == self.filled {
                self.fill().await?;
            }
            let there = self.buffer.get(self.at..self.filled).unwrap_or_default();
            let part = there.get(..length).unwrap_or(there);
            if let Some(value) = &mut value {
                value.extend_from_slice(part);
            }
            self.at += part.len();
            length -= part.len();
        }
        Ok(())
    }

    /// Reads a line, without its end.
    async fn text(&mut self) -> Result<String, Trouble> {
        let mut text = Vec::new();
        loop {
            if self.at == self.filled {
                self.fill().await?;
            }
            let there = self.buffer.get(self.at..self.filled).unwrap_or_default();
            let end = there.iter().position(|byte| *byte == b'\n');
            let part = there.get(..end.unwrap_or(there.len())).unwrap_or_default();
            text.extend_from_slice(part);
            self.at += part.len() + usize::from(end.is_some());
            if text.len() > LONGEST_LINE {
                return Err(Trouble::Foreign);
            }
            if end.is_some() {
                // The line end is `\r\n`.
                let whole = text.pop() == Some(b'\r');
                let text = String::from_utf8(text).map_err(|_| Trouble::Foreign)?;
                return whole.then_some(text).ok_or(Trouble::Foreign);
            }
        }
    }

    async fn fill(&mut self) -> Result<(), Trouble> {
        self.at = 0;
        self.filled = 0;
        self.filled = self.stream.read(&mut self.buffer).await.map_err(broken)?;
        if self.filled == 0 {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
        self.heard = Instant::now();
        Ok(())
    }
}

async fn connect(address: &Address) -> io::Result<Box<dyn Stream>> {
    match address {
        Address::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Address::Unix { path } => Ok(Box::new(UnixStream::connect(path).await?)),
    }
}

fn broken(error: io::Error) -> Trouble {
    Trouble::Broken(Arc::new(error))
}

/// The first three numbers of a version.
fn numbers(version: &str) -> [u32; 3] {
    let mut numbers = version
        .split(|character: char| !character.is_ascii_digit())
        .map(|number| number.parse().unwrap_or_default());
    [(); 3].map(|()| numbers.next().unwrap_or_default())
}
