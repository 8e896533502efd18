//! What a session knows of the remember-me of its browser (`auth/remember`): that it ends with the session, and the cookie that it is in.

use std::time::Duration;

use super::{Inner, LazySession, Session, State};
use crate::{
    cookie::CookieWriter, data::Data, error::SessionError, key::SessionKey, settings::Settings,
};

/// tenure's own mark in a session whose user is remembered: what the store keeps that under, as text.
pub(crate) const FAMILY: &str = "_tenure_family";

/// The cookie that remembers a user.
#[derive(Clone, Debug)]
pub(crate) struct RememberCookie {
    pub(crate) writer: CookieWriter,
    /// `TENURE_REMEMBER_AGE`.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone make the cookie")
    )]
    pub(crate) age: Duration,
}

impl RememberCookie {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            writer: CookieWriter::named(settings, &settings.remember_cookie_name),
            age: settings.remember_age,
        }
    }
}

/// A `Set-Cookie` header beside the session's own.
#[derive(Debug)]
pub(crate) struct Beside {
    pub(crate) header: String,
    /// Whether a failed response carries it too: what it says has happened already.
    pub(crate) happened: bool,
}

pub(super) fn family(data: &Data) -> Option<SessionKey> {
    SessionKey::parse(&data.get::<String>(FAMILY).ok()??)
}

impl State {
    /// The header that has to go with a response of this status.
    pub(super) fn take_beside(&mut self, failed: bool) -> Option<String> {
        let beside = self.beside.take()?;
        (beside.happened || !failed).then_some(beside.header)
    }
}

impl LazySession {
    /// Whether the request came without HTTPS, which the cookies are for alone.
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "logins alone ask"))]
    pub(crate) fn is_plaintext(&self) -> bool {
        self.0.client.plaintext
    }
}

impl Session {
    /// What the store keeps the remember-me of this browser under, if it has one.
    pub(crate) fn family(&self) -> Option<SessionKey> {
        family(&self.0.state().data)
    }

    /// Sends this header with the response, in place of one that was to be sent before.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone do it")
    )]
    pub(crate) fn send_beside(&self, beside: Beside) {
        self.0.state().beside = Some(beside);
    }
}

impl Inner {
    /// Ends the remember-me of this browser, if it has one; gives the header that takes its cookie away.
    ///
    /// Before the session itself: it would bring the user back.
    pub(super) async fn forget(&self) -> Result<Option<Beside>, SessionError> {
        let Some(family) = family(&self.state().data) else {
            return Ok(None);
        };
        self.shared.store.by_name().delete(&family).await?;
        Ok(Some(Beside {
            header: self.shared.remember.writer.remove(""),
            happened: true,
        }))
    }
}
