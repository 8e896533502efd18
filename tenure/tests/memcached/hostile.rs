//! Something that is not memcached, or an old one, or one that lies.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tenure::{StoreError, engine::cache::Cache};

use super::site::{HOUR, KEY, hurried_cache_at, outage};

const HELLO: &[u8] =
    b"VERSION 1.6.18\r\nSTAT item_size_max 1048576\r\nSTAT cas_enabled yes\r\nEND\r\n";

/// A program that answers `hello` to the first line of a connection, and `reply` to the third (the two of the greeting come together).
/// Gives its address, and counts the lines that it was sent after the greeting.
fn liar(hello: Vec<u8>, reply: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let lines = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lines);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (hello, reply, lines) = (hello.clone(), reply.clone(), Arc::clone(&counted));
            thread::spawn(move || lie(stream.unwrap(), &hello, &reply, &lines));
        }
    });
    (address, lines)
}

fn lie(mut stream: TcpStream, hello: &[u8], reply: &[u8], lines: &AtomicUsize) {
    let asked = BufReader::new(stream.try_clone().unwrap()).split(b'\n');
    for (number, line) in asked.enumerate() {
        let answer: &[u8] = match number {
            0 => hello,
            1 => b"",
            _ => {
                lines.fetch_add(1, Ordering::SeqCst);
                reply
            }
        };
        if line.is_err() || stream.write_all(answer).is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn an_old_memcached_is_never_sent_a_value() {
    for (hello, why) in [
        // It would take the value for commands.
        (
            "VERSION 1.6.9\r\nSTAT item_size_max 1048576\r\nEND\r\n",
            "1.6.10 or later",
        ),
        ("VERSION 1.5.22\r\nERROR\r\n", "it is 1.5.22"),
        ("VERSION 1.6.18\r\nSTAT cas_enabled no\r\nEND\r\n", "`-C`"),
        ("VERSION 1.6.18\r\nERROR\r\n", "not memcached"),
        (
            "VERSION 1.6.18\r\nSTAT item_size_max x\r\nEND\r\n",
            "not memcached",
        ),
        ("-ERR unknown command\r\n", "not memcached"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "not memcached"),
        ("\r\n", "not memcached"),
        ("\n", "not memcached"),
        ("\u{0}\r\n", "not memcached"),
    ] {
        let (address, lines) = liar(hello.into(), b"HD c1\r\n".to_vec());
        let cache = hurried_cache_at(address.clone());
        let what = outage(cache.put(KEY, b"flush_all\r\n", HOUR).await, &address);
        assert!(what.contains(why), "{what}");
        assert_eq!(lines.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn replies_that_are_none_are_outages() {
    let endless = vec![b'x'; 100_000];
    let replies: [&[u8]; 16] = [
        b"\r\n",
        b"XX\r\n",
        b"ERROR\r\n",
        b"CLIENT_ERROR bad command line format\r\n",
        b"HD c\r\n",
        b"HD cx\r\n",
        b"HD c18446744073709551616\r\n",
        b"VA\r\n",
        b"VA -1\r\n",
        b"VA 99999999999999999999999\r\n",
        b"VA 2 c1\r\n{}x\r\n",
        b"VA 2 c1\r\n{}}}}\r\n",
        b"VA 2 f4294967296\r\n{}\r\n",
        b"VA 2 t-2\r\n{}\r\n",
        b"HD \xff\xfe\r\n",
        &endless,
    ];
    for reply in replies {
        let (address, _) = liar(HELLO.to_vec(), reply.to_vec());
        let cache = hurried_cache_at(address.clone());
        let what = outage(cache.get(KEY).await, &address);
        assert!(
            what.contains("not memcached"),
            "{what} for {:?}",
            String::from_utf8_lossy(&reply[..reply.len().min(50)])
        );
    }
}

#[tokio::test]
async fn a_value_that_never_comes_takes_neither_memory_nor_time() {
    for (reply, limit) in [
        (&b"VA 1048576 c1\r\n"[..], "800 ms"),
        (b"VA 9999999999999999 c1\r\n", "800 ms"),
        (b"VA 2 c1\r\n{", "800 ms"),
        (b"HD", "800 ms"),
    ] {
        let (address, _) = liar(HELLO.to_vec(), reply.to_vec());
        let cache = hurried_cache_at(address.clone());
        let what = outage(cache.get(KEY).await, &address);
        assert!(what.contains(limit), "{what}");
    }
}

#[tokio::test]
async fn an_endless_value_is_thrown_away_and_given_up() {
    let mut reply = b"VA 18446744073709551615 c1\r\n".to_vec();
    reply.resize(64 << 20, b'x');
    let before = resident();
    let (address, _) = liar(HELLO.to_vec(), reply);
    let cache = hurried_cache_at(address.clone());
    outage(cache.get(KEY).await, &address);
    let grown = resident().saturating_sub(before);
    // The liar holds two copies of its reply.
    assert!(grown < 160 << 20, "{grown} bytes");
}

#[tokio::test]
async fn replies_that_nobody_asked_for_reach_no_call() {
    let (address, _) = liar(HELLO.to_vec(), b"EN\r\nVA 2 c1 f0 t9\r\n{}\r\n".to_vec());
    let cache = hurried_cache_at(address);
    for _ in 0..5 {
        let got = cache.get(KEY).await;
        assert!(
            matches!(&got, Ok(None) | Err(StoreError::Unavailable { .. })),
            "{got:?}"
        );
    }
}

/// This process's memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}
