//! What a request costs on the line to each kind of server, counted by a proxy. The README's table of round trips says the same.
#![cfg(test)]

use std::fmt::Write as _;

use tenure::{LazySession, Sessions, Settings, settings::CacheSettings, testing};
use testkit::{MariaDb, Memcached, Postgres, Proxy, Redis};

/// The columns of the README's table.
const COLUMNS: [&str; 6] = ["untouched", "read", "write", "new", "cycle", "touch"];
type Trips = [u64; 6];

/// A service and the lines to its servers.
struct Site {
    sessions: Sessions,
    /// The same sessions with `SESSION_SAVE_EVERY_REQUEST`.
    prolonging: Sessions,
    lines: Vec<Proxy>,
}

impl Site {
    async fn open(settings: Settings, lines: impl IntoIterator<Item = Proxy>) -> Self {
        let mut prolonging = settings.clone();
        prolonging.save_every_request = true;
        let sessions = Sessions::open(settings).await.unwrap();
        sessions.store().prepare().await.unwrap();
        Self {
            sessions,
            prolonging: Sessions::open(prolonging).await.unwrap(),
            lines: lines.into_iter().collect(),
        }
    }

    fn take(&self) -> u64 {
        self.lines.iter().map(Proxy::take_round_trips).sum()
    }

    /// A request that handles its session so; what the request costs as a whole.
    async fn request(&self, lazy: LazySession, handle: impl AsyncFnOnce(&LazySession)) -> u64 {
        self.take();
        handle(&lazy).await;
        if self.sessions.finish_now(&lazy, 200).is_none() {
            self.sessions.finish(&lazy, 200).await.unwrap();
        }
        self.take()
    }

    /// A row of the table, once connections stand, statements are prepared and caches are warm.
    async fn count(&self) -> Trips {
        let mut trips = [0; 6];
        for round in 0_u8..4 {
            let mut key = String::new();
            let new = self
                .request(self.sessions.new_session(), async |lazy| {
                    let session = lazy.load().await.unwrap();
                    session.insert("user", 1).unwrap();
                    session.save().await.unwrap();
                    key = session.key().unwrap().as_str().to_owned();
                })
                .await;
            let untouched = self
                .request(self.sessions.session(&key), async |_| {})
                .await;
            let read = self
                .request(self.sessions.session(&key), async |lazy| {
                    let session = lazy.load().await.unwrap();
                    assert_eq!(session.get::<u8>("user").unwrap(), Some(1));
                })
                .await;
            let write = self
                .request(self.sessions.session(&key), async |lazy| {
                    lazy.load().await.unwrap().insert("cart", round).unwrap();
                })
                .await;
            let lazy = self.prolonging.session(&key);
            lazy.load().await.unwrap();
            self.take();
            self.prolonging.finish(&lazy, 200).await.unwrap();
            let touch = self.take();
            let cycle = self
                .request(self.sessions.session(&key), async |lazy| {
                    lazy.load().await.unwrap().cycle_key().await.unwrap();
                })
                .await;
            trips = [untouched, read, write, new, cycle, touch];
        }
        trips
    }
}

fn with_cache(mut settings: Settings, engine: &str, backend: &str, location: String) -> Settings {
    settings.engine = engine.into();
    let mut cache = CacheSettings::default();
    cache.backend = backend.into();
    cache.location = vec![location];
    settings.caches.insert("default".into(), cache);
    settings
}

fn with_database(url: String) -> Settings {
    let mut settings = testing::settings();
    settings.set_database_url(url);
    settings
}

const REDIS: &str = "django.core.cache.backends.redis.RedisCache";
const MEMCACHED: &str = "django.core.cache.backends.memcached.PyMemcacheCache";

fn redis_url(line: &Proxy) -> String {
    format!("redis://{}/0", line.address())
}

#[tokio::test]
async fn every_request_costs_what_the_readme_says() {
    let redis = Redis::start();
    let memcached = Memcached::start();
    let postgres = Postgres::start();
    let mariadb = MariaDb::start();

    let mut rows = Vec::new();
    let line = Proxy::to_port(redis.port());
    let settings = with_cache(testing::settings(), "cache", REDIS, redis_url(&line));
    rows.push(("Redis", Site::open(settings, [line]).await));

    let line = Proxy::to_port(memcached.port());
    let location = line.address().to_string();
    let settings = with_cache(testing::settings(), "cache", MEMCACHED, location);
    rows.push(("memcached", Site::open(settings, [line]).await));

    let line = Proxy::to_port(postgres.port());
    let url = postgres.url_through(line.port(), &postgres.create_database());
    rows.push(("PostgreSQL", Site::open(with_database(url), [line]).await));

    let line = Proxy::to_port(mariadb.port());
    let url = mariadb.url_through(line.port(), &mariadb.create_database());
    let site = Site::open(with_database(url), [line]).await;
    rows.push(("MySQL, MariaDB", site));

    let lines = [
        Proxy::to_port(postgres.port()),
        Proxy::to_port(redis.port()),
    ];
    let url = postgres.url_through(lines[0].port(), &postgres.create_database());
    let location = redis_url(&lines[1]);
    let settings = with_cache(with_database(url), "cached_db", REDIS, location);
    let site = Site::open(settings, lines).await;
    rows.push(("`cached_db`, warm", site));

    let mut table = format!("| round trips | {} |\n", COLUMNS.join(" | "));
    table.push_str("|---|---|---|---|---|---|---|\n");
    for (name, site) in rows {
        let trips = site.count().await.map(|trips| trips.to_string());
        writeln!(table, "| {name} | {} |", trips.join(" | ")).unwrap();
    }
    println!("{table}");
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&table), "the README does not say:\n{table}");
}
