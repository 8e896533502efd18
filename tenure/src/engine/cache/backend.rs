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
    let known = SERVED.iter().find(|(name, ..)| *name == entry.backend);
    let Some(&(_, server, owner)) = known else {
        let other = NOT_SERVED.iter().find(|(name, _)| *name == entry.backend);
        return Err(other.map_or_else(
            || wrong(&all_names(&entry.backend)),
            |(_, use_)| wrong(use_),
        ));
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

/// The names that are served, and the one that was meant.
fn all_names(given: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(backend: &str, options: &[(&str, &str)]) -> CacheSettings {
        let options = options
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        CacheSettings {
            backend: backend.into(),
            options: options.collect(),
            ..CacheSettings::default()
        }
    }

    fn why(backend: &str, options: &[(&str, &str)]) -> String {
        Server::of("shared", &entry(backend, options))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn each_backend_has_its_server_and_its_format() {
        for (name, server, owner) in SERVED {
            let (found, format) = Server::of("default", &entry(name, &[])).unwrap();
            assert_eq!(found, *server);
            match owner {
                Owner::Tenure => assert_eq!(format, Format::Json),
                Owner::Django => assert_eq!(format, Format::Pickle),
                Owner::DjangoRedis => assert!(matches!(format, Format::DjangoRedis(_))),
            }
        }
    }

    #[test]
    fn backends_that_are_not_served_say_what_to_use_instead() {
        for (name, instead) in NOT_SERVED {
            assert_eq!(
                why(name, &[]),
                format!("CACHES.shared.BACKEND is {name:?}: {instead}")
            );
        }
        let unknown = why("somewhere.Else", &[]);
        assert!(
            unknown.contains("one of tenure.cache.memory, "),
            "{unknown}"
        );
        assert!(!unknown.contains("did you mean"), "{unknown}");
        let near = why("django.core.cache.backends.locmem.LocMem", &[]);
        assert!(
            near.ends_with("did you mean \"django.core.cache.backends.locmem.LocMemCache\"?"),
            "{near}"
        );
    }

    #[test]
    fn options_that_ask_for_other_bytes_or_keys_are_refused() {
        let redis = "django.core.cache.backends.redis.RedisCache";
        assert_eq!(
            why(redis, &[("serializer", "site.Msgpack")]),
            "CACHES.shared.OPTIONS.serializer is given: with it Django's keys or values are not where tenure looks for them: leave it out at \
             both sites"
        );
        assert!(Server::of("default", &entry(redis, &[("db", "3")])).is_ok());
        let django_redis = "django_redis.cache.RedisCache";
        for (name, value, needed) in [
            (
                "SERIALIZER",
                "django_redis.serializers.msgpack.MSGPackSerializer",
                "JSONSerializer",
            ),
            (
                "COMPRESSOR",
                "django_redis.compressors.lzma.LzmaCompressor",
                "ZlibCompressor",
            ),
            (
                "CLIENT_CLASS",
                "django_redis.client.HerdClient",
                "DefaultClient",
            ),
            ("PICKLE_VERSION", "2", "4, 5 or -1"),
        ] {
            let why = why(django_redis, &[(name, value)]);
            assert!(
                why.starts_with(&format!("CACHES.shared.OPTIONS.{name} is {value:?}: ")),
                "{why}"
            );
            assert!(why.contains(needed), "{why}");
        }
    }
}
