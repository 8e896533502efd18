//! Several processes on one store: nothing is lost, and one that is killed leaves whole sessions.
//!
//! The processes are this test binary again: `worker::job` does nothing unless it is told what to do in the environment. An engine is
//! what settings name, so that each needs one line in `engines`.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod worker;

#[cfg(test)]
mod engines {
    use std::any::Any;

    /// The settings of a place of its own, and what must live as long as it.
    pub(crate) type Site = (String, Box<dyn Any>);

    /// Makes the tests of one engine, from a function that gives a [`Site`].
    macro_rules! processes {
        ($engine:ident) => {
            mod $engine {
                #[test]
                fn two_processes_lose_nothing() {
                    crate::lost::two_processes_lose_nothing(super::$engine());
                }

                #[test]
                fn a_killed_writer_leaves_the_old_session_or_the_new_one() {
                    crate::crash::a_killed_writer_leaves_old_or_new(super::$engine());
                }
            }
        };
    }

    processes!(cached_db);
    processes!(file);
    processes!(mariadb);
    processes!(memcached);
    processes!(postgres);
    processes!(redis);
    processes!(sqlite);

    fn database(url: &str) -> String {
        format!("[DATABASES.default]\nURL = {url:?}\n")
    }

    fn cache(backend: &str, location: &str) -> String {
        format!(
            "SESSION_ENGINE = 'cache'\n[CACHES.default]\nBACKEND = 'django.core.cache.backends.{backend}'\nLOCATION = {location:?}\n"
        )
    }

    fn cached_db() -> Site {
        let server = testkit::Redis::start();
        let folder = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("site.sqlite3").display()
        );
        let cache = cache(
            "redis.RedisCache",
            &format!("redis://127.0.0.1:{}/0", server.port()),
        );
        let cached = cache.replace("'cache'", "'cached_db'");
        let settings = format!("{cached}{}", database(&url));
        (settings, Box::new((server, folder)))
    }

    fn file() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "SESSION_ENGINE = 'file'\nSESSION_FILE_PATH = {:?}\n",
            folder.path()
        );
        (settings, Box::new(folder))
    }

    fn mariadb() -> Site {
        let server = testkit::MariaDb::start();
        let url = server.url(&server.create_database());
        (database(&url), Box::new(server))
    }

    fn memcached() -> Site {
        let server = testkit::Memcached::start();
        let settings = cache("memcached.PyMemcacheCache", &server.location());
        (settings, Box::new(server))
    }

    fn postgres() -> Site {
        let server = testkit::Postgres::start();
        let url = server.url(&server.create_database());
        (database(&url), Box::new(server))
    }

    fn redis() -> Site {
        let server = testkit::Redis::start();
        let settings = cache("redis.RedisCache", &server.url());
        (settings, Box::new(server))
    }

    fn sqlite() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        (database(&url), Box::new(folder))
    }
}
