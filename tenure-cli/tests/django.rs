//! Against a real Django: the same database, read and written by both.

#[cfg(test)]
mod support;

use serde_json::{Value, json};
use support::{Place, SECRET};
use testkit::Django;

/// A database as Django's `migrate` leaves it.
#[cfg(test)]
fn migrated() -> (Place, Django) {
    let place = Place::empty();
    let mut django = Django::on(&place.database(), SECRET);
    django.ask(&json!({"op": "migrate"}));
    (place, django)
}

#[cfg(test)]
fn keys(place: &Place) -> Vec<Value> {
    let listed: Value = serde_json::from_str(&place.done(&["list", "--all", "--json"])).unwrap();
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["key"].clone())
        .collect()
}

#[test]
fn what_django_saved_is_shown() {
    let (place, mut django) = migrated();
    let data = json!({"cart": [1, 2], "name": "Zoë 😀", "deep": {"a": [null, true, 1.5]}, "long": "x".repeat(500)});
    for (expiry, ends) in [
        (Value::Null, None),
        (
            json!("2099-01-01T00:00:00+00:00"),
            Some("2099-01-01T00:00:00Z"),
        ),
    ] {
        let saved = django.ask(&json!({"op": "save", "data": data, "expiry": expiry}));
        let key = saved["key"].as_str().unwrap();
        let shown = place.shown(key);
        for (name, value) in data.as_object().unwrap() {
            assert_eq!(&shown["data"][name], value);
        }
        assert!(shown.get("damage").is_none(), "{shown}");
        if let Some(ends) = ends {
            assert_eq!(shown["expires_at"], ends);
        }
        assert!(keys(&place).contains(&saved["key"]));
    }
}

#[test]
fn what_tenure_created_is_read_by_django() {
    let (place, mut django) = migrated();
    let data =
        json!({"cart": [1, 2], "name": "Zoë 😀", "big": 1_u64 << 60, "long": "x".repeat(500)});
    let key = place.create(&[
        "--data",
        &data.to_string(),
        "--expire-at",
        "2099-01-01T02:00:00.25+02:00",
    ]);
    let read = django.ask(&json!({"op": "load", "key": key}));
    assert_eq!(read["exists"], true);
    assert_eq!(read["expire_date"], "2099-01-01T00:00:00.250000+00:00");
    for (name, value) in data.as_object().unwrap() {
        assert_eq!(&read["data"][name], value);
    }
    assert_eq!(
        read["data"]["_session_expiry"],
        "2099-01-01T00:00:00.250000+00:00"
    );
    place.done(&["delete", &key]);
    assert_eq!(
        django.ask(&json!({"op": "load", "key": key}))["stored"],
        false
    );
}

#[test]
fn a_table_that_init_made_is_one_for_django() {
    let place = Place::new();
    let mut django = Django::on(&place.database(), SECRET);
    let saved = django.ask(&json!({"op": "save", "data": {"a": 1}}));
    assert_eq!(
        place.shown(saved["key"].as_str().unwrap())["data"],
        json!({"a": 1})
    );
    django.ask(&json!({"op": "create_user", "username": "ada", "password": "correct horse"}));
    place
        .with_input(&["createuser", "ada"], "pw\n")
        .fails(1, &["already"]);
}

#[test]
fn a_user_that_tenure_made_has_the_password_in_django() {
    let (place, mut django) = migrated();
    assert_eq!(
        place.done(&["init", "--users"]),
        "the table django_session was there already\nthe table auth_user was there already\n"
    );
    let run = place.with_input(
        &["createuser", "ada", "--password-stdin"],
        "correct horse é\n",
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    for (password, valid) in [("correct horse é", true), ("wrong horse", false)] {
        let answer =
            django.ask(&json!({"op": "check_password", "username": "ada", "password": password}));
        assert_eq!(answer["valid"], valid);
    }
    let session = django.ask(&json!({"op": "login", "username": "ada"}));
    let shown = place.shown(session["key"].as_str().unwrap());
    assert_eq!(shown["data"]["_auth_user_id"], "1");
}

#[test]
fn both_clear_the_same_sessions() {
    let (place, mut django) = migrated();
    for date in [
        "2001-01-01",
        "2020-02-29T12:00:00.5Z",
        "2099-01-01",
        "2300-01-01T00:00:00.000001Z",
    ] {
        place.create(&["--expire-at", date]);
        django.ask(
            &json!({"op": "save", "data": {"a": 1}, "expiry": format!("{}T00:00:00", &date[..10])}),
        );
    }
    place.create(&[]);
    place.create(&["--expire-in", "60"]);

    let copy = Place::empty();
    let database = rusqlite::Connection::open(place.database()).unwrap();
    database
        .execute("VACUUM INTO ?1", [copy.database().to_str().unwrap()])
        .unwrap();
    assert_eq!(keys(&copy), keys(&place));

    Django::on(&copy.database(), SECRET).ask(&json!({"op": "clear_expired"}));
    assert_eq!(
        place.done(&["clearsessions"]),
        "4 expired sessions deleted\n"
    );
    assert_eq!(keys(&place).len(), 6);
    assert_eq!(keys(&copy), keys(&place));
}
