//! Where a PostgreSQL server is: `postgres://user:password@host:5432/database`.

use tokio_postgres::{
    Client, Config, Connection, Error, Socket,
    config::{Host, SslMode},
    tls::MakeTlsConnect,
};

use super::{
    super::encryption::{Mode, Words},
    tls::{Tls, connector},
};
use crate::settings::{Settings, SettingsError};

/// libpq's.
const WORDS: Words = Words {
    mode: "sslmode",
    modes: &[
        ("disable", Mode::Disable),
        ("prefer", Mode::Prefer),
        ("require", Mode::Require),
        ("verify-ca", Mode::VerifyCa),
        ("verify-full", Mode::VerifyFull),
    ],
    authorities: "sslrootcert",
};

/// A server and a database on it.
pub(super) struct Location {
    config: Config,
    tls: Tls,
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
        let (url, asked) = WORDS.take(url)?;
        let mut config: Config = url.parse().map_err(|error: Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            format!(
                "a URL of the form `postgres://user:password@host:5432/database` is needed ({})",
                cause.unwrap_or_default()
            )
        })?;
        let tls = connector(&asked)?;
        if config.get_hosts().is_empty() {
            // A certificate may be an address's, and the driver has to know whose it should be.
            let mut names: Vec<_> = config
                .get_hostaddrs()
                .iter()
                .map(ToString::to_string)
                .collect();
            if names.is_empty() {
                names.push("localhost".into());
            }
            for name in names {
                config.host(name);
            }
        }
        let sockets = |host: &Host| !matches!(host, Host::Tcp(_));
        config.ssl_mode(match asked.mode {
            _ if config.get_hosts().iter().all(sockets) => SslMode::Disable,
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            _ => SslMode::Require,
        });
        if config.get_application_name().is_none() {
            config.application_name("tenure");
        }
        let place = place(&config);
        Ok(Self { config, tls, place })
    }

    /// A new connection, and what drives it.
    #[cfg_attr(
        not(feature = "postgres-tls"),
        expect(clippy::clone_on_copy, reason = "with TLS it is more than a mark")
    )]
    pub(super) async fn connect(
        &self,
    ) -> Result<
        (
            Client,
            Connection<Socket, <Tls as MakeTlsConnect<Socket>>::Stream>,
        ),
        Error,
    > {
        // Large, and so not a part of every call that may have to connect.
        Box::pin(self.config.connect(self.tls.clone())).await
    }
}

/// `PostgreSQL at db.example.com:5432 (database "site")`.
fn place(config: &Config) -> String {
    let names = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let names: Vec<String> = names.collect();
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
            (
                "postgres://db/site?sslmode=allow",
                "`sslmode=allow` is not known: `disable`, `prefer`, `require`, `verify-ca`, `verify-full` are",
            ),
            ("postgres://db:port/site", "port"),
            ("postgres://db/site?colour=red", "colour"),
        ] {
            let told = Location::parse(url).map(|_| ()).unwrap_err();
            assert!(told.contains(problem), "{url}: {told}");
        }
    }
}
