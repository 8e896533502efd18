//! What each command does, and what it says to bad input.

#[cfg(test)]
mod support;

use serde_json::{Value, json};
use support::{Place, Run};

#[cfg(test)]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn init_makes_file_and_tables_once() {
    let place = Place::empty();
    assert_eq!(
        place.done(&["init"]),
        "made the database\nmade the table django_session\n"
    );
    assert_eq!(
        place.done(&["init", "--users"]),
        "the table django_session was there already\nmade the table auth_user\n"
    );
    assert_eq!(
        place.done(&["init", "--users"]),
        "the table django_session was there already\nthe table auth_user was there already\n"
    );
}

#[test]
fn init_keeps_what_is_stored() {
    let place = Place::new();
    let key = place.create(&["--data", r#"{"a":1}"#]);
    place.done(&["init"]);
    assert_eq!(place.shown(&key)["data"], json!({"a": 1}));
}

#[test]
fn a_created_session_is_shown_as_it_was_given() {
    let place = Place::new();
    let data = r#"{"big": 123456789012345678901234567890, "nan": NaN, "e": 1e400, "half": "\ud83d", "é": "Zoë 😀", "list": [1, {"b": null}]}"#;
    let key = place.create(&["--data", data]);
    let shown = place.done(&["show", "--json", &key]);
    for raw in [
        r#""big":123456789012345678901234567890"#,
        r#""nan":NaN"#,
        r#""half":"\ud83d""#,
        r#""\u00e9":"Zo\u00eb \ud83d\ude00""#,
        r#""list":[1,{"b":null}]"#,
    ] {
        assert!(shown.contains(raw), "{raw} is not in {shown}");
    }
    let shown = place.done(&["show", &key]);
    for text in [
        "engine:   db\n",
        "UTC (in 13 days)\n",
        " bytes\n",
        "  \"big\": 123456789012345678901234567890,\n",
        "  \"é\": \"Zoë 😀\",\n",
        "  \"list\": [1, {\"b\": null}]\n",
    ] {
        assert!(shown.contains(text), "{text:?} is not in {shown}");
    }
}

#[test]
fn data_may_come_from_standard_input() {
    let place = Place::new();
    let run = place.with_input(&["create", "--data", "-"], "{\"a\": \"b\"}\n");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(place.shown(run.out.trim())["data"], json!({"a": "b"}));
}

#[test]
fn expiry_is_kept_as_django_keeps_it() {
    let place = Place::new();
    for (arguments, expiry) in [
        (&["--expire-in", "3600"][..], json!(3600)),
        (&["--browser-close"], json!(0)),
        (
            &["--expire-at", "2099-12-31T23:59:59+02:00"],
            json!("2099-12-31T21:59:59+00:00"),
        ),
        (&[], Value::Null),
    ] {
        let shown = place.shown(&place.create(arguments));
        assert_eq!(shown["data"]["_session_expiry"], expiry, "{arguments:?}");
    }
    let key = place.create(&["--expire-at", "2099-12-31"]);
    assert_eq!(place.shown(&key)["expires_at"], "2099-12-31T00:00:00Z");
    let key = place.create(&[
        "--data",
        r#"{"_session_expiry": "2098-01-01T00:00:00+00:00"}"#,
    ]);
    assert_eq!(place.shown(&key)["expires_at"], "2098-01-01T00:00:00Z");
}

#[test]
fn wrong_arguments_of_create_make_nothing() {
    let place = Place::new();
    for (arguments, says) in [
        (&["--data", r#"{"é": 1,}"#][..], "byte 9"),
        (&["--data", "[1]"], "not a JSON object"),
        (&["--data", ""], "not JSON"),
        (&["--data", "{} {}"], "byte 3"),
        (&["--expire-at", "tomorrow"], "2030-12-31T23:59:59Z"),
        (&["--expire-at", "2030-02-30"], "2030-12-31T23:59:59Z"),
        (&["--expire-in", "0"], "1..="),
        (&["--expire-in", "-1"], "-1"),
        (&["--expire-in", "60", "--browser-close"], "--browser-close"),
    ] {
        let run = place.run(&[&["create"], arguments].concat());
        run.fails(2, &[says]);
        assert_eq!(run.out, "");
    }
    assert_eq!(place.run(&["list"]).err, "tenure: no sessions\n");
}

#[test]
fn an_absent_or_expired_session_is_exit_code_1() {
    let place = Place::new();
    place
        .run(&["show", "0123456789abcdef"])
        .fails(1, &["no session under this key"]);
    place
        .run(&["show", "x"])
        .fails(1, &["at least 8 characters"]);
    let run = place.run(&["create", "--expire-at", "2001-02-03T04:05:06Z"]);
    assert_eq!(
        run.err,
        "tenure: the session has ended already: its date has passed\n"
    );
    let run = place.run(&["show", run.out.trim()]);
    run.fails(1, &["expired on 2001-02-03 04:05:06 UTC", "years ago"]);
    assert_eq!(run.out, "");
}

#[test]
fn list_goes_through_all_pages() {
    let place = Place::new();
    assert_eq!(place.run(&["list"]).err, "tenure: no sessions\n");
    assert_eq!(place.done(&["list", "--json"]), "[]\n");
    let database = rusqlite::Connection::open(place.database()).unwrap();
    database
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
             INSERT INTO django_session SELECT printf('key%05d', i), 'x', CASE WHEN i % 5 THEN '2099-01-01 00:00:00' ELSE '2001-01-01 00:00:00' END FROM n",
        )
        .unwrap();
    let live = json(&place.done(&["list", "--json"]));
    assert_eq!(live.as_array().unwrap().len(), 2000);
    assert_eq!(
        live[0],
        json!({"key": "key00001", "expires_at": "2099-01-01T00:00:00Z", "size": 1})
    );
    assert_eq!(
        json(&place.done(&["list", "--json", "--all"]))
            .as_array()
            .unwrap()
            .len(),
        2500
    );
    assert_eq!(
        json(&place.done(&["list", "--json", "--limit", "1500"]))
            .as_array()
            .unwrap()
            .len(),
        1500
    );
    assert_eq!(place.done(&["list", "--json", "--limit", "0"]), "[]\n");
    let people = place.done(&["list", "--limit", "3"]);
    assert_eq!(people.lines().count(), 3);
    assert!(people.starts_with("key00001"), "{people}");
    assert!(people.contains("2099-01-01 00:00:00 UTC (in "), "{people}");

    assert_eq!(
        place.done(&["clearsessions", "--dry-run"]),
        "500 expired sessions would be deleted\n"
    );
    assert_eq!(
        place.done(&["clearsessions", "--batch", "7"]),
        "500 expired sessions deleted\n"
    );
    assert_eq!(place.done(&["clearsessions", "--quiet"]), "");
    assert_eq!(place.done(&["list", "--all"]).lines().count(), 2000);
    place
        .run(&["clearsessions", "--batch", "0"])
        .fails(2, &["--batch"]);
}

#[test]
fn only_expired_sessions_are_said_to_be_there() {
    let place = Place::new();
    place.create_expired();
    let run = place.run(&["list"]);
    assert_eq!(
        run.err,
        "tenure: no sessions (1 expired one: `--all` lists them)\n"
    );
    assert_eq!(
        place.done(&["clearsessions"]),
        "1 expired session deleted\n"
    );
}

#[test]
fn delete_says_what_was_not_there() {
    let place = Place::new();
    let (one, two) = (place.create(&[]), place.create(&[]));
    let run = place.run(&["delete", &one, "0123456789abcdef", "?", &two]);
    run.fails(1, &["no session 0123…", "no session …"]);
    assert!(!run.err.contains("0123456789abcdef"), "{run:?}");
    assert_eq!(run.out, "2 sessions deleted\n");
    place.run(&["show", &one]).fails(1, &[]);
    place.run(&["delete"]).fails(2, &["KEY"]);
}

#[test]
fn a_user_is_added_once() {
    let place = Place::new();
    let run = place.with_input(
        &["createuser", "ada", "--password-stdin"],
        "correct horse\nmore\n",
    );
    assert_eq!(
        (run.code, &*run.out),
        (Some(0), "made the user ada with id 1\n"),
        "{run:?}"
    );
    place
        .with_input(&["createuser", "ada"], "pw\n")
        .fails(1, &["\"ada\" already"]);
    place
        .with_input(&["createuser", "a b"], "pw\n")
        .fails(2, &["not allowed"]);
    place
        .with_input(&["createuser", "bob"], "\n")
        .fails(2, &["password"]);
    place
        .with_input(&["createuser", "bob"], "")
        .fails(2, &["password"]);
    place
        .run(&["createuser", "bob", "pw"])
        .fails(2, &["unexpected argument"]);
}

#[test]
fn users_in_a_table_of_the_sites_own_are_left_to_django() {
    let place = Place::new();
    let settings = "TENURE_USER_TABLE = 'accounts_person'\n";
    std::fs::write(place.path().join("tenure.toml"), settings).unwrap();
    for arguments in [&["createuser", "ada"][..], &["init", "--users"]] {
        let run = place.with_input(arguments, "pw\n");
        run.fails(1, &["accounts_person", "TENURE_USER_TABLE", "migrate"]);
    }
}

#[test]
fn createuser_says_how_to_make_its_table() {
    let place = Place::empty();
    place.done(&["init"]);
    let run = place.with_input(&["createuser", "ada"], "pw\n");
    run.fails(1, &["no table `auth_user`", "tenure init --users"]);
}

#[test]
fn secrets_need_no_settings_and_differ() {
    let place = Place::empty();
    let secret = || {
        let output = place
            .command(&["secret"])
            .env_remove("SECRET_KEY")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (one, two) = (secret(), secret());
    assert_eq!(one.len(), 51);
    assert_ne!(one, two);
}

#[test]
fn where_keys_are_hashed_a_name_is_shown_and_deleted_too() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("TENURE_HASH_KEYS", "true");
        Run::from(command.output().unwrap())
    };
    let key = run(&["create"]).out;
    let listed = run(&["list"]).out;
    let name = listed.split_whitespace().next().unwrap();
    assert_eq!(name.len(), 40);
    assert_eq!(run(&["show", key.trim_end()]).code, Some(0));
    run(&["show", name]).fails(1, &["there is no session"]);
    assert_eq!(run(&["show", "--name", name]).code, Some(0));
    run(&["delete", name]).fails(1, &["there is no session"]);
    assert_eq!(run(&["delete", "--name", name]).out, "1 session deleted\n");
    run(&["show", key.trim_end()]).fails(1, &["there is no session"]);
}

#[test]
fn help_has_examples() {
    let place = Place::empty();
    let help = place.done(&["--help"]);
    for line in help.lines().skip_while(|line| *line != "Commands:").skip(1) {
        let Some(command) = line.split_whitespace().next() else {
            break;
        };
        if command != "help" {
            let help = place.done(&[command, "--help"]);
            assert!(
                help.contains("Examples:\n") || help.contains("Made for cron:\n"),
                "{command}: {help}"
            );
        }
    }
    assert!(place.done(&["--version"]).starts_with("tenure "));
    assert_eq!(place.run(&[]).code, Some(2));
    place.run(&["lst"]).fails(2, &["'list'"]);
}

#[cfg(test)]
impl Place {
    fn create_expired(&self) {
        self.create(&["--expire-at", "2001-01-01"]);
    }
}

#[test]
fn a_session_in_a_cookie_is_made_shown_and_ended_where_that_is_remembered() {
    for engine in ["signed_cookies", "encrypted_cookies"] {
        for revocation in ["none", "db"] {
            let place = Place::empty();
            let run = |arguments: &[&str]| {
                let mut command = place.command(arguments);
                command.env("SESSION_ENGINE", engine);
                command.env("TENURE_COOKIE_REVOCATION", revocation);
                Run::from(command.output().unwrap())
            };
            let made = run(&["init"]);
            assert_eq!(made.code, Some(0), "{made:?}");
            assert_eq!(place.database().exists(), revocation == "db");

            run(&["list"]).fails(1, &[engine, "in the visitors' cookies"]);

            let created = run(&["create", "--data", r#"{"user": 7}"#]);
            assert_eq!(created.code, Some(0), "{created:?}");
            let cookie = created.out.trim_end();
            let shown = run(&["show", "--json", cookie]);
            assert!(shown.out.contains(r#""data": {"user":7}"#), "{shown:?}");
            let decoded = run(&["decode", cookie]);
            assert_eq!(decoded.code == Some(0), engine == "signed_cookies");

            let deleted = run(&["delete", cookie]);
            let shown = run(&["show", cookie]);
            if revocation == "db" {
                assert_eq!(deleted.code, Some(0), "{deleted:?}");
                shown.fails(1, &["there is no session"]);
            } else {
                deleted.fails(1, &["lives on: TENURE_COOKIE_REVOCATION is \"none\""]);
                assert_eq!(shown.code, Some(0), "{shown:?}");
            }
            assert_eq!(run(&["clearsessions"]).code, Some(0));
        }
    }
}
