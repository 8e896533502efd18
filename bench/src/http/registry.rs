//! Who takes part. Only the standard library is used here, since `cargo xtask bench` reads this file too, to build who is asked for.

/// What keeps the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    /// Nothing: no sessions at all.
    None,
    Memory,
    SignedCookies,
    EncryptedCookies,
    Redis,
    Memcached,
    Sqlite,
    Postgres,
    Mysql,
    /// PostgreSQL with Redis in front of it.
    CachedDb,
    File,
}

impl Engine {
    /// Those with a group of contestants each, in the order of the tables.
    pub(crate) const ALL: [Self; 10] = [
        Self::Redis,
        Self::Memcached,
        Self::Sqlite,
        Self::Postgres,
        Self::Mysql,
        Self::CachedDb,
        Self::File,
        Self::Memory,
        Self::SignedCookies,
        Self::EncryptedCookies,
    ];

    /// Whether 10 kB have room in a session. They have none in a cookie.
    pub(crate) const fn is_large(self) -> bool {
        !matches!(
            self,
            Self::None | Self::SignedCookies | Self::EncryptedCookies
        )
    }

    /// As the names of contestants end.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Memory => "memory",
            Self::SignedCookies => "signed-cookies",
            Self::EncryptedCookies => "encrypted-cookies",
            Self::Redis => "redis",
            Self::Memcached => "memcached",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::CachedDb => "cached-db",
            Self::File => "file",
        }
    }
}

/// Where a contestant's program comes from. It is started from there, with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// `bench/contestants`, built with the workspace.
    Workspace,
    /// A crate in a folder below `bench/peers`, and the name of its program; built into `target/peers`.
    Crate(&'static str, &'static str),
    /// A folder below `bench/peers` with a `package.json`, and the script that Node runs.
    Node(&'static str, &'static str),
    /// A folder below `bench/peers` with a `requirements.txt`, and the script that Python runs; the environment is made in `target/peers`.
    Python(&'static str, &'static str),
}

/// One server that takes part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) engine: Engine,
    pub(crate) program: Program,
    pub(crate) arguments: &'static [&'static str],
}

const fn ours(name: &'static str, engine: Engine) -> Contestant {
    Contestant {
        name,
        engine,
        program: Program::Workspace,
        arguments: &[],
    }
}

const fn peer(
    name: &'static str,
    engine: Engine,
    program: Program,
    arguments: &'static [&'static str],
) -> Contestant {
    Contestant {
        name,
        engine,
        program,
        arguments,
    }
}

const TOWER_SESSIONS: Program = Program::Crate("tower-sessions", "peer-tower-sessions");
const AXUM_SESSION: Program = Program::Crate("axum-session", "peer-axum-session");
const ACTIX_SESSION: Program = Program::Crate("actix-session", "peer-actix-session");
const EXPRESS: Program = Program::Node("express", "server.js");
const DJANGO: Program = Program::Python("django", "serve.py");

/// Everybody. Within an engine the floor stands first: the others are compared with it.
pub(crate) const CONTESTANTS: &[Contestant] = &[
    ours("bare", Engine::None),
    ours("floor-redis", Engine::Redis),
    ours("tenure-redis", Engine::Redis),
    peer(
        "tower-sessions-redis",
        Engine::Redis,
        TOWER_SESSIONS,
        &["redis"],
    ),
    peer(
        "actix-session-redis",
        Engine::Redis,
        ACTIX_SESSION,
        &["redis"],
    ),
    peer(
        "axum-session-redis",
        Engine::Redis,
        AXUM_SESSION,
        &["redis"],
    ),
    peer("express-session-redis", Engine::Redis, EXPRESS, &["redis"]),
    peer("django-redis", Engine::Redis, DJANGO, &["redis"]),
    ours("floor-memcached", Engine::Memcached),
    ours("tenure-memcached", Engine::Memcached),
    peer(
        "django-memcached",
        Engine::Memcached,
        DJANGO,
        &["memcached"],
    ),
    ours("floor-sqlite", Engine::Sqlite),
    ours("tenure-sqlite", Engine::Sqlite),
    peer(
        "tower-sessions-sqlite",
        Engine::Sqlite,
        TOWER_SESSIONS,
        &["sqlite"],
    ),
    peer(
        "axum-session-sqlite",
        Engine::Sqlite,
        AXUM_SESSION,
        &["sqlite"],
    ),
    peer("django-sqlite", Engine::Sqlite, DJANGO, &["sqlite"]),
    ours("floor-postgres", Engine::Postgres),
    ours("tenure-postgres", Engine::Postgres),
    peer(
        "tower-sessions-postgres",
        Engine::Postgres,
        TOWER_SESSIONS,
        &["postgres"],
    ),
    peer(
        "axum-session-postgres",
        Engine::Postgres,
        AXUM_SESSION,
        &["postgres"],
    ),
    peer("django-postgres", Engine::Postgres, DJANGO, &["postgres"]),
    ours("floor-mysql", Engine::Mysql),
    ours("tenure-mysql", Engine::Mysql),
    peer(
        "tower-sessions-mysql",
        Engine::Mysql,
        TOWER_SESSIONS,
        &["mysql"],
    ),
    peer(
        "axum-session-mysql",
        Engine::Mysql,
        AXUM_SESSION,
        &["mysql"],
    ),
    peer("django-mysql", Engine::Mysql, DJANGO, &["mysql"]),
    ours("floor-cached-db", Engine::CachedDb),
    ours("tenure-cached-db", Engine::CachedDb),
    peer("django-cached-db", Engine::CachedDb, DJANGO, &["cached-db"]),
    ours("floor-file", Engine::File),
    ours("tenure-file", Engine::File),
    peer("django-file", Engine::File, DJANGO, &["file"]),
    ours("floor-memory", Engine::Memory),
    ours("tenure-memory", Engine::Memory),
    peer(
        "tower-sessions-memory",
        Engine::Memory,
        TOWER_SESSIONS,
        &["memory"],
    ),
    peer(
        "axum-session-memory",
        Engine::Memory,
        AXUM_SESSION,
        &["memory"],
    ),
    peer(
        "express-session-memory",
        Engine::Memory,
        EXPRESS,
        &["memory"],
    ),
    peer("django-memory", Engine::Memory, DJANGO, &["memory"]),
    ours("floor-signed-cookies", Engine::SignedCookies),
    ours("tenure-signed-cookies", Engine::SignedCookies),
    peer(
        "actix-session-signed-cookies",
        Engine::SignedCookies,
        ACTIX_SESSION,
        &["signed-cookies"],
    ),
    peer(
        "django-signed-cookies",
        Engine::SignedCookies,
        DJANGO,
        &["signed-cookies"],
    ),
    ours("floor-encrypted-cookies", Engine::EncryptedCookies),
    ours("tenure-encrypted-cookies", Engine::EncryptedCookies),
    peer(
        "actix-session-encrypted-cookies",
        Engine::EncryptedCookies,
        ACTIX_SESSION,
        &["encrypted-cookies"],
    ),
];

