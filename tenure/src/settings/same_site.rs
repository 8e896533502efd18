//! `SESSION_COOKIE_SAMESITE`.

use std::borrow::Cow;

/// The cookie's `SameSite` attribute: whether it comes along when another site links here or embeds this one.
///
/// Browsers read it without regard to case; the spelling is sent as it was given, as Django does.
///
/// ```
/// use tenure::settings::SameSite;
///
/// assert_eq!(SameSite::parse("strict"), Some(SameSite::parse("strict").unwrap()));
/// assert_eq!(SameSite::LAX.as_str(), Some("Lax"));
/// assert_eq!(SameSite::OMIT.as_str(), None);
/// assert_eq!(SameSite::parse("sometimes"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameSite(Option<Cow<'static, str>>);

impl SameSite {
    /// The cookie comes along when a link is followed, not with what another site embeds or posts.
    pub const LAX: Self = Self(Some(Cow::Borrowed("Lax")));
    /// The cookie never comes along from another site.
    pub const STRICT: Self = Self(Some(Cow::Borrowed("Strict")));
    /// The cookie always comes along; browsers want it to be Secure then.
    pub const NONE: Self = Self(Some(Cow::Borrowed("None")));
    /// No such attribute: Django's `False`. Browsers take it for Lax.
    pub const OMIT: Self = Self(None);

    /// `Lax`, `Strict` or `None`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let known = ["lax", "strict", "none"]
            .iter()
            .any(|name| text.eq_ignore_ascii_case(name));
        known.then(|| Self(Some(text.to_owned().into())))
    }

    /// What stands in the header; nothing for [`OMIT`](Self::OMIT).
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether the cookie comes along from every site.
    pub(crate) fn is_none(&self) -> bool {
        self.as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case("none"))
    }
}
