//! What Redis says of itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::Value;

use super::RedisCache;
use crate::engine::{CacheState, Clock};

/// What a server does when its memory is full.
struct Eviction {
    policy: String,
    /// Whether its memory has a limit.
    limited: bool,
}

impl RedisCache {
    /// A server that makes room by forgetting entries logs people out. It may refuse to tell, which is all right.
    pub(super) async fn warn_of_eviction(&self) {
        if self.eviction().await.is_some_and(|found| found.evicts()) {
            tracing::warn!(
                address = self.link.address(),
                "Redis forgets sessions when its memory is full, which logs people out: set `maxmemory-policy noeviction`, or use the engine `cached_db`"
            );
        }
    }

    pub(in crate::engine::cache) async fn inspect(&self) -> CacheState {
        let eviction = self.eviction().await;
        CacheState {
            limited: eviction.as_ref().is_some_and(|found| found.limited),
            eviction: eviction.map(|found| found.policy),
            clock: self.clock().await,
        }
    }

    async fn eviction(&self) -> Option<Eviction> {
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        Eviction::of(&self.link.ask(command).await.ok()?)
    }

    async fn clock(&self) -> Option<Clock> {
        let asked = SystemTime::now();
        let answer = self.link.ask(redis::cmd("TIME")).await.ok()?;
        let (seconds, micros): (u64, u64) = redis::from_redis_value(answer).ok()?;
        let since = Duration::from_secs(seconds) + Duration::from_micros(micros);
        Some(Clock::read(UNIX_EPOCH.checked_add(since)?, asked))
    }
}

impl Eviction {
    /// What `INFO memory` says. A cluster answers for each of its nodes: the worst of them counts.
    fn of(info: &Value) -> Option<Self> {
        let text = match info {
            Value::Map(nodes) => {
                let nodes = nodes.iter().filter_map(|(_, info)| Self::of(info));
                return nodes.max_by_key(|node| (node.evicts(), node.policy != "noeviction"));
            }
            Value::VerbatimString { text, .. } => text.as_str(),
            Value::BulkString(text) => str::from_utf8(text).unwrap_or_default(),
            _ => "",
        };
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(str::trim)
        };
        Some(Self {
            policy: field("maxmemory_policy")?.to_owned(),
            limited: field("maxmemory").is_some_and(|limit| limit != "0"),
        })
    }

    /// Every session has an end, so the policies that spare what has none take sessions as well.
    fn evicts(&self) -> bool {
        self.limited && self.policy != "noeviction"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(limit: &str, policy: &str) -> Value {
        let text = format!("# Memory\r\nmaxmemory:{limit}\r\nmaxmemory_policy:{policy}\r\n");
        Value::BulkString(text.into_bytes())
    }

    fn evicts(info: &Value) -> bool {
        Eviction::of(info).is_some_and(|found| found.evicts())
    }

    #[test]
    fn a_server_that_forgets_is_known_as_such() {
        assert!(evicts(&info("1000", "allkeys-lru")));
        assert!(evicts(&info("1000", "volatile-ttl")));
        assert!(!evicts(&info("1000", "noeviction")));
        assert!(!evicts(&info("0", "allkeys-lru")));
        let nodes = vec![
            (Value::Nil, info("1", "allkeys-lfu")),
            (Value::Nil, info("0", "allkeys-lru")),
            (Value::Nil, info("0", "noeviction")),
        ];
        assert!(evicts(&Value::Map(nodes)));
        assert!(!evicts(&Value::Okay));
    }
}
