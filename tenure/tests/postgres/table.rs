//! Django's table, rows and dates.

use std::time::{Duration, SystemTime};

use tenure::{
    Damage, SessionKey,
    engine::db::PostgresStore,
    store::{Renamed, Saved, SessionStore},
};
use testkit::Postgres;

use crate::site::{
    KEY, OTHER, codec, create, djangos_statements, ending, key, noon, record, settings, store,
};

/// Columns, indexes and constraints of a table, as the catalog has them.
const CATALOG: &str = "
    SELECT column_name, data_type, character_maximum_length, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_name = 'django_session' ORDER BY ordinal_position;
    SELECT indexdef FROM pg_indexes WHERE tablename = 'django_session' ORDER BY indexname;
    SELECT conname, contype FROM pg_constraint WHERE conrelid = 'django_session'::regclass ORDER BY conname";

#[tokio::test]
async fn the_table_is_djangos_and_its_rows_are_too() {
    let server = Postgres::start();
    the_table_is_made_as_django_makes_it(&server).await;
    rows_written_by_django_are_read_to_the_microsecond(&server).await;
    local_time_is_kept_where_django_keeps_it(&server).await;
    sessions_end_as_in_django(&server).await;
    rows_that_nobody_can_read_count_as_empty(&server).await;
    sessions_are_listed_in_the_order_of_their_bytes_by_the_index(&server).await;
}

async fn the_table_is_made_as_django_makes_it(server: &Postgres) {
    let djangos = server.create_database();
    server.sql(&djangos, &djangos_statements("postgresql").join(" "));
    let (store, ours) = store(server).await;
    let expected = server.sql(&djangos, CATALOG);
    assert_eq!(expected.lines().count(), 7, "{expected}");
    assert_eq!(server.sql(&ours, CATALOG), expected);
    store.create_table().await.unwrap();
    assert_eq!(server.sql(&ours, CATALOG), expected);

    // Several processes that start at once.
    let database = server.create_database();
    let settings = settings(server.url(&database));
    let made = (0..8).map(|_| {
        let settings = settings.clone();
        tokio::spawn(async move {
            let store = PostgresStore::open(&settings).await.unwrap();
            store.create_table().await
        })
    });
    for made in made.collect::<Vec<_>>() {
        made.await.unwrap().unwrap();
    }
    assert_eq!(server.sql(&database, CATALOG), expected);

    // Somebody who may not make tables needs none.
    server.sql(
        &database,
        "CREATE ROLE reader LOGIN PASSWORD 'sesame'; GRANT SELECT ON django_session TO reader",
    );
    let url = server.url(&database).replace("tenure:", "reader:");
    let store = PostgresStore::open(&self::settings(url)).await.unwrap();
    store.create_table().await.unwrap();
    let error = store.delete(&key(KEY)).await.unwrap_err();
    assert!(error.to_string().contains("grant SELECT"), "{error}");
    assert!(store.load(&key(KEY)).await.unwrap().is_none());
}

