//! Django's database as a URL, and what two URLs have in common.

use std::{collections::BTreeMap, fmt, path::Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::Database;

const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Several hosts have commas between them, and an address of IPv6 has brackets around it.
const HOST: &AsciiSet = &NAME.remove(b',').remove(b':').remove(b'[').remove(b']');
const PATH: &AsciiSet = &NAME.remove(b'/');
/// Where PostgreSQL's own library looks for the socket, as Debian and as PostgreSQL itself build it.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
/// Options with which a database is another one, or is reached in another way, by how tenure's driver calls them.
const POSTGRES_OPTIONS: [&str; 5] = [
    "application_name",
    "options",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
];

/// A URL, and what could not be said in it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) left_out: Vec<String>,
}

/// The database as tenure's `DATABASES.default.URL` names it; an error for one that tenure does not serve.
pub(crate) fn address(database: &Database) -> Result<Address, String> {
    let kind = database.engine.rsplit('.').next().unwrap_or_default();
    let mut address = match kind {
        "sqlite3" | "spatialite" => sqlite(database)?,
        "postgresql" | "postgis" => postgres(database),
        "mysql" => mysql(database),
        _ => {
            return Err(format!(
                "ENGINE {:?} is not served: SQLite, PostgreSQL, MySQL and MariaDB are",
                database.engine
            ));
        }
    };
    let name =
        |option: &String| format!("DATABASES[{:?}][\"OPTIONS\"][{option:?}]", database.alias);
    let objects = database.objects.iter().map(name);
    address
        .left_out
        .extend(objects.map(|name| format!("{name}: it is a Python object")));
    Ok(address)
}

fn sqlite(database: &Database) -> Result<Address, String> {
    let name = database.name.as_deref().unwrap_or_default();
    if !name.starts_with('/') {
        return Err(format!(
            "NAME {name:?} is no path to a file: a database in memory is another one for each process"
        ));
    }
    let others = database.options.keys();
    Ok(Address {
        url: format!("sqlite://{}", utf8_percent_encode(name, PATH)),
        left_out: others.map(|option| not_taken(database, option)).collect(),
    })
}

fn postgres(database: &Database) -> Address {
    let mut address = Address::default();
    let host = database.host.clone().unwrap_or_else(|| {
        let there = SOCKETS
            .into_iter()
            .find(|folder| Path::new(folder).is_dir());
        there.unwrap_or("/tmp").to_owned()
    });
    let mut query = Vec::new();
    // In the same order whatever order JSON objects keep in this build.
    let options: BTreeMap<_, _> = database.options.iter().collect();
    for (option, value) in options {
        let value = match (option.as_str(), value.as_str()) {
            // "If the server wants it" is no less with what tenure has.
            ("sslmode", Some("allow")) => "prefer".to_owned(),
            _ => plain(value),
        };
        if POSTGRES_OPTIONS.contains(&&**option) {
            query.push(format!("{option}={}", utf8_percent_encode(&value, NAME)));
        } else {
            address.left_out.push(not_taken(database, option));
        }
    }
    address.url = server("postgres", database, &host, &query);
    address
}

fn mysql(database: &Database) -> Address {
    let mut address = Address::default();
    let mut socket = database.host.clone().filter(|host| host.starts_with('/'));
    let mut query = Vec::new();
    let (mut mode, mut authorities) = (None, None);
    for (option, value) in &database.options {
        match (option.as_str(), value) {
            ("unix_socket", _) => socket = Some(plain(value)),
            ("ssl_mode", _) => mode = Some(plain(value).to_lowercase()),
            ("ssl", Value::Object(files)) if files.contains_key("ca") => {
                authorities = files.get("ca").map(plain);
            }
            ("ssl", Value::Null) => {}
            ("ssl", _) => mode = mode.or(Some("required".to_owned())),
            _ => address.left_out.push(not_taken(database, option)),
        }
    }
    // tenure always asks for the host's name where it asks who signed.
    let verified = mode.is_none() && authorities.is_some() || mode.as_deref() == Some("verify_ca");
    if verified {
        mode = Some("verify_identity".to_owned());
    }
    query.extend(mode.map(|mode| format!("ssl_mode={mode}")));
    let authorities =
        authorities.map(|path| format!("ssl_ca={}", utf8_percent_encode(&path, NAME)));
    query.extend(authorities);
    let host = match &socket {
        Some(path) => {
            query.push(format!("socket={}", utf8_percent_encode(path, NAME)));
            "localhost"
        }
        None => database.host.as_deref().unwrap_or("localhost"),
    };
    address.url = server("mysql", database, host, &query);
    address
}

fn server(scheme: &str, database: &Database, host: &str, query: &[String]) -> String {
    let encoded = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        utf8_percent_encode(text, NAME).to_string()
    };
    let login = match (&database.user, &database.password) {
        (None, None) => String::new(),
        (user, None) => format!("{}@", encoded(user)),
        (user, password) => format!("{}:{}@", encoded(user), encoded(password)),
    };
    let host = match host {
        host if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        host => utf8_percent_encode(host, HOST).to_string(),
    };
    let port = database.port.as_ref().map(|port| format!(":{port}"));
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };
    format!(
        "{scheme}://{login}{host}{}/{}{query}",
        port.unwrap_or_default(),
        encoded(&database.name)
    )
}

fn not_taken(database: &Database, option: &str) -> String {
    format!(
        "DATABASES[{:?}][\"OPTIONS\"][{option:?}]: tenure's driver does not take it",
        database.alias
    )
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Which database a URL names, for people and to compare: without the login.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: &'static str,
    /// Host and port, or the path of a socket; empty for a file.
    pub(crate) server: String,
    /// The database, or the path of the file.
    pub(crate) name: String,
}

