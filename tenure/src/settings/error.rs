//! What is wrong with a setting.

use std::fmt;

use super::redact::without_password;
use crate::{
    error::{BoxError, chain},
    system::RandomError,
};

/// A setting that cannot be used. Every message names the setting and says what to do.
///
/// ```
/// let error = tenure::Settings::from_toml("SESSION_COOKIE_AGE = \"two weeks\"").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "SESSION_COOKIE_AGE is \"two weeks\" (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
/// );
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A value that is not allowed.
    #[error("{setting} is {value}{}: {needed}", from.as_ref().map(|from| format!(" ({from})")).unwrap_or_default())]
    Invalid {
        /// The setting's name.
        setting: String,
        /// Its value, without passwords; for secrets only what is wrong with it.
        value: String,
        /// The file or `environment`; `None` for a default or a field set in the program.
        from: Option<String>,
        /// What is allowed.
        needed: String,
    },
    /// A name that does not exist.
    #[error("{name} ({from}) is not a setting{}", hint(suggestion.as_deref(), known))]
    Unknown {
        /// The name.
        name: String,
        /// The file or `environment`.
        from: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
        /// The names that exist there, where they are few.
        known: &'static [&'static str],
    },
    /// The settings file could not be read.
    #[error("the settings file {file} cannot be read")]
    File {
        /// Its path.
        file: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The settings file is not TOML.
    // Without the parser's own error, which quotes the line: it may be the one with the secret.
    #[error("{file}, line {line}, column {column}: {problem}")]
    Syntax {
        /// Its path.
        file: String,
        /// Counted from 1.
        line: usize,
        /// Characters into the line, counted from 1.
        column: usize,
        /// What the parser did not understand.
        problem: String,
    },
    /// A secret could not be made for development.
    #[error(transparent)]
    Random(#[from] RandomError),
}

fn hint(suggestion: Option<&str>, known: &[&str]) -> String {
    match suggestion {
        Some(name) => format!(": did you mean {name}?"),
        None if known.is_empty() => String::new(),
        None => format!(": here are {}", known.join(", ")),
    }
}

/// As `Display`, with causes: a `main` that returns this error shows it by `Debug`, and whoever starts a program should read a sentence.
impl fmt::Debug for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        chain(self, f)
    }
}

impl SettingsError {
    /// A field whose value is not allowed, wherever it came from. Passwords in URLs are left out.
    pub(crate) fn invalid(setting: &str, value: &str, needed: &str) -> Self {
        Self::described(setting, &format!("{:?}", without_password(value)), needed)
    }

    /// A field whose value would be served if the crate had been built with `feature`.
    pub(crate) fn needs_feature(setting: &str, value: &str, feature: &str) -> Self {
        let needed = format!("it needs the feature `{feature}` of the crate `tenure`");
        Self::invalid(setting, value, &needed)
    }

    /// As [`invalid`](Self::invalid), with words in place of the value: it is no text, or must not be shown.
    pub(crate) fn described(setting: &str, words: &str, needed: &str) -> Self {
        Self::Invalid {
            setting: setting.into(),
            value: words.into(),
            from: None,
            needed: needed.into(),
        }
    }

    pub(super) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self::Syntax {
            file: file.into(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            problem: error.message().lines().collect::<Vec<_>>().join(", "),
        }
    }

    /// The same, told where the value came from.
    pub(super) fn found(self, place: impl Fn(&str) -> Option<String>) -> Self {
        match self {
            Self::Invalid {
                setting,
                value,
                from: None,
                needed,
            } => Self::Invalid {
                from: place(&setting),
                setting,
                value,
                needed,
            },
            other => other,
        }
    }
}
