//! A visitor without a screen: keeps cookies as a browser does, by host and whatever the port.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
};

#[derive(Clone, Default)]
pub(crate) struct Visitor {
    pub(crate) jar: BTreeMap<String, String>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.head.lines().filter_map(move |line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.headers("location").next()
    }

    /// The token of the page's form.
    pub(crate) fn csrf_token(&self) -> Option<&str> {
        let (_, after) = self
            .body
            .split_once(r#"name="csrfmiddlewaretoken" value=""#)?;
        after.split('"').next()
    }
}

impl Visitor {
    /// One whose session has this key.
    pub(crate) fn with(key: &serde_json::Value) -> Self {
        let key = key.as_str().unwrap().to_owned();
        Self {
            jar: BTreeMap::from([("sessionid".to_owned(), key)]),
        }
    }

    /// A page, where it leads to if it leads elsewhere.
    pub(crate) fn get(&mut self, address: &str, path: &str) -> Reply {
        let reply = self.send("GET", address, path, "");
        match reply.location() {
            Some(next) => self.get(address, next),
            None => reply,
        }
    }

    /// Sends a form with these fields; values are sent as they are.
    pub(crate) fn post(&mut self, address: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.send("POST", address, path, &fields.join("&"))
    }

    /// Opens a page of Django's, and sends a form on it to `action`.
    pub(crate) fn fill_in(
        &mut self,
        address: &str,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        let page = self.get(address, page);
        let token = page
            .csrf_token()
            .unwrap_or_else(|| panic!("no form: {}", page.body));
        self.post(
            address,
            action,
            &[fields, &[("csrfmiddlewaretoken", token)]].concat(),
        )
    }

    fn send(&mut self, method: &str, address: &str, path: &str, form: &str) -> Reply {
        let cookies: Vec<_> = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = if cookies.is_empty() {
            String::new()
        } else {
            format!("Cookie: {}\r\n", cookies.join("; "))
        };
        let length = form.len();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{cookies}\r\n{form}"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        testkit::leaks::message(head, body);
        let reply = Reply {
            status: head
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok())
                .unwrap_or_default(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        for line in reply.headers("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }
}
