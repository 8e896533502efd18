//! memcached: its meta commands by hand. A task owns the one connection, sends what waits together, and answers in order.

use std::{collections::VecDeque, io};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::{Duration, timeout},
};

use super::Floor;
use crate::{Error, TWO_WEEKS};

/// As the driver for Redis has it.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub(super) struct Memcached(mpsc::UnboundedSender<Call>);

struct Call {
    command: Vec<u8>,
    answer: oneshot::Sender<Reply>,
}

struct Reply {
    /// Whether it was done: `HD` or `VA`.
    done: bool,
    session: Session,
}

/// The value, and the number that every change makes anew.
#[derive(Default)]
pub(super) struct Session {
    json: String,
    cas: u64,
}

impl AsRef<str> for Session {
    fn as_ref(&self) -> &str {
        &self.json
    }
}

impl Memcached {
    pub(super) async fn open(address: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, calls) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            if let Err(error) = serve(stream, calls).await {
                eprintln!("the connection to memcached broke: {error}");
            }
        });
        Ok(Self(sender))
    }

    async fn ask(&self, command: Vec<u8>) -> Result<Reply, Error> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Call { command, answer })?;
        Ok(timeout(PATIENCE, answered).await??)
    }

    async fn set(&self, key: &str, json: &str, only: &str) -> Result<bool, Error> {
        let length = json.len();
        let command = format!("ms {key} {length} T{TWO_WEEKS} {only}\r\n{json}\r\n");
        Ok(self.ask(command.into_bytes()).await?.done)
    }
}

impl Floor for Memcached {
    type Session = Session;

    async fn load(&self, key: &str) -> Result<Option<Session>, Error> {
        let reply = self.ask(format!("mg {key} c v\r\n").into_bytes()).await?;
        Ok(reply.done.then_some(reply.session))
    }

    async fn swap(&self, key: &str, old: &Session, new: &str) -> Result<bool, Error> {
        self.set(key, new, &format!("C{}", old.cas)).await
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        let free = self.set(key, json, "ME").await?;
        free.then_some(()).ok_or("the key is taken".into())
    }
}

/// Ends with the connection.
async fn serve(mut stream: TcpStream, mut calls: mpsc::UnboundedReceiver<Call>) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    let mut waiting = VecDeque::new();
    let (mut sending, mut received) = (Vec::new(), Vec::with_capacity(16 * 1024));
    loop {
        tokio::select! {
            biased;
            Some(first) = calls.recv() => {
                let mut next = Some(first);
                while let Some(Call { command, answer }) = next {
                    sending.extend_from_slice(&command);
                    waiting.push_back(answer);
                    next = calls.try_recv().ok();
                }
                writer.write_all(&sending).await?;
                sending.clear();
            }
            length = reader.read_buf(&mut received) => {
                if length? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let mut rest = &*received;
                while let Some((reply, after)) = parse(rest).map_err(io::Error::other)? {
                    rest = after;
                    let answer = waiting.pop_front();
                    answer.map(|answer: oneshot::Sender<_>| answer.send(reply));
                }
                let read = received.len() - rest.len();
                received.drain(..read);
            }
        }
    }
}

/// The first reply and what follows it; `None` if not all of it is there yet.
fn parse(bytes: &[u8]) -> Result<Option<(Reply, &[u8])>, Error> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    let (line, mut rest) = bytes.split_at(end + 1);
    let mut words = str::from_utf8(line)?.split_ascii_whitespace();
    let kind = words.next().unwrap_or_default();
    let mut session = Session::default();
    if kind == "VA" {
        let length: usize = words.next().ok_or("no length")?.parse()?;
        let Some((value, after)) = rest.split_at_checked(length + 2) else {
            return Ok(None);
        };
        let json = value.strip_suffix(b"\r\n").ok_or("no line end")?;
        str::from_utf8(json)?.clone_into(&mut session.json);
        rest = after;
    }
    if let Some(cas) = words.find_map(|word| word.strip_prefix('c')) {
        session.cas = cas.parse()?;
    }
    let done = matches!(kind, "HD" | "VA");
    Ok(Some((Reply { done, session }, rest)))
}
