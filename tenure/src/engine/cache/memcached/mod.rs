//! Caches in memcached: Django's `PyMemcacheCache`, its `PyLibMCCache` with one server, and ours.
//!
//! | call | round trips | commands |
//! |---|---|---|
//! | get | 1 | `mg` with value, flags, number and remaining life |
//! | add, put, delete | 1 | `ms` or `md` |
//! | replace | 1, and 1 more to get what another has put there | `ms` with the number (cas) |
//! | touch | 1 | `mg` and `md … I T`, sent together |
//! | put many, delete many | 1 to each server | `ms` or `md`, quiet, and `mn` |
//! | rename | 2: add the new, then delete the old by its number | `ms`, `md` |
//!
//! The version of an entry is its cas number, which memcached gives anew at each change. After a restart it counts from 1 again, but then
//! there are no entries either.
//!
//! memcached forgets: when it is restarted, and when it is full. The sessions are gone then, and read as absent; `cached_db` keeps them in
//! the database too. A server that must not evict (`-M`) and is full removes the old entry when it has no memory for the new one.

mod line;
mod placement;
mod protocol;
mod server;

use std::time::{Duration, SystemTime};

use self::{
    placement::{Address, place},
    protocol::{Only, Outcome, Reply, Request},
    server::{Limits, Server},
};
use super::{Cache, Entry, Format, Moved, Replaced};
use crate::{
    codec::inflate,
    deadline::Deadline,
    error::{CodecError, StoreError},
    key::SessionKey,
    record::Version,
    settings::{CacheSettings, Settings, SettingsError},
};

/// The longest life that memcached takes as such, in seconds; a greater number is a date to it.
const LONGEST_LIFE: u64 = 30 * 24 * 60 * 60;
/// The most bytes of a key.
const LONGEST_KEY: usize = 250;
/// Options of Django's drivers that we have nothing like.
const CANNOT: [&str; 3] = ["password", "tls_context", "username"];
/// pymemcache's and pylibmc's flag for a value that zlib has compressed.
const COMPRESSED: u32 = 8;

/// A cache in one or more memcached servers. Needs the feature `memcached`, and memcached 1.6.10 or later.
///
/// Several servers share the keys as `pymemcache` places them. The keys of a server that is down are unavailable, and go to no other one:
/// their sessions would read as logged out. (pymemcache gives such keys to other servers after two failures, and Django's engine then takes
/// the visitors for strangers.)
///
/// ```no_run
/// // Not run: it needs a server.
/// # async fn example(settings: &tenure::Settings) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use tenure::engine::cache::{CacheStore, Format, MemcachedCache};
///
/// let entry = &settings.caches["default"];
/// let cache = MemcachedCache::open(entry, Format::Json, settings)?;
/// let store = CacheStore::new(Arc::new(cache), Format::Json, entry, settings);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemcachedCache {
    servers: Vec<Server>,
    /// What is written with each value, and expected of it.
    flags: u32,
    /// The largest value that is read, in bytes, also inflated.
    max_size: usize,
}

impl MemcachedCache {
    /// The servers in the `LOCATION` of `entry`, for values of this format. They are connected to when they are first asked.
    ///
    /// # Errors
    ///
    /// When the entry asks for what would not find Django's keys, or what we cannot do: see the messages.
    pub fn open(
        entry: &CacheSettings,
        format: Format,
        settings: &Settings,
    ) -> Result<Self, SettingsError> {
        let wrong = |name: &str, value: &str, needed: &str| {
            let setting = format!("CACHES.{}.{name}", settings.cache_alias);
            SettingsError::invalid(&setting, value, needed)
        };
        let location = entry.location.join(",");
        let addresses = Address::list(&location).ok_or_else(|| {
            let needed = "addresses of memcached are needed, such as \"127.0.0.1:11211\", \"[::1]:11211\" or \"unix:/run/memcached.sock\"";
            wrong("LOCATION", &location, needed)
        })?;
        if entry.backend.ends_with("PyLibMCCache") && addresses.len() > 1 {
            let needed = "pylibmc spreads keys over several servers in a way of its own, which tenure does not know: name one server, \
                          or use \"django.core.cache.backends.memcached.PyMemcacheCache\" at both sites";
            return Err(wrong("LOCATION", &location, needed));
        }
        if let Some(option) = CANNOT
            .iter()
            .find(|name| entry.options.contains_key(**name))
        {
            let needed = "tenure speaks to memcached without login and TLS: leave it out, and keep strangers off the network between";
            return Err(wrong(&format!("OPTIONS.{option}"), "..", needed));
        }
        let longest =
            entry.full_key("django.contrib.sessions.cached_db").len() + SessionKey::LENGTH;
        if longest > LONGEST_KEY || !can_be_key(&entry.full_key("")) {
            let needed =
                "memcached takes keys of at most 250 bytes, without spaces and control characters";
            return Err(wrong("KEY_PREFIX", &entry.key_prefix, needed));
        }
        let limits = Limits {
            // The error is to be ours, which names the address, and not that of the store's deadline.
            wait: Deadline::new(settings.store_timeout * 4 / 5),
            value: settings.max_size,
        };
        let server = |address| Server::new(address, limits.clone());
        Ok(Self {
            servers: addresses.into_iter().map(server).collect(),
            flags: format.memcached_flags(),
            max_size: settings.max_size,
        })
    }

