//! `TENURE_ASSURANCE_LEVEL`.

use std::time::Duration;

use super::Settings;

/// A level of NIST SP 800-63B-4, section 2: how sure the site has to be of who its users are, and so how long a session may last
/// before they have to prove it again.
///
/// | | idle | absolute |
/// |---|---|---|
/// | `Aal1` | | 30 days |
/// | `Aal2` | 1 hour | 24 hours |
/// | `Aal3` | 15 minutes | 12 hours |
///
/// ```
/// use tenure::{Settings, settings::AssuranceLevel};
///
/// let mut settings = Settings::strict();
/// settings.set_assurance_level(AssuranceLevel::Aal2);
/// assert_eq!(settings.idle_limit.map(|limit| limit.as_secs()), Some(3600));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssuranceLevel {
    /// Some assurance: a password. Section 2.1.3.
    Aal1,
    /// High assurance: two factors. Section 2.2.3.
    Aal2,
    /// Very high assurance: a key in hardware. Section 2.3.3.
    Aal3,
}

impl AssuranceLevel {
    /// `aal1`, `aal2` or `aal3`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "aal1" => Some(Self::Aal1),
            "aal2" => Some(Self::Aal2),
            "aal3" => Some(Self::Aal3),
            _ => None,
        }
    }
}

impl Settings {
    /// Sets [`idle_limit`](Self::idle_limit) and [`absolute_limit`](Self::absolute_limit) to what this level asks for.
    ///
    /// See [`AssuranceLevel`] for an example.
    pub fn set_assurance_level(&mut self, level: AssuranceLevel) {
        let (idle, absolute) = match level {
            AssuranceLevel::Aal1 => (None, Duration::from_hours(30 * 24)),
            AssuranceLevel::Aal2 => (Some(Duration::from_hours(1)), Duration::from_hours(24)),
            AssuranceLevel::Aal3 => (Some(Duration::from_mins(15)), Duration::from_hours(12)),
        };
        self.idle_limit = idle;
        self.absolute_limit = Some(absolute);
    }
}
