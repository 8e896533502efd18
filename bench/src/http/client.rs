//! One client that asks one thing after the other, over one connection as long as the server keeps it.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A machine at work may stall for a while; what takes longer than this is no answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client without a memory for cookies.
#[derive(Debug)]
pub(super) struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

/// What a server has answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// What a browser would send back, if a cookie was set: `sessionid=…`, several joined by `; `.
    pub(super) cookie: Option<String>,
    pub(super) body: String,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connection: None,
        }
    }

    /// Asks for a path, with a cookie if there is one.
    pub(super) fn get(&mut self, path: &str, cookie: Option<&str>) -> io::Result<Answer> {
        let request = request(path, cookie);
        if let Some(connection) = self.connection.take() {
            // The server may have closed it meanwhile, as is its right.
            if let Ok(answer) = self.ask(connection, &request) {
                return Ok(answer);
            }
        }
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        self.ask(BufReader::new(stream), &request)
    }

    fn ask(&mut self, mut connection: BufReader<TcpStream>, request: &str) -> io::Result<Answer> {
        connection.get_mut().write_all(request.as_bytes())?;
        let (answer, stays) = read(&mut connection)?;
        self.connection = stays.then_some(connection);
        Ok(answer)
    }
}

/// The bytes of a request. The load is made of the same ones.
pub(super) fn request(path: &str, cookie: Option<&str>) -> String {
    let cookie = cookie.map_or(String::new(), |cookie| format!("Cookie: {cookie}\r\n"));
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}\r\n")
}

/// Reads an answer, and whether the connection stays open.
fn read(from: &mut impl BufRead) -> io::Result<(Answer, bool)> {
    let first = line(from)?;
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| damaged(&first))?;
    let (mut cookies, mut length, mut chunked, mut closes) = (Vec::new(), None, false, false);
    loop {
        let header = line(from)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or_else(|| damaged(&header))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "set-cookie" => cookies.extend(value.split(';').next().map(str::to_owned)),
            "content-length" => length = value.parse::<u64>().ok(),
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "connection" => closes = value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    match length {
        _ if chunked => chunks(from, &mut body)?,
        Some(length) => {
            body.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
            from.read_exact(&mut body)?;
        }
        None => {
            closes = true;
            from.read_to_end(&mut body)?;
        }
    }
    let answer = Answer {
        status,
        cookie: (!cookies.is_empty()).then(|| cookies.join("; ")),
        body: String::from_utf8(body).map_err(io::Error::other)?,
    };
    Ok((answer, !closes))
}

fn chunks(from: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let size = line(from)?;
        let size = u64::from_str_radix(&size, 16).map_err(|_| damaged(&size))?;
        let read = from.take(size).read_to_end(body)?;
        if u64::try_from(read).ok() != Some(size) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        line(from)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

fn damaged(line: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("no HTTP: {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> io::Result<(Answer, bool)> {
        read(&mut text.as_bytes())
    }

    #[test]
    fn several_cookies_go_back_as_one_header() {
        let (answer, stays) = answer(
            "HTTP/1.1 200 OK\r\nset-cookie: id=a=b; Path=/\r\nSet-Cookie: sig=c\r\nContent-Length: 2\r\n\r\nok",
        )
        .unwrap();
        assert_eq!(answer.cookie.as_deref(), Some("id=a=b; sig=c"));
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
        assert!(stays);
    }

    #[test]
    fn a_body_in_chunks_is_put_together() {
        let text =
            "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n471\r\n1\r\n1\r\n0\r\n\r\n";
        let (answer, _) = answer(text).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (500, "4711"));
        assert_eq!(answer.cookie, None);
    }

    #[test]
    fn a_connection_that_the_server_closes_is_not_used_again() {
        let text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        assert!(!answer(text).unwrap().1);
        let (answer, stays) = answer("HTTP/1.0 200 OK\r\n\r\nuntil the end").unwrap();
        assert_eq!(answer.body, "until the end");
        assert!(!stays);
    }

    #[test]
    fn half_an_answer_is_none() {
        for text in [
            "",
            "SSH-2.0\r\n",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
        ] {
            assert!(answer(text).is_err(), "{text:?}");
        }
    }
}