impl Contestant {
    /// Whether the others are compared with it.
    pub(crate) fn is_floor(&self) -> bool {
        self.name.starts_with("floor-") || self.engine == Engine::None
    }

    /// Whether a word of the command line means it: its name, a beginning of it, or its engine.
    fn is_meant(&self, word: &str) -> bool {
        let rest = self.name.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            || self.engine.name() == word
    }
}

/// Those that the words of `--only` (everybody, if it has none) and `--without` leave, in the table's order.
///
/// The floor of each of their engines comes along, and bare axum: without them there is nothing to compare with.
pub(crate) fn chosen(only: &[String], without: &[String]) -> Result<Vec<Contestant>, String> {
    for word in only.iter().chain(without) {
        if !CONTESTANTS.iter().any(|one| one.is_meant(word)) {
            return Err(format!("there is no contestant `{word}`"));
        }
    }
    let meant = |words: &[String], one: &Contestant| words.iter().any(|word| one.is_meant(word));
    let asked = |one: &Contestant| (only.is_empty() || meant(only, one)) && !meant(without, one);
    let engines: Vec<Engine> = CONTESTANTS
        .iter()
        .filter(|one| asked(one))
        .map(|one| one.engine)
        .collect();
    let base = |one: &Contestant| {
        one.is_floor() && (one.engine == Engine::None || engines.contains(&one.engine))
    };
    let chosen: Vec<Contestant> = CONTESTANTS
        .iter()
        .filter(|one| asked(one) || (!engines.is_empty() && base(one)))
        .copied()
        .collect();
    if chosen.is_empty() {
        return Err("no contestant is left".to_owned());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &str, without: &str) -> Vec<&'static str> {
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let chosen = chosen(&words(only), &words(without)).unwrap();
        chosen.iter().map(|one| one.name).collect()
    }

    #[test]
    fn who_is_chosen_brings_what_it_is_compared_with() {
        assert_eq!(
            names("tenure-redis django-sqlite", ""),
            [
                "bare",
                "floor-redis",
                "tenure-redis",
                "floor-sqlite",
                "django-sqlite"
            ]
        );
    }

    #[test]
    fn a_word_is_a_name_or_its_beginning_or_an_engine() {
        assert_eq!(
            names("memcached", ""),
            [
                "bare",
                "floor-memcached",
                "tenure-memcached",
                "django-memcached"
            ]
        );
        let without_peers = names(
            "redis",
            "tower-sessions actix-session axum-session express-session django",
        );
        assert_eq!(without_peers, ["bare", "floor-redis", "tenure-redis"]);
        assert_eq!(names("", "").len(), CONTESTANTS.len());
        // `mem` is the beginning of no whole word.
        assert!(chosen(&["mem".to_owned()], &[]).is_err());
        assert!(chosen(&["memory".to_owned()], &["memory".to_owned()]).is_err());
    }

    #[test]
    fn every_engine_has_a_floor_before_all_others() {
        for engine in Engine::ALL {
            let mut group = CONTESTANTS.iter().filter(|one| one.engine == engine);
            assert!(group.next().unwrap().is_floor(), "{engine:?}");
            assert!(group.all(|one| !one.is_floor()), "{engine:?}");
        }
    }
}