    /// The server that has `key`; `None` if it is no key for memcached. Nothing else may reach the protocol.
    fn server(&self, key: &str) -> Option<&Server> {
        if !can_be_key(key) {
            return None;
        }
        let names = self.servers.iter().map(|server| server.name.as_str());
        self.servers.get(place(names.zip(0..), key)?)
    }

    /// The server that an entry is to be kept on.
    fn server_to_keep(&self, key: &str) -> Result<&Server, StoreError> {
        self.server(key).ok_or(StoreError::Unsupported {
            engine: "cache",
            operation: "keep a session in memcached under a key of more than 250 bytes, or with spaces or control characters in it",
        })
    }

    async fn set(
        &self,
        server: &Server,
        key: &str,
        value: &[u8],
        ttl: Duration,
        only: Only,
    ) -> Result<Reply, StoreError> {
        let ends = expiration(ttl, SystemTime::now());
        server
            .ask(Request::set(key, value, self.flags, ends, only))
            .await
    }

    /// Sends each server one request for those of the keys that it has. What is no key for memcached has no entry.
    async fn on_each_server(
        &self,
        keys: &[String],
        request: impl Fn(&[&str]) -> Request,
    ) -> Result<(), StoreError> {
        for server in &self.servers {
            let here = |key: &&str| self.server(key).is_some_and(|it| std::ptr::eq(it, server));
            let keys: Vec<&str> = keys.iter().map(String::as_str).filter(here).collect();
            if !keys.is_empty() {
                server.ask_all(request(&keys)).await?;
            }
        }
        Ok(())
    }

    fn entry(&self, reply: Reply) -> Result<Option<Entry>, StoreError> {
        if reply.outcome == Outcome::Absent {
            return Ok(None);
        }
        let inflated = match reply.flags & COMPRESSED {
            0 => Ok(reply.value),
            _ => inflate(&reply.value, self.max_size),
        };
        let value = match inflated {
            Ok(value) if reply.flags & !COMPRESSED == self.flags => value,
            Err(CodecError::TooLarge { limit }) => return Err(StoreError::TooLarge { limit }),
            // A text, a number, or no zlib: it was somebody else's. Nothing at all is no session in any format, so it counts as damaged.
            _ => Vec::new(),
        };
        Ok(Some(Entry::new(value, reply.ttl, version(reply.cas))))
    }
}

