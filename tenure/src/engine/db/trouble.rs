//! What can be wrong with a database server, in words that say what to do.

use std::time::Duration;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Sessions,
    #[cfg_attr(
        not(all(feature = "auth", any(feature = "mysql", feature = "postgres"))),
        expect(dead_code, reason = "there are no users on a server")
    )]
    Users,
}

/// What went wrong, whatever the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(feature = "mysql", feature = "postgres")),
    expect(
        dead_code,
        reason = "what no server says, a pool tells in its own words"
    )
)]
pub(super) enum Trouble {
    /// No connection came about.
    Unreachable,
    /// The connection broke before the answer.
    Broken,
    /// No answer in time.
    Silent,
    /// The server is starting, stopping, or has no connection left.
    Busy,
    /// The server offers no TLS, though its URL asks for it.
    NoTls,
    /// TLS failed, as a rule for the server's certificate.
    Untrusted,
    /// User or password.
    Login,
    NoDatabase,
    NoTable,
    /// The table of users' sessions.
    NoIndex,
    /// The user may not do this.
    Denied,
    ReadOnly,
    Full,
    /// Another program holds the row or the table.
    Locked,
    Other,
}

impl Trouble {
    /// What to say about `place` (address and database, without user or password), after trying for so long.
    pub(super) fn what(self, purpose: Purpose, place: &str, tried: Duration) -> String {
        let tried = tried.as_millis();
        match (self, purpose) {
            (Self::NoTable, Purpose::Users) => {
                return format!(
                    "{place} lacks a table of Django's users: make it with Django's `migrate`, or `auth_user` alone with `tenure init --users`; is `TENURE_USER_TABLE` right?"
                );
            }
            (Self::Denied, Purpose::Users) => {
                return format!(
                    "the user of {place} may not do this: grant SELECT and UPDATE on the table of Django's users, SELECT on those of their groups and permissions"
                );
            }
            (Self::Locked, Purpose::Users) => {
                return format!(
                    "another program has locked a user in {place} for longer than {tried} ms: end it, or raise `TENURE_STORE_TIMEOUT`"
                );
            }
            _ => {}
        }
        match self {
            Self::Unreachable => format!(
                "{place} cannot be reached (tried for {tried} ms): is the server running, and is the address in `DATABASES` right?"
            ),
            Self::Broken => format!(
                "the connection to {place} broke after {tried} ms: did the server stop? The next request connects again"
            ),
            Self::Silent => format!(
                "{place} did not answer within {tried} ms: is the server overloaded, or the network down? `TENURE_STORE_TIMEOUT` sets how long to wait"
            ),
            Self::Busy => format!(
                "{place} takes no connection at the moment: it is starting or stopping, or serves as many as it may"
            ),
            Self::NoTls => format!(
                "{place} offers no TLS, and its URL asks for it: switch TLS on at the server, or on a network that you trust say \
                 `sslmode=disable` in the URL, for MySQL `ssl_mode=disabled`"
            ),
            Self::Untrusted => format!(
                "TLS to {place} failed: is its certificate signed by the authority in `sslrootcert` (for MySQL `ssl_ca`) of its URL, and made \
                 for the host that stands there?"
            ),
            Self::Login => format!(
                "{place} refuses the login: check user and password in its URL, and whether the server lets this host in"
            ),
            Self::NoDatabase => format!(
                "{place} does not exist: create the database, or correct its name in its URL"
            ),
            Self::NoTable => format!(
                "{place} has no table `django_session`: make it with `tenure init`, or with Django's `migrate`"
            ),
            Self::NoIndex => format!(
                "{place} has no table `tenure_session`, which `TENURE_USER_SESSIONS` needs: make it with `tenure init`"
            ),
            Self::Denied => format!(
                "the user of {place} may not do this: grant SELECT, INSERT, UPDATE and DELETE on `django_session`, and CREATE to `tenure init`"
            ),
            Self::ReadOnly => format!(
                "{place} may not be written: it is a replica or was set read-only; name the primary in its URL"
            ),
            Self::Full => format!("no room is left on the disk of {place}: free some there"),
            Self::Locked => format!(
                "another program has locked the session in {place} for longer than {tried} ms: end it, or raise `TENURE_STORE_TIMEOUT`"
            ),
            Self::Other => format!("{place} refused a statement"),
        }
    }
}
