//! Settings as an operator meets them: where they come from, and what is said of a wrong one.

#[cfg(test)]
mod allowed;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod wrong;

/// What the tests share.
#[cfg(test)]
mod read {
    use std::error::Error as _;

    use tenure::{Settings, SettingsError};

    pub(crate) const SECRET: &str = "nothing-but-a-secret-for-tests-0123456789";

    /// Settings from this TOML alone, with a good secret.
    pub(crate) fn toml(text: &str) -> Result<Settings, SettingsError> {
        Settings::from_toml(&format!("SECRET_KEY = \"{SECRET}\"\n{text}"))
    }

    /// Settings from this environment alone, with a good secret unless there is one.
    pub(crate) fn env(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        both("", variables)
    }

    /// Settings from a file with this text and from this environment.
    pub(crate) fn both(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.toml");
        std::fs::write(&file, text).unwrap();
        let secret = [("SECRET_KEY", SECRET)];
        let all = secret.iter().chain(variables);
        let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load_from(Some(&file), all).map_err(|error| without_folder(error, &file))
    }

    /// The file is somewhere else in each run.
    fn without_folder(error: SettingsError, path: &std::path::Path) -> SettingsError {
        let path = path.display().to_string();
        match error {
            SettingsError::File { source, .. } => SettingsError::File {
                file: "site.toml".into(),
                source,
            },
            mut error => {
                if let SettingsError::Invalid {
                    from: Some(from), ..
                }
                | SettingsError::Unknown { from, .. } = &mut error
                    && *from == path
                {
                    "site.toml".clone_into(from);
                }
                error
            }
        }
    }

    /// The message with its causes.
    pub(crate) fn message(error: &SettingsError) -> String {
        match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        }
    }

    pub(crate) fn wrong(result: Result<Settings, SettingsError>) -> String {
        message(&result.unwrap_err())
    }
}
