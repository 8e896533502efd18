//! The sessions of a user, from outside of them: listed and ended.

use std::{collections::HashMap, net::IpAddr, time::SystemTime};

use super::Sessions;
use crate::{
    error::SessionError, events::EndReason, key::SessionKey, session::Session, store::index::Entry,
};

/// One of the sessions of a user, for a page "your devices". See [`Sessions::sessions_of`].
///
/// The session's key is not in it.
#[derive(Clone)]
#[non_exhaustive]
pub struct UserSession {
    /// Names the session in [`Sessions::end`], and opens nothing. It stays when the key changes, so it may stand in a page.
    pub handle: String,
    /// When the user logged in, or a session that Django has made was first seen here.
    pub created_at: SystemTime,
    /// The time of the last request, to five minutes.
    pub last_seen: SystemTime,
    /// Where that request came from, if it is known.
    pub address: Option<IpAddr>,
    /// What it said it came from, if anything, cut to 200 characters. It is the visitor's word: escape it.
    pub user_agent: Option<String>,
    name: SessionKey,
    family: Option<SessionKey>,
}

impl UserSession {
    /// Whether `session` is this one.
    ///
    /// See [`Sessions::sessions_of`] for an example.
    pub fn is(&self, session: &Session) -> bool {
        let remembered = self.family.is_some() && session.family() == self.family;
        remembered || session.name().as_ref() == Some(&self.name)
    }
}

/// The entries, one for each browser: what remembers the user there, and how long already, with the session that was seen last.
fn browsers(entries: Vec<Entry>) -> Vec<Entry> {
    let (families, sessions): (Vec<_>, Vec<_>) = entries.into_iter().partition(Entry::is_family);
    let mut remembered: HashMap<SessionKey, Entry> = families
        .into_iter()
        .map(|entry| (entry.name.clone(), entry))
        .collect();
    let mut browsers = Vec::new();
    for session in sessions {
        let family = session.family.as_ref();
        match family.and_then(|family| remembered.get_mut(family)) {
            Some(browser) if browser.seen > session.seen => {}
            Some(browser) => {
                *browser = Entry {
                    handle: std::mem::take(&mut browser.handle),
                    created: browser.created,
                    ..session
                }
            }
            None => browsers.push(session),
        }
    }
    browsers.extend(remembered.into_values());
    browsers
}

impl From<Entry> for UserSession {
    fn from(entry: Entry) -> Self {
        Self {
            handle: entry.handle,
            created_at: entry.created.into(),
            last_seen: entry.seen.into(),
            address: entry.address,
            user_agent: entry.user_agent,
            name: entry.name,
            family: entry.family,
        }
    }
}

// The name may be the key.
impl std::fmt::Debug for UserSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserSession")
            .field("handle", &self.handle)
            .field("created_at", &self.created_at)
            .field("last_seen", &self.last_seen)
            .field("address", &self.address)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

/// With `TENURE_USER_SESSIONS`, on every engine that keeps sessions on the server. Users are named by the text that Django's sessions have
/// for them: what a [`UserId`](crate::auth::UserId) shows.
impl Sessions {
    /// The sessions of this user that live, those that were seen last first.
    ///
    /// A browser whose user is [remembered](crate::auth::Remember) is listed once, also while it has no session, and ends as one.
    ///
    /// Sessions that Django has made are among them from their first request here on.
    ///
    /// # Errors
    ///
    /// When the store is unavailable, or `TENURE_USER_SESSIONS` is off or the engine keeps sessions in cookies
    /// ([`StoreError::Unsupported`](crate::StoreError::Unsupported)). The same holds for the methods below.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions, session: tenure::Session, user: tenure::auth::User) -> Result<(), tenure::SessionError> {
    /// for device in sessions.sessions_of(user.id()).await? {
    ///     let here = if device.is(&session) { "this browser" } else { &*device.handle };
    ///     println!("{here}: {}", device.user_agent.as_deref().unwrap_or("unknown"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sessions_of(
        &self,
        user: impl AsRef<str>,
    ) -> Result<Vec<UserSession>, SessionError> {
        let entries = self.0.shared.sessions_of(user.as_ref()).await?;
        let mut browsers = browsers(entries);
        browsers.sort_by_key(|entry| std::cmp::Reverse(entry.seen));
        Ok(browsers.into_iter().map(UserSession::from).collect())
    }

    /// Ends the session with this handle, if it is one of this user's; tells whether it was.
    ///
    /// Its next request finds nobody logged in. A request of it that is under way goes on, and cannot save.
    ///
    /// # Errors
    ///
    /// As [`sessions_of`](Self::sessions_of).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions, user: tenure::auth::User, handle: &str) -> Result<(), tenure::SessionError> {
    /// if !sessions.end(user.id(), handle).await? {
    ///     println!("it had ended already");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn end(&self, user: impl AsRef<str>, handle: &str) -> Result<bool, SessionError> {
        let ended = self.end_where(user.as_ref(), |entry| entry.handle == handle);
        Ok(ended.await? > 0)
    }

    /// Ends all sessions of the user who is logged in in `session`, but this one; tells how many. For after a change of the password, and for
    /// "log out everywhere else".
    ///
    /// # Errors
    ///
    /// As [`sessions_of`](Self::sessions_of).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions, session: tenure::Session, user: tenure::auth::User) -> Result<(), tenure::auth::AuthError> {
    /// // … the password was changed …
    /// tenure::auth::update_session_auth_hash(&session, &user).await?;
    /// sessions.end_others(&session).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn end_others(&self, session: &Session) -> Result<usize, SessionError> {
        let Some(user) = session.user() else {
            return Ok(0);
        };
        let (name, family) = (session.name(), session.family());
        let own = |entry: &Entry| {
            let remembered = family.is_some() && entry.family == family;
            remembered || Some(&entry.name) == name.as_ref()
        };
        self.end_where(&user, |entry| !own(entry)).await
    }

    /// Ends all sessions of this user; tells how many. On an engine other than a database, some of them may have ended by themselves.
    ///
    /// # Errors
    ///
    /// As [`sessions_of`](Self::sessions_of).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions) -> Result<(), tenure::SessionError> {
    /// let ended = sessions.end_all("41").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn end_all(&self, user: impl AsRef<str>) -> Result<usize, SessionError> {
        self.end_where(user.as_ref(), |_| true).await
    }

    async fn end_where(
        &self,
        user: &str,
        which: impl Fn(&Entry) -> bool,
    ) -> Result<usize, SessionError> {
        let shared = &self.0.shared;
        let known = shared.known_sessions(user).await?;
        shared.end(user, known, which, EndReason::Revoked).await
    }
}
