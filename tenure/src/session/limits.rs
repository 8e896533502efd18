//! How long the session may lie idle and last at all, how much of that is left, and which requests do not count.

use std::time::Duration;

use super::{Inner, LazySession, Session, Shared, State};
use crate::{
    error::SessionError,
    json::Json,
    limits::{ABSOLUTE_KEY, IDLE_KEY, SINCE_KEY},
    moment::Moment,
};

/// How long a session lasts yet, in whole seconds.
///
/// See [`Session::time_left`] for an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeLeft {
    /// Until it ends if its user does nothing.
    pub idle: u64,
    /// Until it ends however active its user is. `None`: it goes on as long as they come back.
    pub absolute: Option<u64>,
}

fn whole_seconds(from: Moment, to: Moment) -> u64 {
    u64::try_from((to.micros() - from.micros()) / 1_000_000).unwrap_or_default()
}

impl Inner {
    /// Notes that the session begins now, for an absolute limit that does not know it yet.
    ///
    /// That is no change of this request's: where another one has noted it meanwhile, that counts.
    pub(super) fn note_begin(&self, state: &mut State) {
        if self.terms(state).lack_begin() {
            state.data.insert(SINCE_KEY, self.shared.begin());
        }
    }
}

impl Shared {
    /// The time in whole seconds of Unix time, as it is kept in sessions.
    pub(crate) fn unix_seconds(&self) -> i64 {
        self.now().micros().div_euclid(1_000_000)
    }

    fn begin(&self) -> Json {
        Json::from_canonical(&self.unix_seconds().to_string())
    }
}

impl LazySession {
    /// Has this request not count as one of the user's: it does not prolong the session, not even if it writes.
    ///
    /// For what a page asks for by itself, again and again: without this, an open tab would keep its user logged in for ever. A login all
    /// the same counts. With tower, the layer [`Passive`](crate::web::Passive) does it for a whole route.
    ///
    /// ```
    /// # async fn example(lazy: tenure::LazySession) -> Result<(), tenure::SessionError> {
    /// lazy.set_passive();
    /// let session = lazy.load().await?;
    /// let unread: Option<u32> = session.get("unread")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_passive(&self) {
        self.0.state().passive = true;
    }

    /// Whole seconds until the session ends if its user does nothing, or 0 if there is none: what a page has to know that warns of it. The
    /// request does not count as one of the user's.
    ///
    /// With axum, [`seconds_left`](crate::web::seconds_left) is a handler that answers so.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(lazy: tenure::LazySession) -> Result<(), tenure::SessionError> {
    /// let json = format!("{{\"seconds_left\": {}}}", lazy.seconds_left().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn seconds_left(&self) -> Result<u64, SessionError> {
        self.set_passive();
        let left = self.load().await?.time_left();
        Ok(left.map_or(0, |left| left.idle))
    }
}

impl Session {
    /// Ends this session once its user has done nothing for so long, or, with `None`, as `TENURE_IDLE_LIMIT` says alone.
    ///
    /// Counts in whole seconds, rounded down. Of this limit and the setting the shorter one holds: a page for secrets can only ask for more
    /// care than the site does elsewhere.
    ///
    /// # Errors
    ///
    /// [`SessionError::ZeroExpiry`] for less than a second, [`SessionError::ResponseSent`] if it is too late.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// use std::time::Duration;
    ///
    /// session.set_idle_limit(Some(Duration::from_mins(15)))?;
    /// assert_eq!(session.expiry_age(), 900);
    /// session.set_idle_limit(None)?;
    /// assert_eq!(session.expiry_age(), 1_209_600);
    /// # Ok(())
    /// # });
    /// ```
    pub fn set_idle_limit(&self, limit: Option<Duration>) -> Result<(), SessionError> {
        self.set_limit(IDLE_KEY, limit)
    }

    /// Ends this session so long after its begin, however active its user is, or, with `None`, as `TENURE_ABSOLUTE_LIMIT` says alone.
    ///
    /// [`login`](crate::auth::login) and [`elevate`](crate::auth::elevate) begin it anew. Where the setting has no such limit, it begins when
    /// it is first saved with one. Counts in whole seconds, rounded down, and the shorter of this limit and the setting holds.
    ///
    /// # Errors
    ///
    /// As [`set_idle_limit`](Self::set_idle_limit).
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// use std::time::Duration;
    ///
    /// session.set_absolute_limit(Some(Duration::from_hours(12)))?;
    /// session.save().await?;
    /// assert!(session.expiry_age() <= 12 * 3600);
    /// # Ok(())
    /// # });
    /// ```
    pub fn set_absolute_limit(&self, limit: Option<Duration>) -> Result<(), SessionError> {
        self.set_limit(ABSOLUTE_KEY, limit)
    }

    fn set_limit(&self, key: &str, limit: Option<Duration>) -> Result<(), SessionError> {
        match limit.map(|limit| limit.as_secs()) {
            None => self.remove_key(key).map(|_| ()),
            Some(0) => Err(SessionError::ZeroExpiry),
            Some(seconds) => self.insert(key, seconds),
        }
    }

    /// How long the session lasts yet, as it is stored; what this request changes or prolongs is not in it. `None` if it is not stored.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// use std::time::Duration;
    ///
    /// session.set_idle_limit(Some(Duration::from_mins(15)))?;
    /// assert_eq!(session.time_left(), None);
    /// session.save().await?;
    /// let left = session.time_left().ok_or("it was saved")?;
    /// assert!(left.idle > 800 && left.absolute.is_none());
    /// # Ok(())
    /// # });
    /// ```
    pub fn time_left(&self) -> Option<TimeLeft> {
        let state = self.0.state();
        let stored = state.stored.as_ref()?;
        let (now, terms) = (self.0.shared.now(), self.0.terms(&state));
        let last = terms.last_end(now);
        Some(TimeLeft {
            // Of a session that this request has ended, nothing but its last end tells.
            idle: whole_seconds(
                now,
                last.map_or(stored.expires_at, |last| last.min(stored.expires_at)),
            ),
            absolute: last.map(|last| whole_seconds(now, last)),
        })
    }

    /// The user has just proved who they are: an absolute limit begins anew, and this request is one of theirs.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone are such a proof")
    )]
    pub(crate) fn begin_anew(&self) {
        let mut state = self.0.state();
        state.passive = false;
        if self.0.terms(&state).have_absolute_limit() {
            let now = self.0.shared.begin();
            if state.data.insert(SINCE_KEY, now.clone()) {
                state.changes.set(SINCE_KEY, now);
            }
        }
    }

    /// Whether the settings or the session set a limit beyond Django's.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "logins alone ask for it")
    )]
    pub(crate) fn is_limited(&self) -> bool {
        self.0.terms(&self.0.state()).are_limited()
    }
}
