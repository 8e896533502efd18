//! A line to a server that can be cut, held up, broken in mid-reply, and that counts round trips.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// A line to a server. Clients connect to [`address`](Self::address).
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    /// New connections end at once.
    cut: bool,
    /// Nothing passes.
    held: bool,
    /// The next connection's number.
    next: u64,
    /// On connections with a lower number nothing passes.
    forgotten: u64,
    /// So many more bytes of replies pass, then every connection breaks.
    reply_bytes: Option<usize>,
    /// Every connection's both ends.
    open: Vec<TcpStream>,
    round_trips: u64,
    bytes: u64,
    ended: bool,
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hang_up(&mut self) {
        for stream in self.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// A line to the server at `target`.
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            target,
            cut: false,
            held: false,
            next: 0,
            forgotten: 0,
            reply_bytes: None,
            open: Vec::new(),
            round_trips: 0,
            bytes: 0,
            ended: false,
        };
        let line = Arc::new(Line {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let accepting = Arc::clone(&line);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, line }
    }

    /// A line to the server on this port of the loopback address.
    pub fn to_port(port: u16) -> Self {
        Self::to(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of [`address`](Self::address).
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Breaks every connection, and every new one until [`heal`](Self::heal).
    pub fn cut(&self) {
        let mut state = self.line.state();
        state.cut = true;
        state.hang_up();
        self.line.changed.notify_all();
    }

    /// Lets nothing pass, though connections stay, until [`heal`](Self::heal).
    pub fn hold(&self) {
        self.line.state().held = true;
    }

    /// Lets nothing pass any more on the connections that are open now, as a firewall that has forgotten them. New ones work.
    pub fn forget_present(&self) {
        let mut state = self.line.state();
        state.forgotten = state.next;
        self.line.changed.notify_all();
    }

    /// Lets `bytes` more of the replies pass, then breaks every connection. New ones work.
    pub fn cut_in_reply(&self, bytes: usize) {
        self.line.state().reply_bytes = Some(bytes);
    }

    /// Mends the line.
    pub fn heal(&self) {
        let mut state = self.line.state();
        state.cut = false;
        state.held = false;
        state.reply_bytes = None;
        self.line.changed.notify_all();
    }

    /// Sends new connections to another server; the present ones break.
    pub fn retarget(&self, target: SocketAddr) {
        let mut state = self.line.state();
        state.target = target;
        state.hang_up();
    }

    /// How often a client has sent something and waited for the answer, on all connections, since this was last asked. What is sent before
    /// the answer to the first of it has come counts as one.
    pub fn take_round_trips(&self) -> u64 {
        std::mem::take(&mut self.line.state().round_trips)
    }

    /// Bytes that passed, both ways, since this was last asked.
    pub fn take_bytes(&self) -> u64 {
        std::mem::take(&mut self.line.state().bytes)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.line.state();
        state.ended = true;
        state.cut = true;
        state.hang_up();
        drop(state);
        self.line.changed.notify_all();
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, line: &Arc<Line>) {
    for client in listener.incoming() {
        let Ok(client) = client else { continue };
        let target = {
            let state = line.state();
            if state.ended {
                return;
            }
            if state.cut {
                continue;
            }
            state.target
        };
        let Ok(server) = TcpStream::connect(target) else {
            continue;
        };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let both = [client.try_clone(), server.try_clone()];
        let number = {
            let mut state = line.state();
            state.open.extend(both.into_iter().flatten());
            state.next += 1;
            state.next - 1
        };
        // Whether the server has spoken since the client did.
        let answered = Arc::new(Mutex::new(true));
        for asking in [true, false] {
            let (Ok(client), Ok(server)) = (client.try_clone(), server.try_clone()) else {
                continue;
            };
            let (line, answered) = (Arc::clone(line), Arc::clone(&answered));
            thread::spawn(move || {
                let (from, to) = if asking {
                    (client, server)
                } else {
                    (server, client)
                };
                pass(from, to, (number, asking), &line, &answered);
            });
        }
    }
}

fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    (number, asking): (u64, bool),
    line: &Line,
    answered: &Mutex<bool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let mut state = line.state();
        while (state.held || number < state.forgotten) && !state.cut {
            state = line
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let mut passing = length;
        let mut breaks = false;
        if !asking && let Some(left) = &mut state.reply_bytes {
            passing = length.min(*left);
            *left -= passing;
            breaks = *left == 0;
        }
        if breaks {
            state.reply_bytes = None;
        }
        state.bytes += passing as u64;
        let mut answered = answered.lock().unwrap_or_else(PoisonError::into_inner);
        if asking && *answered {
            state.round_trips += 1;
        }
        *answered = !asking;
        drop(answered);
        let mut pass_on = || {
            buffer
                .get(..passing)
                .is_some_and(|bytes| to.write_all(bytes).is_ok())
        };
        let passed = if breaks {
            // Before anybody who has the whole of a reply by now can connect again.
            let passed = pass_on();
            state.hang_up();
            passed
        } else {
            drop(state);
            pass_on()
        };
        if !passed || breaks {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
