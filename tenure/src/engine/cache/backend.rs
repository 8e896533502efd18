//! Which cache a `BACKEND` of Django's names.

use super::Format;
use crate::settings::{CacheSettings, SettingsError, nearest};

/// What kind of cache it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Memory,
    Redis,
    Memcached,
}

/// Whose values and keys stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Tenure,
    Django,
    DjangoRedis,
}

const SERVED: &[(&str, Server, Owner)] = &[
    ("tenure.cache.memory", Server::Memory, Owner::Tenure),
    ("tenure.cache.redis", Server::Redis, Owner::Tenure),
    ("tenure.cache.memcached", Server::Memcached, Owner::Tenure),
    (
        "django.core.cache.backends.redis.RedisCache",
        Server::Redis,
        Owner::Django,
    ),
    (
        "django.core.cache.backends.memcached.PyMemcacheCache",
        Server::Memcached,
        Owner::Django,
    ),
    (
        "django.core.cache.backends.memcached.PyLibMCCache",
        Server::Memcached,
        Owner::Django,
    ),
    (
        "django_redis.cache.RedisCache",
        Server::Redis,
        Owner::DjangoRedis,
    ),
];

/// Django's other caches, and what to use in their place.
const NOT_SERVED: &[(&str, &str)] = &[
    (
        "django.core.cache.backends.locmem.LocMemCache",
        "it is the memory of one Python process, where nobody else can look: use a Redis or memcached that both sites reach, or \
         \"tenure.cache.memory\" for sessions of this process alone",
    ),
    (
        "django.core.cache.backends.dummy.DummyCache",
        "it keeps nothing, so that every session would be lost at once: use \"tenure.cache.memory\" for development",
    ),
    (
        "django.core.cache.backends.filebased.FileBasedCache",
        "it is not served: use SESSION_ENGINE = \"file\" at both sites, or a Redis or memcached",
    ),
    (
        "django.core.cache.backends.db.DatabaseCache",
        "it is not served: use SESSION_ENGINE = \"db\" at both sites, which keeps sessions in a table of their own",
    ),
    (
        "django.core.cache.backends.memcached.MemcachedCache",
        "Django 4.1 removed it: use \"django.core.cache.backends.memcached.PyMemcacheCache\" at both sites",
    ),
];

/// Options by which Django's drivers spell values or keys in another way, or choose another server for a key.
const OTHER_LAYOUT: &[&str] = &[
    "deserializer",
    "hasher",
    "key_prefix",
    "serde",
    "serializer",
];

/// The cache that the entry `alias` of `CACHES` names.
pub(super) fn find(alias: &str, entry: &CacheSettings) -> Result<(Server, Owner), SettingsError> {
    let wrong = |needed: &str| {
        let setting = format!("CACHES.{alias}.BACKEND");
        SettingsError::invalid(&setting, &entry.backend, needed)
    };
    let served = SERVED.iter().find(|(name, ..)| *name == entry.backend);
    let Some(&(_, server, owner)) = served else {
        let other = NOT_SERVED.iter().find(|(name, _)| *name == entry.backend);
        return Err(other.map_or_else(|| wrong(&known(&entry.backend)), |(_, use_)| wrong(use_)));
    };
    let other = OTHER_LAYOUT
        .iter()
        .find(|option| owner == Owner::Django && entry.options.contains_key(**option));
    other.map_or(Ok((server, owner)), |option| {
        let setting = format!("CACHES.{alias}.OPTIONS.{option}");
        let needed = "with it Django's keys or values are not where tenure looks for them: leave it out at both sites";
        Err(SettingsError::described(&setting, "given", needed))
    })
}

fn known(given: &str) -> String {
    let names: Vec<_> = SERVED.iter().map(|(name, ..)| *name).collect();
    let known = format!("one of {} is needed", names.join(", "));
    let all = names
        .into_iter()
        .chain(NOT_SERVED.iter().map(|(name, _)| *name));
    match nearest(given, all) {
        Some(name) => format!("{known}; did you mean {name:?}?"),
        None => known,
    }
}

impl Server {
    /// What kind of cache the entry `alias` of `CACHES` names, and what stands in its bytes.
    pub(crate) fn of(alias: &str, entry: &CacheSettings) -> Result<(Self, Format), SettingsError> {
        let (server, _) = find(alias, entry)?;
        Ok((server, Format::of(alias, entry)?))
    }
}
