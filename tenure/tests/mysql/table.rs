//! Django's table, rows and dates, and MySQL's rules for text.

use std::time::{Duration, SystemTime};

use tenure::{
    Damage, SessionKey,
    engine::db::MysqlStore,
    store::{Created, Renamed, Saved, SessionStore},
};
use testkit::MariaDb;

use crate::site::{
    KEY, OTHER, codec, create, djangos_statements, ending, key, noon, record, settings, store,
};

const CATALOG: &str = "SHOW CREATE TABLE django_session";

#[tokio::test]
async fn the_table_is_djangos_and_its_rows_are_too() {
    let server = MariaDb::start();
    the_table_is_made_as_django_makes_it(&server).await;
    rows_written_by_django_are_read_to_the_microsecond(&server).await;
    local_time_is_kept_where_django_keeps_it(&server).await;
    sessions_end_as_in_django(&server).await;
    rows_that_nobody_can_read_count_as_empty(&server).await;
    keys_and_data_are_compared_to_the_letter(&server).await;
    saving_what_is_there_already_finds_its_row(&server).await;
    statements_use_the_indexes(&server).await;
}

async fn the_table_is_made_as_django_makes_it(server: &MariaDb) {
    for defaults in [
        "CHARACTER SET utf8mb4",
        "CHARACTER SET latin1",
        "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    ] {
        let djangos = server.create_database();
        let ours = server.create_database();
        for database in [&djangos, &ours] {
            server.sql("mysql", &format!("ALTER DATABASE {database} {defaults}"));
        }
        server.sql(&djangos, &djangos_statements("mysql").join(" "));
        let expected = server.sql(&djangos, CATALOG);
        let store = MysqlStore::open(&settings(server.url(&ours)))
            .await
            .unwrap();
        for _ in 0..2 {
            store.create_table().await.unwrap();
            assert_eq!(server.sql(&ours, CATALOG), expected);
        }
    }
    // Several processes that start at once.
    let database = server.create_database();
    let settings = settings(server.url(&database));
    let made = (0..8).map(|_| {
        let settings = settings.clone();
        tokio::spawn(async move {
            let store = MysqlStore::open(&settings).await.unwrap();
            store.create_table().await
        })
    });
    for made in made.collect::<Vec<_>>() {
        made.await.unwrap().unwrap();
    }

    // Somebody who may not make tables needs none.
    server.sql(
        &database,
        &format!("GRANT SELECT ON {database}.* TO reader@'%' IDENTIFIED BY 'sesame'"),
    );
    let url = server.url(&database).replace("tenure:", "reader:");
    let store = MysqlStore::open(&self::settings(url)).await.unwrap();
    store.create_table().await.unwrap();
    let error = store.delete(&key(KEY)).await.unwrap_err();
    assert!(error.to_string().contains("grant SELECT"), "{error}");
    assert!(store.load(&key(KEY)).await.unwrap().is_none());
}

