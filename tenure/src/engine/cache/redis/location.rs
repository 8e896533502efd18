//! From `LOCATION` and `OPTIONS` to a place.

use std::{collections::HashMap, time::Duration};

use redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisError,
    io::tcp::TcpSettings,
};

use super::{link::Place, single::Single, tls};
use crate::settings::{CacheSettings, SettingsError};

const NEEDED: &str = "redis://host:6379/0 is needed, or rediss:// (TLS), unix:///path, redis+cluster://; see `tenure::engine::cache::redis`";
#[cfg(feature = "redis-sentinel")]
const SENTINEL_PORT: u16 = 26379;
/// What a URL may ask for behind its `?`, with the names of redis-py.
const KNOWN: [&str; 7] = [
    "db",
    "username",
    "password",
    "protocol",
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
];

/// One server, as the settings describe it.
pub(super) struct Server {
    pub(super) info: ConnectionInfo,
    pub(super) certificates: Option<tls::Certificates>,
}

/// The place that an entry of `CACHES` names.
pub(super) fn place(
    alias: &str,
    entry: &CacheSettings,
    patience: Duration,
) -> Result<Box<dyn Place>, SettingsError> {
    // Django splits one text, and takes a list as it is (`django/core/cache/backends/redis.py`, 5.2).
    let urls: Vec<&str> = match entry.location.as_slice() {
        [text] => text.split([',', ';']).map(str::trim).collect(),
        urls => urls.iter().map(String::as_str).collect(),
    };
    let asked: Result<Vec<_>, _> = urls
        .into_iter()
        .map(|url| Asked::new(alias, entry, url, patience))
        .collect();
    let asked = asked?;
    let Some(first) = asked.first() else {
        let name = format!("CACHES.{alias}.LOCATION");
        return Err(SettingsError::invalid(&name, "empty", NEEDED));
    };
    let place: Box<dyn Place> = if first.scheme.ends_with("+cluster") {
        cluster(first, &asked)?
    } else if entry.options.contains_key("SENTINELS") {
        sentinels(first)?
    } else {
        // The others are replicas, whose answers may be old: a session would be seen after its end.
        Box::new(Single::new(first.server()?).map_err(|error| first.refused(&error))?)
    };
    Ok(place)
}

#[cfg(feature = "redis-cluster")]
fn cluster(first: &Asked<'_>, asked: &[Asked<'_>]) -> Result<Box<dyn Place>, SettingsError> {
    let servers: Result<Vec<Server>, _> = asked.iter().map(Asked::server).collect();
    let cluster = super::cluster::Cluster::new(&servers?, first.patience);
    Ok(Box::new(cluster.map_err(|error| first.refused(&error))?))
}

#[cfg(not(feature = "redis-cluster"))]
fn cluster(first: &Asked<'_>, _asked: &[Asked<'_>]) -> Result<Box<dyn Place>, SettingsError> {
    Err(first.needs_feature("redis-cluster"))
}

#[cfg(feature = "redis-sentinel")]
fn sentinels(asked: &Asked<'_>) -> Result<Box<dyn Place>, SettingsError> {
    let primary = asked.server()?;
    let (ConnectionAddr::Tcp(name, _) | ConnectionAddr::TcpTls { host: name, .. }) =
        primary.info.addr()
    else {
        let needed = "with SENTINELS, redis://name-of-the-primary/0 is needed";
        return Err(asked.wrong_location(needed));
    };
    let name = name.clone();
    let sentinels = asked.sentinels()?;
    let place = super::sentinel::Sentinels::new(&sentinels, &name, &primary);
    Ok(Box::new(place.map_err(|error| asked.refused(&error))?))
}

#[cfg(not(feature = "redis-sentinel"))]
fn sentinels(asked: &Asked<'_>) -> Result<Box<dyn Place>, SettingsError> {
    Err(asked.needs_feature("redis-sentinel"))
}

/// One URL of `LOCATION`, with the options that belong to it.
pub(super) struct Asked<'a> {
    alias: &'a str,
    entry: &'a CacheSettings,
    text: &'a str,
    patience: Duration,
    /// How the URL begins, without `://`.
    scheme: &'a str,
    /// What stands behind the URL's `?`.
    query: HashMap<String, String>,
    /// Whether the URL's path is the number of a database.
    numbered: bool,
}

impl<'a> Asked<'a> {
    fn new(
        alias: &'a str,
        entry: &'a CacheSettings,
        text: &'a str,
        patience: Duration,
    ) -> Result<Self, SettingsError> {
        let mut asked = Self {
            alias,
            entry,
            text,
            patience,
            scheme: text.split("://").next().unwrap_or_default(),
            query: HashMap::new(),
            numbered: false,
        };
        let url = redis::parse_redis_url(&asked.plain_url());
        let url = url.ok_or_else(|| asked.wrong_location(NEEDED))?;
        for (name, value) in url.query_pairs() {
            if !KNOWN.contains(&&*name) {
                let needed = format!("behind the `?` only these are known: {}", KNOWN.join(", "));
                return Err(asked.wrong_location(&needed));
            }
            asked.query.insert(name.into_owned(), value.into_owned());
        }
        asked.numbered = !url.scheme().ends_with("unix") && url.path().len() > 1;
        Ok(asked)
    }

    /// The URL as it would be for one server.
    fn plain_url(&self) -> String {
        self.text.replacen("+cluster://", "://", 1)
    }

    /// What the URL asks for behind its `?`, or else `OPTIONS`, in Django's spelling or django-redis's.
    pub(super) fn option(&self, name: &str) -> Option<String> {
        let options = &self.entry.options;
        let found = self.query.get(name).or_else(|| options.get(name));
        found.or_else(|| options.get(&name.to_uppercase())).cloned()
    }

