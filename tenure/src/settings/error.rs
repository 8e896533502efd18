//! What is wrong with a setting.

use crate::{error::BoxError, system::RandomError};

/// A setting that cannot be used. Every message names the setting and says what to do.
///
/// ```
/// let error = tenure::Settings::from_toml("SESSION_COOKIE_AGE = \"two weeks\"").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "SESSION_COOKIE_AGE is \"two weeks\" (tenure.toml): a whole number of seconds from 1 to 4294967295 is needed",
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A value that is not allowed.
    #[error("{setting} is {value}{}: {needed}", from.as_ref().map(|from| format!(" ({from})")).unwrap_or_default())]
    Invalid {
        /// The setting's name.
        setting: String,
        /// Its value; for secrets only what is wrong with it.
        value: String,
        /// The file or `environment`; `None` for a field set in the program.
        from: Option<String>,
        /// What is allowed.
        needed: String,
    },
    /// A name that does not exist.
    #[error(
        "{name} ({from}) is not a setting{}",
        suggestion.as_ref().map(|name| format!(": did you mean {name}?")).unwrap_or_default()
    )]
    Unknown {
        /// The name.
        name: String,
        /// The file or `environment`.
        from: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// The settings file could not be read.
    #[error("{file} cannot be read")]
    File {
        /// Its path.
        file: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// A secret could not be made for development.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl SettingsError {
    /// A field whose value is not allowed, wherever it came from.
    pub(crate) fn invalid(setting: &str, value: &str, needed: &str) -> Self {
        Self::Invalid {
            setting: setting.into(),
            value: format!("{:?}", super::without_password(value)),
            from: None,
            needed: needed.into(),
        }
    }

    /// A field that must not be shown: `problem` stands for its value, as "missing".
    pub(super) fn secret(setting: &str, problem: &str, needed: &str) -> Self {
        Self::Invalid {
            setting: setting.into(),
            value: problem.into(),
            from: None,
            needed: needed.into(),
        }
    }
}
