//! The cache: its server, and the keys in it.

use serde_json::Value;
use tenure::{
    Settings,
    engine::CacheState,
    settings::{CacheSettings, without_password},
};

use super::report::Report;
use crate::{
    django::{self, Cache, Described},
    site::Site,
};

/// Options with which values are written in another way.
const OF_VALUES: [&str; 4] = ["serializer", "SERIALIZER", "COMPRESSOR", "PICKLE_VERSION"];

pub(super) fn compare(described: &Described, ours: &Settings, site: &Site, report: &mut Report) {
    let module = &described.module;
    let Some(theirs) = described.cache.told() else {
        return report.problem(
            "CACHES",
            ["", ""],
            format!(
                "Django cannot open its cache: {}",
                described.cache.error().unwrap_or_default()
            ),
            format!("mend CACHES in Django's settings {module}"),
        );
    };
    let mut none = CacheSettings::default();
    none.backend = "tenure.cache.memory".into();
    let entry = ours.caches.get(&ours.cache_alias).unwrap_or(&none);
    let place = |field: &str| site.place(&format!("CACHES.{}.{field}", ours.cache_alias));
    backend(theirs, entry, &place("BACKEND"), report);
    let locations = [&theirs.location, &entry.location].map(|urls| shown(urls));
    let [django, tenure] = &locations;
    if django == tenure {
        report.good("cache LOCATION", [django, tenure]);
    } else {
        report.note(
            "cache LOCATION",
            [django, tenure],
            format!(
                "two names of one server are all right; else set {} to that of Django",
                place("LOCATION")
            ),
        );
    }
    report.equal(
        "cache KEY_PREFIX",
        [&theirs.key_prefix, &entry.key_prefix],
        "the two look for sessions under different keys",
        format!("set {} to {:?}", place("KEY_PREFIX"), theirs.key_prefix),
    );
    report.equal(
        "cache VERSION",
        [&theirs.version.to_string(), &entry.version.to_string()],
        "the two look for sessions under keys of different versions",
        format!("set {} to {}", place("VERSION"), theirs.version),
    );
    key(theirs, entry, module, report);
    options(theirs, entry, module, &place, report);
}

/// A list of URLs without logins. One text may be a list, too.
fn shown(urls: &[String]) -> String {
    let urls = urls.iter().flat_map(|text| text.split([',', ';']));
    let urls: Vec<String> = urls.map(|url| without_password(url.trim())).collect();
    urls.join(", ")
}

fn backend(theirs: &Cache, entry: &CacheSettings, place: &str, report: &mut Report) {
    let name = "cache BACKEND";
    if theirs.backend == entry.backend && theirs.custom {
        let what = "Django's is a class of the project's own, made from this one";
        return report.note(name, [&theirs.backend, &entry.backend], what);
    }
    report.equal(
        name,
        [&theirs.backend, &entry.backend],
        "the two write to different caches, or to one in different ways",
        format!(
            "set {place} to {:?}, unless it is the memory of one process, which cannot be shared",
            theirs.backend
        ),
    );
}

/// The key of a session: another one although prefix and version are the same is a function's doing.
fn key(theirs: &Cache, entry: &CacheSettings, module: &str, report: &mut Report) {
    let prefix = "django.contrib.sessions.";
    let ours = |engine: &str| entry.full_key(&format!("{prefix}{engine}KEY"));
    let as_configured = [ours("cache"), ours("cached_db")];
    let same = theirs.key_prefix == entry.key_prefix && theirs.version == entry.version;
    let [cache, cached_db] = &as_configured;
    let tenure = if theirs.key.contains("cached_db") {
        cached_db
    } else {
        cache
    };
    if !same || theirs.key == *tenure {
        return;
    }
    let change = match &theirs.key_function {
        Some(function) => {
            format!("take KEY_FUNCTION ({function}) out of CACHES in Django's settings {module}")
        }
        None => "take `cache_key_prefix` out of the project's class SessionStore".to_owned(),
    };
    report.problem(
        "key in the cache",
        [&theirs.key, tenure],
        "Django makes the keys of sessions in a way of the project's own",
        change,
    );
}

