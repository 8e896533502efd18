//! What is done about something that may be an attack, or too much.

/// What happens when a session comes back from elsewhere: `TENURE_BIND_USER_AGENT`, `TENURE_BIND_ADDRESS`.
///
/// ```
/// use tenure::settings::Policy;
///
/// assert_eq!(Policy::parse("ask"), Some(Policy::Ask));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Policy {
    /// Nothing, and nothing is remembered to compare with. `off`.
    Off,
    /// [`Events::suspicious`](crate::events::Events::suspicious) is told. `report`.
    Report,
    /// And the user has to log in again. `ask`.
    Ask,
    /// And the session ends. `end`.
    End,
}

impl Policy {
    /// A policy by the word that settings have for it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "report" => Some(Self::Report),
            "ask" => Some(Self::Ask),
            "end" => Some(Self::End),
            _ => None,
        }
    }
}

/// What a login does that would be one session too many: `TENURE_AT_MAX_SESSIONS`.
///
/// ```
/// use tenure::settings::AtMaxSessions;
///
/// assert_eq!(AtMaxSessions::parse("refuse"), Some(AtMaxSessions::Refuse));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtMaxSessions {
    /// The sessions that were seen longest ago end. `end_oldest`.
    EndOldest,
    /// It fails. `refuse`.
    Refuse,
}

impl AtMaxSessions {
    /// What settings call it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "end_oldest" => Some(Self::EndOldest),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }
}
