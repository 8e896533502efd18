//! What is asked of a contestant.

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Route {
    /// The layer is there and the session is not looked at; a stranger asks.
    Plain,
    /// The same, asked by somebody who has a session.
    PlainCookie,
    Read,
    Read10k,
    Write,
    Write10k,
    New,
}

/// The sessions whose cookies a route's requests carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sessions {
    None,
    Small,
    Large,
}

impl Route {
    /// In the order of the tables. The one that makes sessions comes last.
    pub(super) const ALL: [Self; 7] = [
        Self::Plain,
        Self::PlainCookie,
        Self::Read,
        Self::Read10k,
        Self::Write,
        Self::Write10k,
        Self::New,
    ];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Plain | Self::PlainCookie => "/plain",
            Self::Read | Self::Read10k => "/read",
            Self::Write | Self::Write10k => "/write",
            Self::New => "/new",
        }
    }

    /// The column's head.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::PlainCookie => "plain, cookie",
            Self::Read => "read",
            Self::Read10k => "read 10k",
            Self::Write => "write",
            Self::Write10k => "write 10k",
            Self::New => "new",
        }
    }

    pub(super) const fn sessions(self) -> Sessions {
        match self {
            Self::Plain | Self::New => Sessions::None,
            Self::PlainCookie | Self::Read | Self::Write => Sessions::Small,
            Self::Read10k | Self::Write10k => Sessions::Large,
        }
    }

    /// Whether it is compared with bare axum, and not with the engine's floor: the session is not used.
    pub(super) const fn is_untouched(self) -> bool {
        matches!(self, Self::Plain | Self::PlainCookie)
    }
}
