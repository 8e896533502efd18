//! Where a SQLite file is: `sqlite:///absolute/path.sqlite3?mode=rw`.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::{
    engine::OpenError,
    settings::{Settings, SettingsError, without_password},
};

/// The file that is used when the settings name no database.
const EMBEDDED: &str = "tenure.sqlite3";

#[derive(Debug)]
pub(super) struct Location {
    pub(super) path: PathBuf,
    /// Make the file if it is not there (`mode=rwc`).
    pub(super) create: bool,
    /// Never write (`mode=ro`).
    pub(super) read_only: bool,
}

impl Location {
    pub(super) fn of(settings: &Settings) -> Result<Self, OpenError> {
        match settings.databases.get("default") {
            None => Ok(Self {
                path: EMBEDDED.into(),
                create: true,
                read_only: false,
            }),
            Some(database) => Self::parse(&database.url).map_err(|problem| {
                let url = without_password(&database.url);
                SettingsError::invalid("DATABASES.default.URL", &url, &problem).into()
            }),
        }
    }

    /// Three slashes for an absolute path and two for one below the working directory, as elsewhere.
    fn parse(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"))
            .ok_or("a URL of the form `sqlite:///absolute/path.sqlite3` is needed; other databases come later")?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| "the path is not UTF-8")?;
        if path.is_empty() || path == ":memory:" {
            return Err("a path to a file is needed: a database in memory would be another one for each connection".into());
        }
        let mut location = Self {
            path: path.as_ref().into(),
            create: false,
            read_only: false,
        };
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option {
                "mode=rw" => {}
                "mode=rwc" => location.create = true,
                "mode=ro" => location.read_only = true,
                _ => {
                    return Err(format!(
                        "`{option}` is not known: `mode=rw`, `mode=rwc` (makes the file) and `mode=ro` are"
                    ));
                }
            }
        }
        Ok(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_slashes_begin_an_absolute_path() {
        let location = Location::parse("sqlite:///var/lib/site.sqlite3").unwrap();
        assert_eq!(location.path, PathBuf::from("/var/lib/site.sqlite3"));
        assert!(!location.create && !location.read_only);
    }

    #[test]
    fn options_and_escapes_are_understood() {
        let location = Location::parse("sqlite://data/a%20b.sqlite3?mode=rwc").unwrap();
        assert_eq!(location.path, PathBuf::from("data/a b.sqlite3"));
        assert!(location.create);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for url in [
            "postgres://localhost/site",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:///a?mode=memory",
            "sqlite:///%ff",
        ] {
            assert!(Location::parse(url).is_err(), "{url}");
        }
    }
}