async fn rows_written_by_django_are_read_to_the_microsecond(server: &MariaDb) {
    let (store, database) = store(server).await;
    let mut other = server.console(&database);
    let text = codec().encode(&record(r#"{"user":7}"#).data, SystemTime::now());
    for (date, ends) in [
        ("2030-01-01 12:00:00", noon()),
        (
            "2030-01-01 12:00:00.000001",
            noon() + Duration::from_micros(1),
        ),
        (
            "1969-12-31 23:59:59.75",
            SystemTime::UNIX_EPOCH - Duration::from_millis(250),
        ),
    ] {
        other.run(&format!(
            "REPLACE INTO django_session VALUES ('{KEY}', '{text}', '{date}')"
        ));
        let found = store.load(&key(KEY)).await.unwrap().unwrap();
        assert_eq!(found.expires_at, ends, "{date}");
        assert_eq!(found.data.to_json(), r#"{"user":7}"#);
        let moved = ends + Duration::from_millis(250);
        let saved = store
            .save(&key(KEY), &ending("{}", moved), &found.version)
            .await;
        assert!(matches!(saved, Ok(Saved::Saved(_))), "{saved:?}");
        let there = other.run(&format!(
            "SELECT expire_date = TIMESTAMP'{date}' + INTERVAL 250000 MICROSECOND FROM django_session"
        ));
        assert_eq!(there, ["1"], "{date}");
    }
    // No date, but a column can hold it: it has passed.
    other.run("SET sql_mode = ''; UPDATE django_session SET expire_date = '0000-00-00'");
    let found = store.load(&key(KEY)).await.unwrap().unwrap();
    assert!(found.expires_at < SystemTime::now());
}

/// `USE_TZ = False`: Django writes local time, and the column knows no zone.
async fn local_time_is_kept_where_django_keeps_it(server: &MariaDb) {
    let database = server.create_database();
    let mut settings = settings(server.url(&database));
    settings.use_tz = false;
    settings.time_zone = "Europe/Paris".into();
    let store = MysqlStore::open(&settings).await.unwrap();
    store.create_table().await.unwrap();
    let summer = SystemTime::UNIX_EPOCH + Duration::from_hours(530_292);
    store
        .create(&key(KEY), &ending("{}", summer))
        .await
        .unwrap();
    assert_eq!(
        server.sql(&database, "SELECT expire_date FROM django_session"),
        "2030-06-30 14:00:00.000000"
    );
    server.sql(
        &database,
        "UPDATE django_session SET expire_date = '2030-12-31 18:00:00.5'",
    );
    let found = store.load(&key(KEY)).await.unwrap().unwrap();
    let winter = SystemTime::UNIX_EPOCH + Duration::from_millis(1_924_966_800_500);
    assert_eq!(found.expires_at, winter);
    assert!(
        !store
            .delete_expired(&key(KEY), winter - Duration::from_micros(1))
            .await
            .unwrap()
    );
    assert!(store.delete_expired(&key(KEY), winter).await.unwrap());
}

async fn sessions_end_as_in_django(server: &MariaDb) {
    let (store, database) = store(server).await;
    let ends = noon();
    let microsecond = Duration::from_micros(1);
    store.create(&key(KEY), &ending("{}", ends)).await.unwrap();
    let early = store.delete_expired(&key(KEY), ends - microsecond).await;
    assert!(!early.unwrap());
    assert_eq!(store.clear_expired(ends, 10).await.unwrap(), 0);
    assert!(store.delete_expired(&key(KEY), ends).await.unwrap());
    server.sql(&database, "INSERT INTO django_session SELECT CONCAT('session-', seq), 'x', '2030-01-01 12:00:00' FROM seq_1_to_525");
    let after = ends + microsecond;
    for (limit, swept) in [(0, 0), (250, 250), (250, 250), (250, 25), (250, 0)] {
        assert_eq!(store.clear_expired(after, limit).await.unwrap(), swept);
    }
}

async fn rows_that_nobody_can_read_count_as_empty(server: &MariaDb) {
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
            "UPDATE django_session SET session_data = '{}'",
            flipped.replace('\'', "''")
        ));
        let found = store.load(&key(KEY)).await.unwrap().unwrap();
        assert!(found.damage.is_some() && found.data.is_empty(), "{place}");
        let healed = store
            .save(&key(KEY), &record(r#"{"new":1}"#), &found.version)
            .await;
        assert!(matches!(healed, Ok(Saved::Saved(_))), "{place}: {healed:?}");
    }
    for charset in ["utf8mb4", "latin1"] {
        other.run(&format!(
            "ALTER TABLE django_session CONVERT TO CHARACTER SET {charset}"
        ));
        for text in ["", " ", "CHAR(0, 255, 39 USING latin1)", ":::"] {
            let value = if text.contains('(') {
                text.to_owned()
            } else {
                format!("'{text}'")
            };
            other.run(&format!("UPDATE django_session SET session_data = {value}"));
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
    }
    let bomb = format!(r#"{{"text":"{}"}}"#, "z".repeat(100_000));
    let mut settings = settings(server.url(&database));
    settings.max_size = 10_000;
    let small = MysqlStore::open(&settings).await.unwrap();
    let found = store.load(&key(KEY)).await.unwrap().unwrap();
    let saved = store.save(&key(KEY), &record(&bomb), &found.version).await;
    assert!(matches!(saved, Ok(Saved::Saved(_))), "{saved:?}");
    let error = small.load(&key(KEY)).await.unwrap_err();
    assert!(
        matches!(error, tenure::StoreError::TooLarge { limit: 10_000 }),
        "{error}"
    );
}

/// MySQL itself finds `abc` when asked for `ABC`, and takes one signature for another that differs in a letter's case.
async fn keys_and_data_are_compared_to_the_letter(server: &MariaDb) {
    let (store, database) = store(server).await;
    let mut other = server.console(&database);
    for charset in [
        "utf8mb4",
        "latin1",
        "utf8mb4 COLLATE utf8mb4_unicode_ci",
        "utf8mb4 COLLATE utf8mb4_bin",
    ] {
        other.run(&format!("DELETE FROM django_session; ALTER TABLE django_session CONVERT TO CHARACTER SET {charset}"));
        let base = create(&store, r#"{"user":7}"#).await;
        let shouted = SessionKey::parse(&KEY.to_uppercase()).unwrap();
        assert!(store.load(&shouted).await.unwrap().is_none(), "{charset}");
        assert!(!store.delete(&shouted).await.unwrap(), "{charset}");
        let late = SystemTime::now() + Duration::from_hours(9);
        assert!(!store.touch(&shouted, late, &base).await.unwrap());
        assert!(!store.delete_expired(&shouted, late).await.unwrap());
        let saved = store.save(&shouted, &record("{}"), &base).await.unwrap();
        assert!(matches!(saved, Saved::Gone), "{charset}: {saved:?}");
        // MySQL can keep only one of the two.
        let created = store.create(&shouted, &record("{}")).await.unwrap();
        assert_eq!(
            matches!(created, Created::Taken),
            !charset.contains("_bin"),
            "{charset}"
        );
        store.delete(&shouted).await.unwrap();

        let text = other
            .run("SELECT session_data FROM django_session")
            .concat();
        for changed in [text.to_uppercase(), format!("{text} ")] {
            other.run(&format!(
                "UPDATE django_session SET session_data = '{changed}'"
            ));
            assert!(!store.touch(&key(KEY), late, &base).await.unwrap());
            let saved = store.save(&key(KEY), &record("{}"), &base).await.unwrap();
            assert!(matches!(saved, Saved::Conflict(_)), "{charset}: {saved:?}");
        }
        other.run(&format!(
            "UPDATE django_session SET session_data = '{text}', session_key = '{KEY} '"
        ));
        assert!(
            store.load(&key(KEY)).await.unwrap().is_none(),
            "{charset}: a space at the end"
        );
    }
}

async fn saving_what_is_there_already_finds_its_row(server: &MariaDb) {
    let (store, _) = store(server).await;
    let record = record("{}");
    let Created::Created(base) = store.create(&key(KEY), &record).await.unwrap() else {
        panic!("the key is free");
    };
    // Within one second the signature is the same too.
    for _ in 0..3 {
        let saved = store.save(&key(KEY), &record, &base).await.unwrap();
        assert!(
            matches!(saved, Saved::Saved(_) | Saved::Conflict(_)),
            "{saved:?}"
        );
    }
    let base = store.load(&key(KEY)).await.unwrap().unwrap().version;
    assert!(
        store
            .touch(&key(KEY), record.expires_at, &base)
            .await
            .unwrap()
    );
}

async fn statements_use_the_indexes(server: &MariaDb) {
    let (store, database) = store(server).await;
    server.sql(&database, "INSERT INTO django_session SELECT MD5(seq), REPEAT('x', 200), NOW(6) + INTERVAL (CAST(seq AS SIGNED) - 1000) MINUTE FROM seq_1_to_20000");
    server.sql(&database, "ANALYZE TABLE django_session");
    let rows_read = || {
        let status = server.sql(&database, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('HANDLER_READ_RND_NEXT', 'HANDLER_READ_NEXT', 'HANDLER_READ_KEY')");
        status
            .lines()
            .map(|line| line.parse::<u64>().unwrap())
            .sum::<u64>()
    };
    // What asking costs by itself.
    let before = rows_read();
    let asking = rows_read() - before;
    let known = key("c4ca4238a0b923820dcc509a6f75849b");
    let found = store.load(&known).await.unwrap().unwrap();
    let before = rows_read();
    store.load(&known).await.unwrap();
    store
        .save(&known, &record("{}"), &found.version)
        .await
        .unwrap();
    store
        .touch(&known, SystemTime::now(), &found.version)
        .await
        .unwrap();
    store.delete(&known).await.unwrap();
    store.scan(Some("abc"), 20).await.unwrap();
    store.clear_expired(SystemTime::now(), 100).await.unwrap();
    let read = rows_read() - before - asking;
    assert!(read < 1000, "{read} rows of 20000 were looked at");
    // The same, as the server explains it.
    let known = server.sql(&database, "SELECT MAX(session_key) FROM django_session");
    let plan = server.sql(&database, &format!("EXPLAIN SELECT session_data FROM django_session WHERE session_key = '{known}' AND CAST(session_key AS BINARY) = '{known}'"));
    assert!(plan.contains("const\tPRIMARY"), "{plan}");
}
