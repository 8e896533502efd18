//! The kinds of expiry that a visitor may choose from.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tenure::{Expiry, Session, SessionError};

const HALF_AN_HOUR: Duration = Duration::from_mins(30);
const A_DAY: Duration = Duration::from_hours(24);

/// When a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// As the settings say.
    Default,
    /// When the browser closes.
    Browser,
    /// Some time after the last request.
    Idle,
    /// At a date, however often the visitor comes back.
    Date,
}

impl Kind {
    /// What the session has now, from Django's own key for it: tenure tells the date, not how it was set.
    pub(crate) fn of(session: &Session) -> Self {
        match session.get_json("_session_expiry").as_deref() {
            None | Some("null") => Self::Default,
            Some("0") => Self::Browser,
            Some(json) if json.starts_with('"') => Self::Date,
            Some(_) => Self::Idle,
        }
    }

    /// Gives the session this kind of expiry. One that it has already stays, or saving the form again would move the date.
    pub(crate) fn choose(self, session: &Session) -> Result<(), SessionError> {
        if self == Self::of(session) {
            return Ok(());
        }
        session.set_expiry(match self {
            Self::Default => Expiry::Default,
            Self::Browser => Expiry::BrowserClose,
            Self::Idle => Expiry::After(HALF_AN_HOUR),
            Self::Date => Expiry::At(SystemTime::now() + A_DAY),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_chosen_is_what_is_found() {
        let session = tenure::testing::session().await;
        for kind in [Kind::Idle, Kind::Date, Kind::Browser, Kind::Default] {
            kind.choose(&session).unwrap();
            assert_eq!(Kind::of(&session), kind);
        }
    }

    #[tokio::test]
    async fn choosing_the_same_again_does_not_move_the_date() {
        let session = tenure::testing::session().await;
        Kind::Date.choose(&session).unwrap();
        let date = session.expiry_date();
        Kind::Date.choose(&session).unwrap();
        assert_eq!(session.expiry_date(), date);
    }
}
