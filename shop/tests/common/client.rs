//! A small HTTP client that keeps the session cookie as a browser does.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::server::Server;

/// A visitor.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    /// The value of `sessionid`.
    pub(crate) cookie: Option<String>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The shown text holds `what`.
    #[track_caller]
    pub(crate) fn shows(&self, what: &str) {
        assert!(self.body.contains(what), "no {what:?} in {}", self.body);
    }

    #[track_caller]
    pub(crate) fn hides(&self, what: &str) {
        assert!(!self.body.contains(what), "{what:?} in {}", self.body);
    }
}

impl Client {
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            address: server.address.clone(),
            cookie: None,
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, "", "")
    }

    pub(crate) fn post(&mut self, path: &str, form: &str) -> Reply {
        self.send("POST", path, "", form)
    }

    pub(crate) fn log_in(&mut self) {
        let reply = self.post("/login", "username=demo&password=demo-password&next=/cart");
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some("/cart"))
        );
    }

    /// Sends the form for it that every page of a user has.
    pub(crate) fn log_out(&mut self) -> Reply {
        self.post_with_token("/logout", "")
    }

    /// Sends a form that a page for logged-in users has, with the token that stands in it.
    pub(crate) fn post_with_token(&mut self, path: &str, form: &str) -> Reply {
        let page = self.get("/");
        let (_, rest) = page
            .body
            .split_once(r#"name="csrfmiddlewaretoken" value=""#)
            .unwrap();
        let token = rest.split('"').next().unwrap();
        self.post(path, &format!("csrfmiddlewaretoken={token}&{form}"))
    }

    /// Further `headers` end in CRLF each.
    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &str, form: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let cookie = self.cookie.as_ref().map_or_else(String::new, |value| {
            format!("Cookie: sessionid={value}\r\n")
        });
        let length = form.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{cookie}{headers}\r\n{form}",
            self.address
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        testkit::leaks::message(head, body);
        let reply = Reply {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        if let Some(set) = reply.header("set-cookie") {
            let value = set.strip_prefix("sessionid=").unwrap();
            let value = value.split(';').next().unwrap().trim_matches('"');
            self.cookie = (!value.is_empty()).then(|| value.to_owned());
        }
        reply
    }
}