impl Cache for MemcachedCache {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let Some(server) = self.server(key) else {
            return Ok(None);
        };
        self.entry(server.ask(Request::get(key)).await?)
    }

    async fn add(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Option<Version>, StoreError> {
        let server = self.server_to_keep(key)?;
        let reply = self.set(server, key, value, ttl, Only::IfAbsent).await?;
        Ok((reply.outcome == Outcome::Done).then(|| version(reply.cas)))
    }

    async fn replace(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Replaced, StoreError> {
        let Some(server) = self.server(key) else {
            return Ok(Replaced::Gone);
        };
        let only = Only::If(number(base));
        let reply = self.set(server, key, value, ttl, only).await?;
        Ok(match reply.outcome {
            Outcome::Done => Replaced::Replaced(version(reply.cas)),
            Outcome::Absent => Replaced::Gone,
            _ => self.get(key).await?.map_or(Replaced::Gone, Replaced::Other),
        })
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> Result<Version, StoreError> {
        let server = self.server_to_keep(key)?;
        let reply = self.set(server, key, value, ttl, Only::Always).await?;
        Ok(version(reply.cas))
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let Some(server) = self.server(key) else {
            return Ok(false);
        };
        let reply = server.ask(Request::delete(key)).await?;
        Ok(reply.outcome == Outcome::Done)
    }

    async fn put_many(
        &self,
        keys: &[String],
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let ends = expiration(ttl, SystemTime::now());
        self.on_each_server(keys, |keys| Request::set_all(keys, value, self.flags, ends))
            .await
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.on_each_server(keys, Request::delete_all).await
    }

    /// memcached's own `touch` asks nothing: it would prolong a session that somebody else has just shortened, and to shorten it again
    /// afterwards would leave it long if this program died in between. `md key C<number> I T<ttl>` is the one command of 1.6 that moves the
    /// end only if the number is still the same. What else it does is harmless: it marks the entry as stale, which plain `get`s (Django's)
    /// do not look at, and gives it a new number, so that a save from before is told of a conflict, loads the same data, and saves.
    ///
    /// It may shorten; so `mg` asks before, in the same round trip, when the entry would have ended. If that was later, it is put back, unless
    /// the stale mark is gone: then somebody has saved it anew. Should this program die in between, the session ends earlier than it might.
    async fn touch(&self, key: &str, ttl: Duration, base: &Version) -> Result<bool, StoreError> {
        let Some(server) = self.server(key) else {
            return Ok(false);
        };
        let ends = |ttl| expiration(ttl, SystemTime::now());
        let asked = Request::look(key).and_prolong(key, ends(ttl), number(base));
        let replies = server.ask_all(asked).await?;
        let [before, moved] = replies.as_slice() else {
            return Ok(false);
        };
        if moved.outcome != Outcome::Done {
            return Ok(false);
        }
        let back = match before.ttl {
            None => 0,
            Some(before) if before > whole_seconds(ttl) => ends(before),
            Some(_) => return Ok(true),
        };
        let now = server.ask(Request::look(key)).await?;
        if now.prolonged {
            let back = Request::default().and_prolong(key, back, now.cas);
            server.ask(back).await?;
        }
        Ok(true)
    }

    /// memcached has no command for two keys.
    fn atomic_rename(&self) -> bool {
        false
    }

    /// Dropped or cut off after the first step, both entries are there: the old one as it was, and a new one whose key nobody was told. It
    /// is as if the new one had never been, and memcached forgets it when its time is up.
    async fn rename(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Moved, StoreError> {
        let Some(server) = self.server(old) else {
            return Ok(Moved::Gone);
        };
        let Some(added) = self.add(new, value, ttl).await? else {
            return Ok(Moved::Taken);
        };
        let removed = server.ask(Request::delete_if(old, number(base))).await?;
        if removed.outcome == Outcome::Done {
            return Ok(Moved::Moved(added));
        }
        self.delete(new).await?;
        Ok(match removed.outcome {
            Outcome::Absent => Moved::Gone,
            _ => self.get(old).await?.map_or(Moved::Gone, Moved::Other),
        })
    }
}

/// Whether memcached takes the key, as Django's `validate_key` (`django/core/cache/backends/memcached.py`, 5.2), in bytes as pymemcache
/// counts them.
fn can_be_key(key: &str) -> bool {
    let wrong = |character: char| character.is_whitespace() || character.is_control();
    !key.is_empty() && key.len() <= LONGEST_KEY && !key.contains(wrong)
}

/// When an entry is to end, as memcached takes it and Django gives it: a life up to 30 days, a date above.
fn expiration(ttl: Duration, now: SystemTime) -> u64 {
    let life = whole_seconds(ttl).as_secs();
    if life <= LONGEST_LIFE {
        return life;
    }
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    now.as_secs().saturating_add(life)
}

/// At least one, since 0 means "for ever". Rounded, as a life of whole seconds is a little shorter when it comes here.
fn whole_seconds(ttl: Duration) -> Duration {
    let rounded = ttl.saturating_add(Duration::from_millis(500)).as_secs();
    Duration::from_secs(rounded.max(1))
}

fn version(cas: u64) -> Version {
    Version::from_text(cas.to_string())
}

/// The number in a version of ours. Another's is 0, which no entry has.
fn number(version: &Version) -> u64 {
    version
        .as_text()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_given_as_django_gives_them() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../interop/vectors/cache_ttl.json"
        );
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut seen = 0;
        for case in vectors["cases"].as_array().unwrap() {
            // Sessions last whole seconds; what has ended is deleted, and nothing is for ever.
            let Some(timeout @ 1..) = case["timeout"].as_u64() else {
                continue;
            };
            let now = Duration::from_secs_f64(case["now"].as_f64().unwrap());
            let ends = expiration(Duration::from_secs(timeout), SystemTime::UNIX_EPOCH + now);
            assert_eq!(Some(ends), case["memcached_exptime"].as_u64(), "{case}");
            seen += 1;
        }
        assert_eq!(seen, 7);
    }

    #[test]
    fn keys_are_those_that_django_takes() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../interop/vectors/cache_keys.json"
        );
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let key = case["full_key"].as_str().unwrap();
            assert_eq!(
                Some(can_be_key(key)),
                case["memcached_ok"].as_bool(),
                "{key}"
            );
        }
    }
}
