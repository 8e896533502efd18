//! The settings, and the store that they name.

use std::path::PathBuf;

use tenure::{Sessions, Settings};

use crate::output::Failure;

/// What is used when no database is named: as the library, but never made by looking at it.
const EMBEDDED: &str = "sqlite:tenure.sqlite3";

/// Where the settings are.
pub(crate) struct Site {
    file: Option<PathBuf>,
}

impl Site {
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    /// The same settings as a service in this environment would have, with a database in any case.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = match &self.file {
            None => Settings::load()?,
            Some(file) => Settings::load_file(file)?,
        };
        if settings.databases.is_empty() {
            settings.set_database_url(EMBEDDED);
        }
        Ok(settings)
    }

    /// Where a setting is set, for people: its environment variable, which wins, or its place in the file.
    pub(crate) fn place(&self, setting: &str) -> String {
        let is_set = |name: &str| std::env::var_os(name).is_some();
        let top = setting.split('.').next().unwrap_or(setting);
        if setting == "DATABASES.default.URL" && is_set("DATABASE_URL") {
            return "the environment variable DATABASE_URL".into();
        }
        if is_set(top) {
            return format!("{setting} in the environment variable {top}");
        }
        format!("{setting} in {}", self.path().display())
    }

    /// The settings file, whether or not it is there.
    pub(crate) fn path(&self) -> PathBuf {
        let file = self.file.clone();
        let file = file.or_else(|| std::env::var_os("TENURE_SETTINGS").map(PathBuf::from));
        file.unwrap_or_else(|| "tenure.toml".into())
    }

    /// The sessions in the store that the settings name, to look at: a database is opened for reading alone, and so stays in its journal
    /// mode.
    pub(crate) async fn look(&self) -> Result<(Sessions, Settings), Failure> {
        let settings = self.settings()?;
        let url = settings.databases.get("default").map(|entry| &*entry.url);
        let url = url.filter(|url| url.starts_with("sqlite") && !url.contains('?'));
        if let Some(url) = url {
            let mut settings = settings.clone();
            settings.set_database_url(format!("{url}?mode=ro"));
            // Where that is not enough, as after a crash of whoever wrote last, it is opened as a service does.
            if let Ok(sessions) = Sessions::open(settings.clone()).await
                && sessions.store().scan(None, 1).await.is_ok()
            {
                return Ok((sessions, settings));
            }
        }
        self.open().await
    }

    /// The sessions in the store that the settings name.
    pub(crate) async fn open(&self) -> Result<(Sessions, Settings), Failure> {
        let settings = self.settings()?;
        let sessions = Sessions::open(settings.clone())
            .await
            .map_err(|error| with_hint(error.into(), &settings))?;
        Ok((sessions, settings))
    }
}

/// Says where the name of a database comes from that nobody has given.
pub(crate) fn with_hint(failure: Failure, settings: &Settings) -> Failure {
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    match url {
        Some(EMBEDDED) if !failure.mentions("locked") => failure.hint(
            "neither DATABASE_URL nor DATABASES names a database, so it is tenure.sqlite3 in the working directory",
        ),
        _ => failure,
    }
}
