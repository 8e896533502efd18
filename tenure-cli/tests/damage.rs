//! What was stored or signed: shown as it is, and said when it does not verify.

#[cfg(test)]
mod support;

use serde_json::{Value, json};
use support::{Place, SECRET};

#[cfg(test)]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[cfg(test)]
fn sql(place: &Place, statement: &str, parameters: impl rusqlite::Params) {
    let database = rusqlite::Connection::open(place.database()).unwrap();
    assert_eq!(database.execute(statement, parameters).unwrap(), 1);
}

#[cfg(test)]
fn stored(place: &Place, key: &str) -> String {
    let database = rusqlite::Connection::open(place.database()).unwrap();
    let query = "SELECT session_data FROM django_session WHERE session_key = ?1";
    database.query_row(query, [key], |row| row.get(0)).unwrap()
}

#[cfg(test)]
fn store(place: &Place, key: &str, text: &str) {
    let statement = "UPDATE django_session SET session_data = ?1 WHERE session_key = ?2";
    sql(place, statement, [text, key]);
}

#[test]
fn a_damaged_session_is_shown_with_what_is_wrong() {
    let place = Place::new();
    let key = place.create(&["--data", r#"{"cart": [1, 2]}"#]);
    let whole = stored(&place, &key);

    let forged = whole.replacen("eyJj", "eyJk", 1);
    store(&place, &key, &forged);
    let run = place.run(&["show", &key]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("damaged"), "{run:?}");
    for text in [
        "damage:   the signature does not match",
        "NOT VERIFIED",
        "\"dart\": [1, 2]",
    ] {
        assert!(run.out.contains(text), "{text} is not in {run:?}");
    }
    let shown = place.shown(&key);
    assert_eq!(shown["data"], json!({}));
    assert_eq!(shown["damage"], "the signature does not match");

    for length in [0, 1, 10, whole.len() - 50, whole.len() - 1] {
        store(&place, &key, &whole[..length]);
        let run = place.run(&["show", &key]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.out.contains("damage:   "), "{length}: {run:?}");
    }
}

#[test]
fn a_date_that_is_none_counts_as_expired() {
    let place = Place::new();
    let key = place.create(&[]);
    sql(
        &place,
        "UPDATE django_session SET expire_date = 'soon' WHERE session_key = ?1",
        [&key],
    );
    place
        .run(&["show", &key])
        .fails(1, &["tenure: warning: ", "expired on"]);
    assert!(place.done(&["list", "--all"]).contains(&key));
}

#[test]
fn a_value_is_decoded_and_verified() {
    let place = Place::new();
    let key = place.create(&["--data", r#"{"a": [123456789012345678901]}"#]);
    let value = stored(&place, &key);
    let run = place.run(&["decode", &value]);
    assert_eq!(run.code, Some(0), "{run:?}");
    for text in [
        "valid, made with SECRET_KEY\n",
        "django.contrib.sessions.SessionStore\n",
        "UTC (",
        "compressed:  no",
        "  \"a\": [123456789012345678901]\n",
    ] {
        assert!(run.out.contains(text), "{text:?} is not in {run:?}");
    }
    let run = place.with_input(&["decode", "--json"], &format!("{value}\n"));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.contains(r#""valid": true"#), "{run:?}");
    assert!(
        run.out.contains(r#""data": {"a":[123456789012345678901]}"#),
        "{run:?}"
    );

    let compressed = stored(
        &place,
        &place.create(&["--data", &format!(r#"{{"a": "{}"}}"#, "x".repeat(2_000))]),
    );
    assert!(
        place
            .done(&["decode", &compressed])
            .contains("compressed:  yes")
    );
}

#[test]
fn an_older_secret_is_named() {
    let place = Place::new();
    let value = stored(&place, &place.create(&[]));
    let mut command = place.command(&["decode", "--json", &value]);
    command.env("SECRET_KEY", SECRET.replace('4', "5"));
    let fallbacks = json!([SECRET.replace('4', "6"), SECRET]).to_string();
    let run = support::Run::from(
        command
            .env("SECRET_KEY_FALLBACKS", fallbacks)
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(json(&run.out)["secret"], "SECRET_KEY_FALLBACKS[1]");
}

#[test]
fn a_value_that_does_not_verify_is_shown_as_such() {
    let place = Place::new();
    let value = stored(&place, &place.create(&["--data", r#"{"a": 1}"#]));
    let other_salt = place.run(&["decode", "--salt", "newsletter", &value]);
    assert_eq!(other_salt.code, Some(1));
    assert!(other_salt.out.contains("NOT VALID"), "{other_salt:?}");
    assert!(other_salt.out.contains("NOT VERIFIED"), "{other_salt:?}");
    assert!(other_salt.out.contains("\"a\": 1"), "{other_salt:?}");

    let truncated = place.run(&["decode", "--json", &value[..value.len() - 3]]);
    assert_eq!(truncated.code, Some(1));
    let truncated = json(&truncated.out);
    assert_eq!(truncated["valid"], false);
    assert_eq!(truncated["data"], json!({"a": 1}));

    for garbage in ["garbage", ":", "::", "a:b:c", ".x:1:y", "\u{e9}"] {
        let run = place.run(&["decode", "--json", garbage]);
        assert_eq!(run.code, Some(1), "{garbage}: {run:?}");
        let run = json(&run.out);
        assert_eq!(
            (&run["valid"], &run["data"]),
            (&json!(false), &Value::Null),
            "{garbage}"
        );
    }
    place.run(&["decode", ""]).fails(2, &["nothing to decode"]);
    place.run(&["decode"]).fails(2, &["nothing to decode"]);
}

#[test]
fn what_inflates_beyond_the_limit_is_not_unpacked() {
    let place = Place::new();
    let data = format!(r#"{{"a": "{}"}}"#, "x".repeat(1_500_000));
    std::fs::write(place.path().join("data.json"), data).unwrap();
    let run = |arguments: &[&str], limit: &str, input: std::fs::File| {
        let mut command = place.command(arguments);
        command.env("TENURE_MAX_SIZE", limit).stdin(input);
        support::Run::from(command.output().unwrap())
    };
    let open = |name| std::fs::File::open(place.path().join(name)).unwrap();
    let created = run(&["create", "--data", "-"], "2000000", open("data.json"));
    let value = stored(&place, created.out.trim());
    assert!(value.len() < 100_000, "{}", value.len());
    std::fs::write(place.path().join("value"), &value).unwrap();

    let small = run(&["decode"], "1000000", open("value"));
    assert_eq!(small.code, Some(1));
    assert!(
        small
            .out
            .contains("cannot be decoded: the compressed text inflates to more than"),
        "{}",
        small.out
    );
    let large = run(&["decode"], "2000000", open("value"));
    assert_eq!(large.code, Some(0));
    assert!(large.out.len() > 1_500_000);

    std::fs::write(place.path().join("forged"), format!("{value}x")).unwrap();
    let forged = run(&["decode", "--json"], "1000000", open("forged"));
    assert_eq!(json(&forged.out)["data"], Value::Null);
}
