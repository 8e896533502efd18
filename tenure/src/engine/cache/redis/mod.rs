//! A cache in Redis or Valkey.
//!
//! `LOCATION` is as Django has it. Where it lists several servers, the first is asked and the others, which are replicas to Django, are not:
//! a replica may answer with what was there before, and a session would be seen after its end.
//!
//! | | `LOCATION` | feature |
//! |---|---|---|
//! | one server | `redis://user:password@host:6379/0`, `valkey://…` | `redis` |
//! | TLS | `rediss://…`, `valkeys://…`; options `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile` | `redis-tls` |
//! | Unix socket | `unix:///run/redis.sock?db=0` | `redis` |
//! | Sentinel | `redis://name-of-the-primary/0`, and `OPTIONS.SENTINELS = [["host", 26379]]`, as in django-redis | `redis-sentinel` |
//! | Cluster | `redis+cluster://host:6379`, one or several nodes | `redis-cluster` |
//!
//! `OPTIONS` takes `db`, `username` and `password`, in either case of letters, and for Sentinel `SENTINEL_KWARGS` with `username` and
//! `password`. The server needs version 6 or later of Redis, or any Valkey.
//!
//! Every operation is one round trip: those that compare and then change are scripts, which run alone on the server. A cluster has two keys
//! on different servers, so that [`rename`](Cache::rename) takes three steps there; whatever happens between them, one of the two sessions
//! is there, whole.
//!
//! One connection serves all requests. It is made anew when it breaks or when an answer stays away; a read whose connection breaks is sent
//! again, a write is not, since it may have run.
//!
//! **What a failover can lose.** Redis answers before its replicas have what it was told. If the primary dies, what the replica that takes
//! over had not got is undone, usually the last milliseconds: a login may have to be repeated, and a session that was just ended may be
//! there again. The setting `min-replicas-to-write` of Redis bounds how much it can be; the engine `cached_db` has a database that knows.
//!
//! ```toml
//! SESSION_ENGINE = "cache"
//!
//! [CACHES.default]
//! BACKEND = "django.core.cache.backends.redis.RedisCache"
//! LOCATION = "redis://127.0.0.1:6379/1"
//! ```

#[cfg(feature = "redis-cluster")]
mod cluster;
mod inspect;
mod link;
mod location;
mod script;
#[cfg(feature = "redis-sentinel")]
mod sentinel;
mod single;
#[cfg(not(feature = "redis-tls"))]
#[path = "no_tls.rs"]
mod tls;
#[cfg(feature = "redis-tls")]
mod tls;
mod trouble;

use std::{sync::Arc, time::Duration};

use redis::{Cmd, Value, aio::ConnectionManager};
use tokio::task::JoinSet;

use self::link::{Link, Request};
use super::{Cache, Entry, Moved, Replaced};
use crate::{
    engine::OpenError,
    error::StoreError,
    record::Version,
    settings::{CacheSettings, Settings, SettingsError},
};

/// What `PTTL` answers where there is no key, and where the key has no end.
const MISSING: i64 = -2;
const ENDLESS: i64 = -1;
/// 285,000 years in milliseconds: more cannot be added to a date in Lua's numbers.
const LONGEST: u64 = 1 << 53;

/// A cache in Redis or Valkey. See the [module docs](self) for what it connects to. Clones share one connection.
#[derive(Clone, Debug)]
pub struct RedisCache {
    link: Arc<Link>,
    /// Of a value, in bytes, as the scripts take it: one more is fetched, so that a larger one is known as such.
    limit: Arc<[u8]>,
}

