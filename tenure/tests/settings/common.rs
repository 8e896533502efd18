//! Settings for one test.

use std::fs;

use tenure::{Secret, Settings, SettingsError};

pub(crate) const SECRET: &str = "q8!v3kz0wm2nx@t5#h1r^y7u&e6jc(p4l*d9s-f_g=oab";

pub(crate) fn toml(text: &str) -> Result<Settings, SettingsError> {
    Settings::from_toml(&format!("SECRET_KEY = '{SECRET}'\n{text}"))
}

pub(crate) fn environment(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    layered("", pairs)
}

/// A file, and the environment on top.
pub(crate) fn layered(text: &str, pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenure.toml");
    fs::write(&file, format!("SECRET_KEY = '{SECRET}'\n{text}")).unwrap();
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load_from(Some(&file), pairs)
}

/// The message, with the path of the temporary file cut off.
pub(crate) fn message(result: Result<Settings, SettingsError>) -> String {
    let error = result.expect_err("this should be refused");
    let text = error.to_string();
    match (text.find("(/"), text.find("/tenure.toml")) {
        (Some(start), Some(end)) => format!("{}({}", &text[..start], &text[end + 1..]),
        _ => text,
    }
}

/// Settings as fields, good but for what `change` does.
pub(crate) fn fields(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::django();
    settings.secret_key = Some(Secret::new(SECRET));
    change(&mut settings);
    settings
}

pub(crate) fn refusal(change: impl FnOnce(&mut Settings)) -> String {
    fields(change).check().unwrap_err().to_string()
}