impl Place {
    pub(crate) fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, port, socket) = match scheme {
            "sqlite" => {
                let path = decoded(path);
                let real = std::fs::canonicalize(&path).map(|path| path.display().to_string());
                return Some(Self {
                    kind: "SQLite",
                    server: String::new(),
                    name: real.unwrap_or(path),
                });
            }
            "postgres" | "postgresql" => ("PostgreSQL", "5432", "host"),
            "mysql" | "mariadb" => ("MySQL", "3306", "socket"),
            _ => return None,
        };
        let rest = path.rsplit_once('@').map_or(path, |(_, rest)| rest);
        let (server, name) = rest.split_once('/').unwrap_or((rest, ""));
        let mut options = query.split('&').filter_map(|option| option.split_once('='));
        let socket = options.find(|(option, _)| *option == socket);
        let server = match socket {
            Some((_, path)) => decoded(path),
            None if server.starts_with("%2F") || server.starts_with("%2f") => decoded(server),
            None if server.is_empty() => format!("localhost:{port}"),
            None if server
                .rsplit(']')
                .next()
                .is_some_and(|end| end.contains(':')) =>
            {
                decoded(server)
            }
            None => format!("{}:{port}", decoded(server)),
        };
        Some(Self {
            kind,
            server,
            name: decoded(name),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.server.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            server => write!(f, "{} {} at {server}", self.kind, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn database(value: &Value) -> Database {
        let mut all = json!({
            "alias": "default", "name": null, "user": null, "password": null, "host": null, "port": null, "time_zone": null,
            "options": {}, "objects": []
        });
        all.as_object_mut()
            .unwrap()
            .extend(value.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn url(value: &Value) -> String {
        address(&database(value)).unwrap().url
    }

    #[test]
    fn a_file_is_named_by_its_path() {
        assert_eq!(
            url(
                &json!({"engine": "django.db.backends.sqlite3", "name": "/srv/my site/50%?.sqlite3"})
            ),
            "sqlite:///srv/my%20site/50%25%3F.sqlite3"
        );
        let memory = database(&json!({"engine": "django.db.backends.sqlite3", "name": ":memory:"}));
        assert!(address(&memory).unwrap_err().contains("in memory"));
    }

    #[test]
    fn a_server_is_named_with_its_login_escaped() {
        let fields = json!({
            "engine": "django.contrib.gis.db.backends.postgis", "name": "my/site", "user": "ann", "password": "p@ss:w/rd",
            "host": "db.example.com", "port": "5433"
        });
        assert_eq!(
            url(&fields),
            "postgres://ann:p%40ss%3Aw%2Frd@db.example.com:5433/my%2Fsite"
        );
        let fields = json!({"engine": "django.db.backends.mysql", "name": "site", "user": "ann", "host": "::1"});
        assert_eq!(url(&fields), "mysql://ann@[::1]/site");
    }

    #[test]
    fn a_socket_is_named_as_the_driver_wants_it() {
        let fields = json!({"engine": "django.db.backends.postgresql", "name": "site", "host": "/run/pg", "port": "6432"});
        assert_eq!(url(&fields), "postgres://%2Frun%2Fpg:6432/site");
        for fields in [
            json!({"engine": "django.db.backends.mysql", "name": "site", "host": "/run/my.sock"}),
            json!({"engine": "django.db.backends.mysql", "name": "site", "options": {"unix_socket": "/run/my.sock"}}),
        ] {
            assert_eq!(
                url(&fields),
                "mysql://localhost/site?socket=%2Frun%2Fmy.sock"
            );
        }
    }

    #[test]
    fn options_that_matter_come_along_and_the_others_are_told() {
        let fields = json!({
            "engine": "django.db.backends.postgresql", "name": "site", "host": "db",
            "options": {"sslmode": "verify-full", "options": "-c search_path=app", "pool": true}, "objects": ["cursor_factory"]
        });
        let made = address(&database(&fields)).unwrap();
        assert_eq!(
            made.url,
            "postgres://db/site?options=-c%20search%5Fpath%3Dapp&sslmode=verify-full"
                .replace("%5F", "_")
        );
        assert_eq!(made.left_out.len(), 2, "{made:?}");
        let fields = json!({"engine": "django.db.backends.mysql", "name": "site", "options": {"ssl": {"ca": "/ca.pem"}}});
        assert_eq!(
            url(&fields),
            "mysql://localhost/site?ssl_mode=verify_identity&ssl_ca=%2Fca.pem"
        );
    }

    #[test]
    fn what_is_not_served_is_told() {
        let oracle = database(&json!({"engine": "django.db.backends.oracle", "name": "site"}));
        assert!(
            address(&oracle)
                .unwrap_err()
                .contains("django.db.backends.oracle")
        );
    }

    #[test]
    fn a_place_is_the_same_in_every_spelling_and_has_no_login() {
        for (one, other) in [
            (
                "postgres://ann:pw@db/site",
                "postgresql://db:5432/site?sslmode=disable",
            ),
            (
                "postgres://%2Frun%2Fpg/site",
                "postgres:///site?host=%2Frun%2Fpg",
            ),
            (
                "mysql://localhost/site?socket=/run/my.sock",
                "mariadb://ann@h/site?socket=%2Frun%2Fmy.sock",
            ),
            ("sqlite:///tmp/../tmp", "sqlite:/tmp"),
        ] {
            assert_eq!(Place::of(one).unwrap(), Place::of(other).unwrap());
        }
        let place = Place::of("mysql://ann:pw@[::1]/site").unwrap();
        assert_eq!(place.to_string(), "MySQL site at [::1]:3306");
        assert_eq!(Place::of("oracle://db/site"), None);
    }
}
