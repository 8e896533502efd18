//! Where a PostgreSQL server is: `postgres://user:password@host:5432/database`.

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use crate::settings::{Settings, SettingsError};

/// A server and a database on it.
pub(super) struct Location {
    pub(super) config: Config,
    /// Address and database, for people: without user and password.
    pub(super) place: String,
}

impl Location {
    pub(super) fn of(settings: &Settings, alias: &str) -> Result<Self, SettingsError> {
        let url = settings.databases.get(alias).map(|entry| &*entry.url);
        let url = url.unwrap_or_default();
        let setting = format!("DATABASES.{alias}.URL");
        Self::parse(url).map_err(|problem| SettingsError::invalid(&setting, url, &problem))
    }

    fn parse(url: &str) -> Result<Self, String> {
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            format!(
                "a URL of the form `postgres://user:password@host:5432/database` is needed, with `?sslmode=disable`, `prefer` or `require` \
                 ({})",
                cause.unwrap_or_default()
            )
        })?;
        // What asks for TLS must not go in the clear. Whoever says nothing, or "prefer", does without.
        if config.get_ssl_mode() == SslMode::Require {
            return Err("TLS to PostgreSQL is not built in: use `sslmode=disable` on a trusted network, a unix socket, or a tunnel".into());
        }
        config.ssl_mode(SslMode::Disable);
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        if config.get_application_name().is_none() {
            config.application_name("tenure");
        }
        let place = place(&config);
        Ok(Self { config, place })
    }
}

/// `PostgreSQL at db.example.com:5432 (database "site")`.
fn place(config: &Config) -> String {
    let names = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let mut names: Vec<String> = names.collect();
    if names.is_empty() {
        names.extend(config.get_hostaddrs().iter().map(ToString::to_string));
    }
    let ports = config.get_ports();
    let addresses: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let port = ports.get(index).or(ports.first()).unwrap_or(&5432);
            format!("{name}:{port}")
        })
        .collect();
    // As the server does where no name is given.
    let database = config.get_dbname().or(config.get_user());
    format!(
        "PostgreSQL at {} (database {:?})",
        addresses.join(", "),
        database.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_has_neither_user_nor_password() {
        for (url, place) in [
            (
                "postgres://ann:hunter2@db.example.com/site",
                "PostgreSQL at db.example.com:5432 (database \"site\")",
            ),
            (
                "postgresql://ann:hunter2@one:1,two:2/site?target_session_attrs=read-write",
                "PostgreSQL at one:1, two:2 (database \"site\")",
            ),
            (
                "postgres://ann@%2Fvar%2Frun%2Fpostgresql/site?sslmode=prefer",
                "PostgreSQL at /var/run/postgresql:5432 (database \"site\")",
            ),
            (
                "postgres:///site?host=/tmp&user=ann&sslmode=disable",
                "PostgreSQL at /tmp:5432 (database \"site\")",
            ),
        ] {
            assert_eq!(Location::parse(url).unwrap().place, place);
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for (url, problem) in [
            ("postgres://db/site?sslmode=require", "TLS"),
            ("postgres://db/site?sslmode=verify-full", "sslmode"),
            ("postgres://db:port/site", "port"),
            ("postgres://db/site?colour=red", "colour"),
        ] {
            let told = Location::parse(url).map(|_| ()).unwrap_err();
            assert!(told.contains(problem), "{url}: {told}");
        }
    }
}