async fn rows_written_by_django_are_read_to_the_microsecond(server: &Postgres) {
    let (store, database) = store(server).await;
    let text = codec().encode(&record(r#"{"user":7}"#).data, SystemTime::now());
    for (date, ends) in [
        ("2030-01-01 12:00:00+00", noon()),
        (
            "2030-01-01 13:00:00.000001+01",
            noon() + Duration::from_micros(1),
        ),
        (
            "1969-12-31 23:59:59.75+00",
            SystemTime::UNIX_EPOCH - Duration::from_millis(250),
        ),
    ] {
        server.sql(
            &database,
            &format!("DELETE FROM django_session; INSERT INTO django_session VALUES ('{KEY}', '{text}', '{date}')"),
        );
        let found = store.load(&key(KEY)).await.unwrap().unwrap();
        assert_eq!(found.expires_at, ends, "{date}");
        assert_eq!(found.data.to_json(), r#"{"user":7}"#);
        let moved = ends + Duration::from_millis(250);
        let saved = store
            .save(&key(KEY), &ending("{}", moved), &found.version)
            .await;
        assert!(matches!(saved, Ok(Saved::Saved(_))), "{saved:?}");
        let there = server.sql(
            &database,
            &format!(
                "SELECT expire_date = '{date}'::timestamptz + interval '250 ms' FROM django_session"
            ),
        );
        assert_eq!(there, "t", "{date}");
    }
    // No moments, but a column can hold them.
    for (date, ended) in [
        ("infinity", false),
        ("-infinity", true),
        ("294276-12-31", false),
        ("4000-01-01 BC", true),
    ] {
        server.sql(
            &database,
            &format!("UPDATE django_session SET expire_date = '{date}'"),
        );
        let found = store.load(&key(KEY)).await.unwrap().unwrap();
        assert_eq!(found.expires_at < SystemTime::now(), ended, "{date}");
    }
}

/// `USE_TZ = False`: Django writes local time, on a connection in that time zone, so that the moment is the same.
async fn local_time_is_kept_where_django_keeps_it(server: &Postgres) {
    let database = server.create_database();
    let mut settings = settings(server.url(&database));
    settings.use_tz = false;
    settings.time_zone = "Europe/Paris".into();
    let store = PostgresStore::open(&settings).await.unwrap();
    store.create_table().await.unwrap();
    let summer = SystemTime::UNIX_EPOCH + Duration::from_hours(530_292);
    store
        .create(&key(KEY), &ending("{}", summer))
        .await
        .unwrap();
    let django = |sql: &str| server.sql(&database, &format!("SET TIME ZONE 'Europe/Paris'; {sql}"));
    assert_eq!(
        django("SELECT expire_date FROM django_session"),
        "2030-06-30 14:00:00+02"
    );
    django("UPDATE django_session SET expire_date = '2030-12-31 18:00:00.5'");
    let found = store.load(&key(KEY)).await.unwrap().unwrap();
    let winter = SystemTime::UNIX_EPOCH + Duration::from_millis(1_924_966_800_500);
    assert_eq!(found.expires_at, winter);
}

async fn sessions_end_as_in_django(server: &Postgres) {
    let (store, _) = store(server).await;
    let ends = noon();
    let microsecond = Duration::from_micros(1);
    store.create(&key(KEY), &ending("{}", ends)).await.unwrap();
    assert!(
        !store
            .delete_expired(&key(KEY), ends - microsecond)
            .await
            .unwrap()
    );
    assert_eq!(store.clear_expired(ends, 10).await.unwrap(), 0);
    assert!(store.delete_expired(&key(KEY), ends).await.unwrap());
    for number in 0..25 {
        let key = key(&format!("session-{number:024}"));
        store.create(&key, &ending("{}", ends)).await.unwrap();
    }
    let after = ends + microsecond;
    let swept = [10, 10, 10].map(|limit| store.clear_expired(after, limit));
    let mut counts = Vec::new();
    for swept in swept {
        counts.push(swept.await.unwrap());
    }
    assert_eq!(counts, [10, 10, 5]);
}

async fn rows_that_nobody_can_read_count_as_empty(server: &Postgres) {
    let (store, database) = store(server).await;
    create(&store, r#"{"user":7}"#).await;
    let mut other = server.console(&database);
    let whole = other
        .run("SELECT session_data FROM django_session")
        .concat();
    for place in 0..whole.len() {
        let mut bytes = whole.clone().into_bytes();
        bytes[place] ^= 1;
        let flipped = String::from_utf8(bytes).unwrap();
        other.run(&format!(
            "UPDATE django_session SET session_data = $${flipped}$$"
        ));
        let found = store.load(&key(KEY)).await.unwrap().unwrap();
        assert!(found.damage.is_some() && found.data.is_empty(), "{place}");
        let healed = store
            .save(&key(KEY), &record(r#"{"new":1}"#), &found.version)
            .await;
        assert!(matches!(healed, Ok(Saved::Saved(_))), "{place}: {healed:?}");
    }
    for text in ["", " ", "ë☃😀", ":::"] {
        other.run(&format!(
            "UPDATE django_session SET session_data = '{text}'"
        ));
        let found = store.load(&key(KEY)).await.unwrap().unwrap();
        assert_eq!(found.damage, Some(Damage::Signature), "{text:?}");
        let healed = store
            .rename(&key(KEY), &key(OTHER), &record("{}"), &found.version)
            .await;
        assert!(
            matches!(healed, Ok(Renamed::Renamed(_))),
            "{text:?}: {healed:?}"
        );
        other.run(&format!("UPDATE django_session SET session_key = '{KEY}'"));
    }
    // Keys that Django would not make are just not there.
    for text in [
        "0123456789ABCDEFGHIJKLMNOPQRSTUV",
        "0123456789abcdefghijklmnopqrstuv%",
        &"a".repeat(4000),
    ] {
        let key = SessionKey::parse(text).unwrap();
        assert!(store.load(&key).await.unwrap().is_none());
        assert!(!store.delete(&key).await.unwrap());
    }

    let bomb = format!(r#"{{"text":"{}"}}"#, "z".repeat(100_000));
    let url = server.url(&database);
    let mut settings = settings(url);
    settings.max_size = 10_000;
    let small = PostgresStore::open(&settings).await.unwrap();
    let found = store.load(&key(KEY)).await.unwrap().unwrap();
    store
        .save(&key(KEY), &record(&bomb), &found.version)
        .await
        .unwrap();
    let error = small.load(&key(KEY)).await.unwrap_err();
    assert!(
        matches!(error, tenure::StoreError::TooLarge { limit: 10_000 }),
        "{error}"
    );
}

async fn sessions_are_listed_in_the_order_of_their_bytes_by_the_index(server: &Postgres) {
    // A language's order would put "a" before "B" and between the digits.
    let database = server.create_database();
    server.sql("postgres", &format!("DROP DATABASE {database}"));
    server.sql("postgres", &format!("CREATE DATABASE {database} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'"));
    let store = PostgresStore::open(&settings(server.url(&database)))
        .await
        .unwrap();
    store.create_table().await.unwrap();
    let mut names = [
        "zzzzzzzz", "AAAAAAAA", "aaaaaaaa", "00000000", "a-aaaaaa", "Zzzzzzzz", "aaaa____",
    ];
    for name in names {
        store.create(&key(name), &record("{}")).await.unwrap();
    }
    names.sort_unstable();
    let mut listed = Vec::new();
    while let page = store
        .scan(listed.last().map(String::as_str), 2)
        .await
        .unwrap()
        && !page.is_empty()
    {
        listed.extend(page.into_iter().map(|line| line.name));
    }
    assert_eq!(listed, names);

    server.sql(&database, "INSERT INTO django_session SELECT md5(i::text), repeat('x', 200), now() FROM generate_series(1, 20000) i; ANALYZE");
    let plan = server.sql(
        &database,
        &format!(
            "PREPARE list AS {}; SET plan_cache_mode = force_generic_plan; EXPLAIN EXECUTE list('abc', 100)",
            r#"SELECT "session_key" FROM "django_session" WHERE "session_key" ~>~ $1 ORDER BY "session_key" USING ~<~ LIMIT $2"#
        ),
    );
    assert!(plan.contains("Index") && !plan.contains("Sort"), "{plan}");
}