impl RedisCache {
    /// Connects to the server that `LOCATION` names.
    ///
    /// # Errors
    ///
    /// When a setting is wrong, or the server cannot be reached or refuses.
    ///
    /// # Example
    ///
    /// ```no_run
    /// // Not run: it needs a server.
    /// # async fn example(settings: &tenure::Settings) -> Result<(), tenure::engine::OpenError> {
    /// use std::sync::Arc;
    /// use tenure::engine::cache::{CacheStore, Format, redis::RedisCache};
    ///
    /// let entry = &settings.caches["default"];
    /// let cache = RedisCache::open(entry, settings).await?;
    /// let store = CacheStore::new(Arc::new(cache), Format::Json, entry, settings);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(entry: &CacheSettings, settings: &Settings) -> Result<Self, OpenError> {
        let cache = Self::unconnected(entry, settings)?;
        cache.connect().await?;
        Ok(cache)
    }

    /// The same, which connects when it is first used.
    pub(super) fn unconnected(
        entry: &CacheSettings,
        settings: &Settings,
    ) -> Result<Self, SettingsError> {
        let patience = patience(settings);
        let place = location::place(&settings.cache_alias, entry, patience)?;
        Ok(Self {
            link: Arc::new(Link::new(place, patience)),
            limit: limit(settings),
        })
    }

    pub(super) async fn connect(&self) -> Result<(), StoreError> {
        self.link.open().await?;
        self.warn_of_eviction().await;
        Ok(())
    }

    /// A cache over a connection that the program has already, and that mends itself; `LOCATION` and `OPTIONS` do not count. It must lead
    /// to one server, not to a cluster. Give it timeouts: those of the crate `redis` are half a second for an answer.
    ///
    /// This is the one place where a type of that crate, in its version 1, is part of this interface.
    ///
    /// # Example
    ///
    /// ```no_run
    /// // Not run: it needs a server.
    /// # async fn example(connection: redis::aio::ConnectionManager) {
    /// use tenure::{Settings, engine::cache::redis::RedisCache};
    ///
    /// let cache = RedisCache::with_connection(connection, &Settings::django());
    /// # }
    /// ```
    pub fn with_connection(connection: ConnectionManager, settings: &Settings) -> Self {
        Self {
            link: Arc::new(Link::new(
                Box::new(single::Given(connection)),
                patience(settings),
            )),
            limit: limit(settings),
        }
    }

    async fn run(
        &self,
        script: &script::Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<Value, StoreError> {
        self.link.ask(script.call(keys, arguments)).await
    }

    /// The entry that a script found instead of the one it was to change.
    fn entry(&self, answer: Value) -> Result<Option<Entry>, StoreError> {
        let nonsense = || trouble::nonsense(self.link.address());
        let (value, ttl) = match answer {
            Value::Array(parts) => match <[Value; 2]>::try_from(parts) {
                Ok([Value::BulkString(value), Value::Int(ttl)]) => (value, ttl),
                _ => return Err(nonsense()),
            },
            _ => return Err(nonsense()),
        };
        let ttl = match ttl {
            MISSING => return Ok(None),
            ENDLESS => None,
            left => Some(Duration::from_millis(
                u64::try_from(left).map_err(|_| nonsense())?,
            )),
        };
        let version = Version::from_bytes(value.clone());
        Ok(Some(Entry::new(value, ttl, version)))
    }

    /// What a script has done: 1 for all of it, 0 where the new key is taken, else what was there.
    fn changed(&self, answer: Value) -> Result<Changed, StoreError> {
        Ok(match answer {
            Value::Int(1) => Changed::Done,
            Value::Int(_) => Changed::Taken,
            other => match self.entry(other)? {
                Some(entry) => Changed::Other(entry),
                None => Changed::Gone,
            },
        })
    }

    /// Commands on keys that are on several servers, all under way at once.
    async fn together(&self, commands: impl Iterator<Item = Cmd>) -> Result<(), StoreError> {
        let mut under_way = JoinSet::new();
        for command in commands {
            let link = Arc::clone(&self.link);
            under_way.spawn(async move { link.ask(command).await });
        }
        while let Some(answer) = under_way.join_next().await {
            answer.unwrap_or_else(|error| {
                let what = "changing several entries was stopped half way";
                Err(StoreError::unavailable(what, error))
            })?;
        }
        Ok(())
    }

    /// The two keys may be on two servers. What goes wrong half way leaves the old session, or a new one that nobody has the key of.
    ///
    /// In a task of its own, so that whoever stops waiting does not stop it half way.
    async fn rename_in_steps(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &[u8],
    ) -> Result<Changed, StoreError> {
        let (cache, old, new) = (self.clone(), old.to_owned(), new.to_owned());
        let (value, base) = (value.to_owned(), base.to_owned());
        let steps = tokio::spawn(async move {
            if cache.add(&new, &value, ttl).await?.is_none() {
                return Ok(Changed::Taken);
            }
            let arguments = [&*base, &*cache.limit];
            let changed = cache.changed(cache.run(&script::REMOVE, &[&old], &arguments).await?)?;
            if !matches!(changed, Changed::Done) {
                cache.delete(&new).await?;
            }
            Ok(changed)
        });
        steps.await.unwrap_or_else(|error| {
            let what = "giving a session a new key was stopped half way";
            Err(StoreError::unavailable(what, error))
        })
    }
}

