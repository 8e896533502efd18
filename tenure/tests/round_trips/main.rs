//! What each kind of request costs in round trips to the servers, counted on the line, as COSTS in DESIGN.md says.

#[cfg(test)]
mod tests {
    use tenure::{LazySession, Session, Sessions, Settings, testing};
    use testkit::{MariaDb, Memcached, Postgres, Proxy, Redis};

    /// An engine, and the lines to its servers.
    struct Engine {
        name: &'static str,
        settings: Settings,
        lines: Vec<Proxy>,
    }

    fn settings(toml: &str) -> Settings {
        let secret = testing::settings().secret_key.unwrap();
        let secret = String::from_utf8(secret.as_bytes().to_vec()).unwrap();
        Settings::from_toml(&format!("SECRET_KEY = \"{secret}\"\n{toml}")).unwrap()
    }

    fn cache(backend: &str, location: &str) -> String {
        format!("[CACHES.default]\nBACKEND = \"{backend}\"\nLOCATION = \"{location}\"\n")
    }

    fn database(url: &str) -> String {
        format!("[DATABASES.default]\nURL = \"{url}\"\n")
    }

    const REDIS: &str = "django.core.cache.backends.redis.RedisCache";
    const MEMCACHED: &str = "django.core.cache.backends.memcached.PyMemcacheCache";

    /// The table's columns.
    const COLUMNS: [&str; 6] = ["untouched", "read", "write", "new", "cycle", "touch"];

    async fn respond(sessions: &Sessions, lazy: &LazySession) -> Option<String> {
        let headers = match sessions.finish_now(lazy, 200) {
            Some(headers) => headers,
            None => sessions.finish(lazy, 200).await.unwrap(),
        };
        let set_cookie = headers.set_cookie?;
        Some(set_cookie.split(';').next().unwrap().to_owned())
    }

    /// A request with this cookie; the visitor's cookie afterwards.
    async fn request(
        sessions: &Sessions,
        cookie: &str,
        handler: impl AsyncFnOnce(Session),
    ) -> String {
        let lazy = sessions.begin([cookie.as_bytes()]);
        handler(lazy.load().await.unwrap()).await;
        respond(sessions, &lazy)
            .await
            .unwrap_or_else(|| cookie.to_owned())
    }

    async fn read(session: Session) {
        assert_eq!(session.get::<u32>("n").unwrap(), Some(1));
    }

    async fn write(session: Session) {
        session
            .update("m", |m: Option<u32>| m.unwrap_or(0) + 1)
            .unwrap();
    }

    async fn new(session: Session) {
        session.insert("n", 1).unwrap();
    }

    async fn cycle(session: Session) {
        session.cycle_key().await.unwrap();
    }

    impl Engine {
        fn round_trips(&self) -> u64 {
            self.lines.iter().map(Proxy::take_round_trips).sum()
        }

        async fn measure(&self) -> [u64; 6] {
            let sessions = Sessions::open(self.settings.clone()).await.unwrap();
            sessions.store().prepare().await.unwrap();
            let mut every_request = self.settings.clone();
            every_request.save_every_request = true;
            let prolonging = Sessions::open(every_request).await.unwrap();
            let mut counts = [0; 6];
            // The first time connections are made, and statements and scripts prepared.
            for _ in 0..4 {
                let cookie = request(&sessions, "", new).await;
                counts[3] = self.round_trips();
                let lazy = sessions.begin([cookie.as_bytes()]);
                assert_eq!(respond(&sessions, &lazy).await, None);
                counts[0] = self.round_trips();
                request(&sessions, &cookie, read).await;
                counts[1] = self.round_trips();
                request(&sessions, &cookie, write).await;
                counts[2] = self.round_trips();
                let cookie = request(&sessions, &cookie, cycle).await;
                counts[4] = self.round_trips();
                request(&prolonging, &cookie, read).await;
                // Beyond those of the read.
                counts[5] = self.round_trips() - counts[1];
            }
            counts
        }
    }

    fn row(name: &str, counts: [u64; 6]) -> String {
        let counts = counts.map(|count| count.to_string()).join(" | ");
        format!("| {name} | {counts} |")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_engine_costs_what_the_table_in_the_design_says() {
        let (redis, memcached) = (Redis::start(), Memcached::start());
        let (postgres, mariadb) = (Postgres::start(), MariaDb::start());
        let redis_line = || Proxy::to_port(redis.port());
        let redis_at = |line: &Proxy| cache(REDIS, &format!("redis://{}/0", line.address()));
        let memcached_line = Proxy::to_port(memcached.port());
        let through = |url: &str, port: u16, line: &Proxy| {
            url.replace(&format!(":{port}"), &format!(":{}", line.port()))
        };
        let postgres_line = || Proxy::to_port(postgres.port());
        let postgres_at =
            |line: &Proxy| database(&through(&postgres.create_database(), postgres.port(), line));
        let mariadb_line = Proxy::to_port(mariadb.port());
        let mariadb_at = database(&through(
            &mariadb.create_database(),
            mariadb.port(),
            &mariadb_line,
        ));

        let line = redis_line();
        let mut engines = vec![Engine {
            name: "cache on Redis",
            settings: settings(&format!("SESSION_ENGINE = \"cache\"\n{}", redis_at(&line))),
            lines: vec![line],
        }];
        engines.push(Engine {
            name: "cache on memcached",
            settings: settings(&format!(
                "SESSION_ENGINE = \"cache\"\n{}",
                cache(MEMCACHED, &memcached_line.address().to_string())
            )),
            lines: vec![memcached_line],
        });
        let line = postgres_line();
        engines.push(Engine {
            name: "db on PostgreSQL",
            settings: settings(&postgres_at(&line)),
            lines: vec![line],
        });
        engines.push(Engine {
            name: "db on MariaDB",
            settings: settings(&mariadb_at),
            lines: vec![mariadb_line],
        });
        let lines = vec![postgres_line(), redis_line()];
        engines.push(Engine {
            name: "cached_db on PostgreSQL and Redis, warm",
            settings: settings(&format!(
                "SESSION_ENGINE = \"cached_db\"\n{}{}",
                postgres_at(&lines[0]),
                redis_at(&lines[1])
            )),
            lines,
        });

        let page = include_str!("../../../DESIGN.md");
        let mut wrong = Vec::new();
        println!("| round trips | {} |", COLUMNS.join(" | "));
        for engine in &engines {
            let row = row(engine.name, engine.measure().await);
            println!("{row}");
            if !page.contains(&row) {
                wrong.push(row);
            }
        }
        assert!(wrong.is_empty(), "not in DESIGN.md:\n{}", wrong.join("\n"));
    }
}
