//! When the session ends.

use std::time::{Duration, SystemTime};

use super::{Inner, Session, State};
use crate::{
    error::SessionError,
    expiry::{EXPIRY_KEY, Expiry, StoredExpiry},
    json::Json,
    limits::Terms,
    moment::Moment,
};

impl Inner {
    pub(super) fn terms(&self, state: &State) -> Terms {
        self.shared.rules.terms(&state.data, &self.shared.zone)
    }
}

fn seconds(duration: Duration) -> Result<Json, SessionError> {
    let json = match (duration.as_secs(), duration.subsec_micros()) {
        (0, 0) => return Err(SessionError::ZeroExpiry),
        (seconds, 0) => Json::of(&seconds),
        _ => Json::of(&duration.as_secs_f64()),
    };
    json.map_err(|source| SessionError::Value {
        key: EXPIRY_KEY.to_owned(),
        source,
    })
}

impl Session {
    /// Sets when this session ends: a [`Duration`] after the user's last request, a [`SystemTime`], or an [`Expiry`].
    ///
    /// Differs from Django in one thing: a `timedelta` there is a fixed moment, a `Duration` here counts from the last request, as a
    /// number of seconds does in Django.
    ///
    /// Limits hold beside it: see [`set_idle_limit`](Self::set_idle_limit).
    ///
    /// # Errors
    ///
    /// [`SessionError::ZeroExpiry`] for a duration under a microsecond, [`SessionError::ResponseSent`] if it is too late.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// use std::time::{Duration, SystemTime};
    /// use tenure::Expiry;
    ///
    /// session.set_expiry(Duration::from_secs(1800))?;
    /// assert_eq!(session.expiry_age(), 1800);
    /// session.set_expiry(SystemTime::now() + Duration::from_secs(86_400))?;
    /// session.set_expiry(Expiry::BrowserClose)?;
    /// assert!(session.expires_at_browser_close());
    /// session.set_expiry(Expiry::Default)?;
    /// # Ok(())
    /// # });
    /// ```
    pub fn set_expiry(&self, expiry: impl Into<Expiry>) -> Result<(), SessionError> {
        match expiry.into() {
            Expiry::Default => self.remove_key(EXPIRY_KEY).map(|_| ()),
            Expiry::BrowserClose => self.insert(EXPIRY_KEY, 0),
            Expiry::After(duration) => self.0.state().set(EXPIRY_KEY, seconds(duration)?),
            Expiry::At(time) => {
                let text = Moment::from(time).isoformat(&self.0.shared.zone);
                self.insert(EXPIRY_KEY, text)
            }
        }
    }

    /// What was set with [`set_expiry`](Self::set_expiry), by this request or an earlier one; [`Expiry::Default`] if nothing was.
    ///
    /// Django can store a negative number of seconds, for a session that has ended: that is [`Expiry::At`] now.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// use std::time::Duration;
    /// use tenure::Expiry;
    ///
    /// assert_eq!(session.expiry(), Expiry::Default);
    /// session.set_expiry(Duration::from_secs(1800))?;
    /// assert_eq!(session.expiry(), Expiry::After(Duration::from_secs(1800)));
    /// # Ok(())
    /// # });
    /// ```
    pub fn expiry(&self) -> Expiry {
        match self.0.terms(&self.0.state()).expiry {
            StoredExpiry::Absent => Expiry::Default,
            StoredExpiry::BrowserClose => Expiry::BrowserClose,
            StoredExpiry::At(moment) => Expiry::At(moment.into()),
            StoredExpiry::Relative(micros) => match u64::try_from(micros) {
                Ok(micros) => Expiry::After(Duration::from_micros(micros)),
                Err(_) => Expiry::At(self.0.shared.system.now()),
            },
        }
    }

    /// Seconds until the session ends, counted from now; negative if its end has passed. What the cookie's `Max-Age` is. Django's
    /// `get_expiry_age()`, without a fraction, unless a limit ends the session sooner.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert_eq!(session.expiry_age(), 1_209_600);
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "get_expiry_age")]
    pub fn expiry_age(&self) -> i64 {
        let terms = self.0.terms(&self.0.state());
        terms.age_micros(self.0.shared.now()) / 1_000_000
    }

    /// The moment at which the session ends, were it saved now. Django's `get_expiry_date()`, unless a limit ends it sooner.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert!(session.expiry_date() > std::time::SystemTime::now());
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "get_expiry_date")]
    pub fn expiry_date(&self) -> SystemTime {
        let terms = self.0.terms(&self.0.state());
        terms.date(self.0.shared.now()).into()
    }

    /// Whether the session's cookie goes when the browser closes. Django's `get_expire_at_browser_close()`.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert!(!session.expires_at_browser_close());
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "get_expire_at_browser_close")]
    pub fn expires_at_browser_close(&self) -> bool {
        self.0.terms(&self.0.state()).at_browser_close()
    }
}
