//! What the counted requests do.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{Request, header::COOKIE};

/// What the handler does with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It does not ask for it.
    Nothing,
    /// Reads one key of a session that holds one.
    Read,
    /// Writes one key.
    Write,
}

/// One kind of request.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What people read in the table.
    pub name: &'static str,
    /// Whether the request carries the cookie of a session that is stored.
    pub cookie: bool,
    /// What the handler does.
    pub work: Work,
}

/// All kinds, in the table's order.
pub const CASES: [Case; 5] = [
    Case {
        name: "no cookie, session untouched",
        cookie: false,
        work: Work::Nothing,
    },
    Case {
        name: "cookie, session untouched",
        cookie: true,
        work: Work::Nothing,
    },
    Case {
        name: "cookie, one key read",
        cookie: true,
        work: Work::Read,
    },
    Case {
        name: "cookie, one key written",
        cookie: true,
        work: Work::Write,
    },
    Case {
        name: "no cookie, one key written (new session)",
        cookie: false,
        work: Work::Write,
    },
];

impl Case {
    /// A request of this kind, whose cookie, if any, is `cookie`.
    ///
    /// # Errors
    ///
    /// When `cookie` cannot stand in a header.
    pub fn request<Body: Default>(&self, cookie: &str) -> Result<Request<Body>, http::Error> {
        let mut request = Request::get("/");
        if self.cookie {
            request = request.header(COOKIE, cookie);
        }
        request.body(Body::default())
    }
}

/// A number that was not written before: tower-sessions does not save a value that is already there. All have as many digits.
pub(crate) fn new_value() -> u64 {
    static WRITTEN: AtomicU64 = AtomicU64::new(1_000_000);
    WRITTEN.fetch_add(1, Ordering::Relaxed)
}