/// What became of an entry that was to be changed.
enum Changed {
    Done,
    Other(Entry),
    Gone,
    Taken,
}

impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let (keys, arguments) = ([key], [&*self.limit]);
        let request = Request::from(script::GET.call(&keys, &arguments));
        self.entry(self.link.ask(request.repeatable()).await?)
    }

    async fn add(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Option<Version>, StoreError> {
        let mut command = set(key, value, ttl);
        command.arg("NX");
        let answer = self.link.ask(command).await?;
        Ok((answer != Value::Nil).then(|| Version::from_bytes(value)))
    }

    async fn replace(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Replaced, StoreError> {
        let base = base.as_bytes().unwrap_or_default();
        let arguments = [base, &*self.limit, value, &millis(ttl)];
        let answer = self.run(&script::REPLACE, &[key], &arguments).await?;
        Ok(match self.changed(answer)? {
            Changed::Done => Replaced::Replaced(Version::from_bytes(value)),
            Changed::Other(entry) => Replaced::Other(entry),
            Changed::Gone | Changed::Taken => Replaced::Gone,
        })
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> Result<Version, StoreError> {
        self.link.ask(set(key, value, ttl)).await?;
        Ok(Version::from_bytes(value))
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.link.ask(del(&[key])).await? == Value::Int(1))
    }

    async fn put_many(
        &self,
        keys: &[String],
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        if self.link.is_cluster() {
            let commands = keys.iter().map(|key| set(key, value, ttl));
            return self.together(commands).await;
        }
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let arguments = [value, &millis(ttl)];
        let put = self.run(&script::PUT_MANY, &keys, &arguments);
        put.await.map(drop)
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        if self.link.is_cluster() {
            return self.together(keys.iter().map(|key| del(&[key]))).await;
        }
        self.link.ask(del(keys)).await.map(drop)
    }

    async fn touch(&self, key: &str, ttl: Duration, base: &Version) -> Result<bool, StoreError> {
        let base = base.as_bytes().unwrap_or_default();
        let answer = self
            .run(&script::TOUCH, &[key], &[base, &millis(ttl)])
            .await?;
        Ok(answer == Value::Int(1))
    }

    fn atomic_rename(&self) -> bool {
        !self.link.is_cluster()
    }

    async fn rename(
        &self,
        old: &str,
        new: &str,
        value: &[u8],
        ttl: Duration,
        base: &Version,
    ) -> Result<Moved, StoreError> {
        let base = base.as_bytes().unwrap_or_default();
        let changed = if self.link.is_cluster() {
            self.rename_in_steps(old, new, value, ttl, base).await?
        } else {
            let arguments = [base, &*self.limit, value, &millis(ttl)];
            self.changed(self.run(&script::RENAME, &[old, new], &arguments).await?)?
        };
        Ok(match changed {
            Changed::Done => Moved::Moved(Version::from_bytes(value)),
            Changed::Other(entry) => Moved::Other(entry),
            Changed::Gone => Moved::Gone,
            Changed::Taken => Moved::Taken,
        })
    }
}

fn limit(settings: &Settings) -> Arc<[u8]> {
    settings.max_size.to_string().into_bytes().into()
}

fn del(keys: &[impl redis::ToRedisArgs]) -> Cmd {
    let mut command = redis::cmd("DEL");
    for key in keys {
        command.arg(key);
    }
    command
}

fn set(key: &str, value: &[u8], ttl: Duration) -> Cmd {
    let millis = millis(ttl);
    let size = "SETPXNX".len() + key.len() + value.len() + millis.len();
    let mut command = Cmd::with_capacity(6, size);
    command.arg("SET").arg(key).arg(value).arg("PX").arg(millis);
    command
}

/// As Redis takes it: whole milliseconds, at least one.
fn millis(ttl: Duration) -> Vec<u8> {
    let millis = u64::try_from(ttl.as_millis()).unwrap_or(LONGEST);
    millis.clamp(1, LONGEST).to_string().into_bytes()
}

/// A little less than the store's deadline, whose error would name neither the address nor the cause.
fn patience(settings: &Settings) -> Duration {
    settings.store_timeout * 4 / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_at_least_a_millisecond_and_fits_into_a_date() {
        assert_eq!(millis(Duration::ZERO), b"1");
        assert_eq!(millis(Duration::from_micros(1999)), b"1");
        assert_eq!(millis(Duration::from_hours(1)), b"3600000");
        assert_eq!(millis(Duration::MAX), LONGEST.to_string().into_bytes());
    }
}