fn options(
    theirs: &Cache,
    entry: &CacheSettings,
    module: &str,
    place: &impl Fn(&str) -> String,
    report: &mut Report,
) {
    for option in OF_VALUES {
        let django = theirs.options.get(option);
        let is_object = theirs.objects.iter().any(|name| name == option);
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let shown = match django {
            None if is_object => "a Python object".to_owned(),
            value => value.map(text).unwrap_or_default(),
        };
        let ours = entry.options.get(option).cloned().unwrap_or_default();
        if shown == ours {
            continue;
        }
        let name = format!("cache OPTIONS.{option}");
        let change = match django {
            Some(value) if option != "serializer" => {
                format!(
                    "set {} to {}",
                    place(&format!("OPTIONS.{option}")),
                    django::value(value)
                )
            }
            _ => format!(
                "take {option} out of the cache's OPTIONS on both sides (Django's settings {module})"
            ),
        };
        report.problem(
            &name,
            [&shown, &ours],
            "the two write values in different ways",
            change,
        );
    }
}

/// What Redis does when its memory is full. In front of a database a cache may forget.
pub(super) fn eviction(state: &CacheState, engine: &str, report: &mut Report) {
    let Some(policy) = state.eviction.as_deref() else {
        return;
    };
    let name = "maxmemory-policy of Redis";
    let limit = if state.limited {
        "when its memory is full"
    } else {
        "as soon as `maxmemory` is set"
    };
    if engine == "cached_db" || policy == "noeviction" {
        report.good(name, ["", policy]);
    } else if policy.starts_with("allkeys-") {
        report.problem(
            name,
            ["", policy],
            format!("{limit}, Redis forgets sessions at will, which logs people out"),
            "set `maxmemory-policy noeviction` in redis.conf (`redis-cli CONFIG SET maxmemory-policy noeviction` until it is restarted), or \
             SESSION_ENGINE = \"cached_db\" on both sides",
        );
    } else {
        report.note(
            name,
            ["", policy],
            format!("{limit}, Redis forgets what has an end, and every session has one: `noeviction` refuses new ones instead"),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::django::tests::described;

    const REDIS: &str = "django.core.cache.backends.redis.RedisCache";

    fn found(changes: &[(&str, Value)]) -> Vec<String> {
        let healthy = [
            ("/engine/base", json!("cache")),
            ("/cache/backend", json!(REDIS)),
            ("/cache/location", json!(["redis://ann:hunter2@cache/1"])),
            ("/cache/key", json!(":1:django.contrib.sessions.cacheKEY")),
        ];
        let described = described(&[&healthy[..], changes].concat());
        let mut entry = CacheSettings::default();
        entry.backend = REDIS.into();
        entry.location = vec!["redis://cache/1".into()];
        let mut ours = Settings::django();
        ours.caches.insert("default".into(), entry);
        let mut report = Report::default();
        compare(&described, &ours, &Site::new(None), &mut report);
        assert!(
            report
                .checks
                .iter()
                .all(|check| !check.django.contains("hunter2"))
        );
        report.found().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_leads_to_another_key_or_value_is_found() {
        assert!(found(&[]).is_empty());
        for (change, check) in [
            (
                ("/cache/backend", json!("django_redis.cache.RedisCache")),
                "cache BACKEND",
            ),
            (("/cache/key_prefix", json!("site")), "cache KEY_PREFIX"),
            (("/cache/version", json!(2)), "cache VERSION"),
            (("/cache/key", json!("KEY")), "key in the cache"),
            (
                ("/cache/options", json!({"serializer": "x"})),
                "cache OPTIONS.serializer",
            ),
            (
                ("/cache/objects", json!(["serializer"])),
                "cache OPTIONS.serializer",
            ),
            (("/cache", json!({"error": "no module"})), "CACHES"),
        ] {
            assert_eq!(found(&[change]), [check]);
        }
    }

    #[test]
    fn redis_may_forget_what_a_database_knows() {
        let found = |policy: &str, engine: &str| {
            let mut state = CacheState::default();
            state.eviction = Some(policy.into());
            let mut report = Report::default();
            eviction(&state, engine, &mut report);
            report.problems()
        };
        assert_eq!(found("allkeys-lru", "cache"), 1);
        assert_eq!(found("allkeys-lru", "cached_db"), 0);
        assert_eq!(found("volatile-ttl", "cache"), 0);
        assert_eq!(found("noeviction", "cache"), 0);
    }
}