    fn server(&self) -> Result<Server, SettingsError> {
        let certificates = match self.scheme.trim_end_matches("+cluster") {
            "rediss" | "valkeys" => tls::certificates(self)?,
            _ => None,
        };
        let info = self.plain_url().into_connection_info();
        let info = info.map_err(|error| self.refused(&error))?;
        if let ConnectionAddr::TcpTls { insecure: true, .. } = info.addr() {
            let needed =
                "certificates are always checked: `ssl_ca_certs` names an authority of your own";
            return Err(self.wrong_location(needed));
        }
        // The connection tells when it breaks only in this version of the protocol.
        let mut redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        // The URL's path wins over `OPTIONS`, as in redis-py, and what stands behind its `?` over the path.
        let asked = self.option("db");
        if let Some(db) = asked.filter(|_| !self.numbered || self.query.contains_key("db")) {
            let number = db.parse().map_err(|_| {
                self.wrong("db", &db, "the number of a database is needed, such as 0")
            })?;
            redis = redis.set_db(number);
        }
        if redis.username().is_none()
            && let Some(username) = self.option("username")
        {
            redis = redis.set_username(username);
        }
        if redis.password().is_none()
            && let Some(password) = self.option("password")
        {
            redis = redis.set_password(password);
        }
        Ok(Server {
            info: info
                .set_redis_settings(redis)
                .set_tcp_settings(tcp_settings(self.patience)),
            certificates,
        })
    }

    /// What django-redis has as `OPTIONS["SENTINELS"]` and `OPTIONS["SENTINEL_KWARGS"]`.
    #[cfg(feature = "redis-sentinel")]
    fn sentinels(&self) -> Result<Vec<ConnectionInfo>, SettingsError> {
        let text = self.option("SENTINELS").unwrap_or_default();
        let needed = "addresses of sentinels are needed, such as [[\"host\", 26379]] or \"host:26379, host2:26379\"";
        let wrong = || self.wrong("SENTINELS", &text, needed);
        let mut login = redis::RedisConnectionInfo::default();
        let keywords = self.option("SENTINEL_KWARGS").unwrap_or_default();
        if let Some(toml::Value::Table(keywords)) = value(&keywords) {
            let keyword = |name| keywords.get(name).and_then(toml::Value::as_str);
            if let Some(username) = keyword("username") {
                login = login.set_username(username);
            }
            if let Some(password) = keyword("password") {
                login = login.set_password(password);
            }
        }
        let addresses = match value(&text) {
            Some(toml::Value::Array(items)) => items.iter().map(sentinel).collect(),
            _ => text
                .split([',', ';'])
                .map(|address| sentinel(&toml::Value::String(address.trim().to_owned())))
                .collect::<Option<Vec<_>>>(),
        };
        let addresses = addresses.filter(|addresses| !addresses.is_empty());
        let infos: Result<Vec<_>, _> = addresses
            .ok_or_else(wrong)?
            .into_iter()
            .map(|address| {
                let info = address.into_connection_info().map_err(|_| wrong())?;
                Ok(info
                    .set_redis_settings(login.clone())
                    .set_tcp_settings(tcp_settings(self.patience)))
            })
            .collect();
        infos
    }

    /// What is wrong with an option.
    pub(super) fn wrong(&self, option: &str, value: &str, needed: &str) -> SettingsError {
        let name = format!("CACHES.{}.OPTIONS.{option}", self.alias);
        SettingsError::invalid(&name, value, needed)
    }

    #[cfg(not(all(
        feature = "redis-cluster",
        feature = "redis-sentinel",
        feature = "redis-tls"
    )))]
    pub(super) fn needs_feature(&self, feature: &str) -> SettingsError {
        let needed = format!("it needs the feature `{feature}` of the crate `tenure`");
        self.wrong_location(&needed)
    }

    fn wrong_location(&self, needed: &str) -> SettingsError {
        let name = format!("CACHES.{}.LOCATION", self.alias);
        SettingsError::invalid(&name, self.text, needed)
    }

    fn refused(&self, error: &RedisError) -> SettingsError {
        self.wrong_location(&format!("{NEEDED} ({})", error.category()))
    }
}

/// `text` as a value of TOML, which lists and tables of `OPTIONS` come as.
#[cfg(feature = "redis-sentinel")]
fn value(text: &str) -> Option<toml::Value> {
    let table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.get("value").cloned()
}

/// `"host:port"`, `"host"` or `["host", port]`.
#[cfg(feature = "redis-sentinel")]
fn sentinel(item: &toml::Value) -> Option<ConnectionAddr> {
    let (host, port) = match item {
        toml::Value::String(text) => match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (text.as_str(), SENTINEL_PORT),
        },
        toml::Value::Array(pair) => match pair.as_slice() {
            [host, port] => (host.as_str()?, u16::try_from(port.as_integer()?).ok()?),
            _ => return None,
        },
        _ => return None,
    };
    let named = !host.is_empty();
    named.then(|| ConnectionAddr::Tcp(host.to_owned(), port))
}

/// Requests are small and wait for their answers, so they are sent at once.
fn tcp_settings(patience: Duration) -> TcpSettings {
    bounded(TcpSettings::default().set_nodelay(true), patience)
}

/// A line that takes nothing any more counts as broken after this time, and not after the kernel's quarter of an hour.
#[cfg(target_os = "linux")]
fn bounded(settings: TcpSettings, patience: Duration) -> TcpSettings {
    settings.set_user_timeout(patience)
}

/// The other systems have no such thing.
#[cfg(not(target_os = "linux"))]
fn bounded(settings: TcpSettings, _patience: Duration) -> TcpSettings {
    settings
}
