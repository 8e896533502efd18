//! Where a MySQL or MariaDB server is: `mysql://user:password@host:3306/database`.

use std::time::Duration;

use mysql_async::{Conn, DriverError, Error, Opts, OptsBuilder};

use super::{
    super::encryption::{Mode, Words},
    sql::SETUP,
    tls::options,
};
use crate::settings::{Settings, SettingsError};

/// MySQL's, without `verify_ca`: the driver asks for the host's name even if it is told not to.
const WORDS: Words = Words {
    mode: "ssl_mode",
    modes: &[
        ("disabled", Mode::Disable),
        ("preferred", Mode::Prefer),
        ("required", Mode::Require),
        ("verify_identity", Mode::VerifyFull),
    ],
    authorities: "ssl_ca",
};

/// A server and a database on it.
pub(super) struct Location {
    opts: Opts,
    /// The same without TLS, where it is only preferred.
    without_tls: Option<Opts>,
    /// Address and database, for people: without user and password.
    pub(super) place: String,
}

impl Location {
    pub(super) fn of(
        settings: &Settings,
        alias: &str,
        timeout: Duration,
    ) -> Result<Self, SettingsError> {
        let url = settings.databases.get(alias).map(|entry| &*entry.url);
        let url = url.unwrap_or_default();
        let setting = format!("DATABASES.{alias}.URL");
        Self::parse(url, timeout).map_err(|problem| SettingsError::invalid(&setting, url, &problem))
    }

    fn parse(url: &str, timeout: Duration) -> Result<Self, String> {
        let needed = "a URL of the form `mysql://user:password@host:3306/database` is needed";
        let (url, asked) = WORDS.take(url)?;
        let rest = url
            .strip_prefix("mysql://")
            .or_else(|| url.strip_prefix("mariadb://"))
            .ok_or(needed)?;
        // The driver knows one scheme for both.
        let opts = Opts::from_url(&format!("mysql://{rest}"))
            .map_err(|error| format!("{needed} ({error})"))?;
        if opts.ssl_opts().is_some() {
            return Err(
                "`require_ssl` is the driver's word: say `ssl_mode=verify_identity` or `ssl_mode=required`".into(),
            );
        }
        let Some(database) = opts.db_name().filter(|name| !name.is_empty()) else {
            return Err(format!("{needed}: it names no database"));
        };
        let is_socket = opts.socket().is_some();
        let address = match opts.socket() {
            Some(path) => path.to_owned(),
            None => format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port()),
        };
        let place = format!("MySQL at {address} (database {database:?})");
        // The server waits for locks in whole seconds. Less than the caller does, so that it is told what it waited for.
        let lock = format!(
            "SET innodb_lock_wait_timeout = {}",
            (timeout / 2).as_secs().max(1)
        );
        let setup = SETUP.iter().map(|text| (*text).to_owned()).chain([lock]);
        let opts = OptsBuilder::from_opts(opts)
            // An update that changes nothing has found its row all the same.
            .client_found_rows(true)
            // Else the driver leaves the address that it was given for a socket that the server names.
            .prefer_socket(false)
            .setup(setup.collect::<Vec<_>>());
        let tls = options(&asked)?.filter(|_| !is_socket);
        let without_tls = (tls.is_some() && asked.mode == Mode::Prefer).then(|| opts.clone());
        Ok(Self {
            opts: opts.ssl_opts(tls).into(),
            without_tls: without_tls.map(Opts::from),
            place,
        })
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Conn, Error> {
        match (Conn::new(self.opts.clone()).await, &self.without_tls) {
            (Err(Error::Driver(DriverError::NoClientSslFlagFromServer)), Some(opts)) => {
                Conn::new(opts.clone()).await
            }
            (connected, _) => connected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<String, String> {
        Location::parse(url, Duration::from_secs(4)).map(|location| location.place)
    }

    #[test]
    fn the_place_has_neither_user_nor_password() {
        for (url, place) in [
            (
                "mysql://ann:hunter2@db.example.com/site",
                "MySQL at db.example.com:3306 (database \"site\")",
            ),
            (
                "mariadb://ann:hun%2Fter2@[::1]:3307/site",
                "MySQL at [::1]:3307 (database \"site\")",
            ),
            (
                "mysql://ann@localhost/site?socket=/run/mysqld/mysqld.sock",
                "MySQL at /run/mysqld/mysqld.sock (database \"site\")",
            ),
        ] {
            assert_eq!(parse(url).unwrap(), place);
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for (url, problem) in [
            ("mysql://db/site?require_ssl=true", "ssl_mode=required"),
            (
                "mysql://db/site?ssl_mode=VERIFY_CA",
                "`ssl_mode=VERIFY_CA` is not known: `disabled`, `preferred`, `required`, `verify_identity` are",
            ),
            ("mysql://db/site?ssl-mode=REQUIRED", "ssl-mode"),
            ("mysql://db:port/site", "port"),
            ("mysql://db", "no database"),
            ("mysql://db/", "no database"),
        ] {
            let told = parse(url).unwrap_err();
            assert!(told.contains(problem), "{url}: {told}");
        }
    }
}
