//! What the counted requests do.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{Request, header::COOKIE};

/// What the handler does with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It does not ask for it.
    Nothing,
    /// Reads one key of two.
    Read,
    /// Writes the other.
    Write,
}

/// What another layer has left in a request.
#[derive(Clone, Copy, Debug)]
struct Neighbour;

/// One kind of request.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What people read in the table.
    pub name: &'static str,
    /// Whether the request carries the cookie of a session that is stored.
    pub cookie: bool,
    /// What the handler does.
    pub work: Work,
    extended: bool,
}

impl Case {
    const fn new(name: &'static str, cookie: bool, work: Work) -> Self {
        Self {
            name,
            cookie,
            work,
            extended: false,
        }
    }
}

/// All kinds, in the table's order.
pub const CASES: [Case; 5] = [
    Case::new("no cookie, untouched", false, Work::Nothing),
    Case::new("cookie, untouched", true, Work::Nothing),
    Case::new("cookie, one key read", true, Work::Read),
    Case::new("cookie, one key written", true, Work::Write),
    Case::new("new session, one key written", false, Work::Write),
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
        if self.extended {
            request = request.extension(Neighbour);
        }
        request.body(Body::default())
    }

    /// The same, where somebody has put something into the request's `Extensions` already.
    #[must_use]
    pub fn extended(self) -> Self {
        Self {
            extended: true,
            ..self
        }
    }
}

/// A number that was not written before: tower-sessions does not save a value that is already there. All have as many digits.
pub(crate) fn new_value() -> u64 {
    static WRITTEN: AtomicU64 = AtomicU64::new(1_000_000);
    WRITTEN.fetch_add(1, Ordering::Relaxed)
}
