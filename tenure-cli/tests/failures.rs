//! What goes wrong around the program: settings, files, locks, full disks, closed pipes.

#[cfg(test)]
mod support;

use std::{fs, path::Path, process::Command};

use support::{Place, Run, SECRET};

#[cfg(test)]
fn output(command: &mut Command) -> Run {
    command.output().unwrap().into()
}

/// A line of shell, in which `$TENURE` is the program.
fn shell(place: &Place, line: &str) -> Run {
    let mut command = Command::new("sh");
    place.prepare(&mut command);
    command.env("TENURE", env!("CARGO_BIN_EXE_tenure"));
    output(command.args(["-c", line]))
}

#[test]
fn a_wrong_setting_is_exit_code_2_with_its_name() {
    let place = Place::new();
    let list = || place.command(&["list"]);
    output(list().env_remove("SECRET_KEY")).fails(2, &["SECRET_KEY is missing", "tenure secret"]);
    output(list().env("SECRET_KEY", "hunter2")).fails(2, &["SECRET_KEY"]);
    output(list().env("SESSION_COOKIE_AGE", "soon")).fails(2, &["SESSION_COOKIE_AGE", "soon"]);
    output(list().env("SESSION_COKIE_AGE", "60")).fails(2, &["SESSION_COOKIE_AGE"]);
    output(list().env("DATABASE_URL", "oracle://host/db")).fails(2, &["DATABASES.default.URL"]);
    output(list().env("SESSION_ENGINE", "pigeon")).fails(2, &["SESSION_ENGINE"]);
    output(list().env("TENURE_SETTINGS", "none.toml")).fails(2, &["none.toml"]);

    let empty = Place::empty();
    let init = || empty.command(&["init"]);
    output(init().env("SESSION_ENGINE", "pigeon")).fails(2, &["SESSION_ENGINE"]);
    output(init().env("DATABASE_URL", "oracle://host/db"))
        .fails(2, &["DATABASES.default.URL", "\"oracle://host/db\""]);
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn settings_come_from_the_file_that_is_named() {
    let place = Place::new();
    let file = place.path().join("other.toml");
    let text = format!(
        "SECRET_KEY = {SECRET:?}\n[DATABASES.default]\nURL = \"sqlite:other.sqlite3?mode=rwc\"\n"
    );
    fs::write(&file, text).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        output(command.env_remove("SECRET_KEY").env_remove("DATABASE_URL"))
    };
    assert_eq!(
        run(&["--settings", "other.toml", "init"]).out,
        "made the database\nmade the table django_session\n"
    );
    assert!(place.path().join("other.sqlite3").exists());
    assert_eq!(run(&["list", "--settings", "other.toml"]).code, Some(0));

    fs::write(&file, format!("SECRET_KEY = \"{SECRET}\n")).unwrap();
    run(&["list", "--settings", "other.toml"]).fails(2, &["other.toml", "line 1"]);
}

#[test]
fn a_missing_file_is_not_made_by_looking() {
    let place = Place::empty();
    for arguments in [
        &["list"][..],
        &["create"],
        &["clearsessions"],
        &["show", "0123456789"],
        &["createuser", "ada"],
    ] {
        place
            .run(arguments)
            .fails(1, &["site.sqlite3 cannot be opened", "tenure init"]);
        // Nor is the one that the library makes where no database is named.
        let unnamed = output(place.command(arguments).env_remove("DATABASE_URL"));
        unnamed.fails(1, &["tenure.sqlite3", "DATABASE_URL"]);
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_table_is_named() {
    let place = Place::empty();
    fs::write(place.database(), "").unwrap();
    for arguments in [
        &["list"][..],
        &["create"],
        &["clearsessions"],
        &["show", "0123456789"],
        &["delete", "0123456789"],
    ] {
        place
            .run(arguments)
            .fails(1, &["no table `django_session`", "tenure init"]);
    }
    assert_eq!(place.done(&["init"]), "made the table django_session\n");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let place = Place::empty();
    fs::write(
        place.database(),
        "not a database at all, but long enough to look at ".repeat(100),
    )
    .unwrap();
    for arguments in [&["list"][..], &["init"]] {
        place
            .run(arguments)
            .fails(1, &["damaged, or no SQLite database"]);
    }
}

#[test]
fn urls_are_relative_or_absolute() {
    let place = Place::new();
    let key = place.create(&[]);
    let absolute = format!("sqlite://{}", place.database().display());
    for url in [
        &*absolute,
        "sqlite://site.sqlite3",
        "sqlite:./site.sqlite3?mode=rw",
    ] {
        let run = output(place.command(&["show", &key]).env("DATABASE_URL", url));
        assert_eq!(run.code, Some(0), "{url}: {run:?}");
    }
}

#[test]
fn what_may_only_be_read_is_read() {
    let place = Place::new();
    let key = place.create(&["--data", "{\"a\": 1}"]);
    let read_only = |arguments: &[&str]| {
        output(
            place
                .command(arguments)
                .env("DATABASE_URL", "sqlite:site.sqlite3?mode=ro"),
        )
    };
    assert!(read_only(&["show", &key]).out.contains("\"a\": 1"));
    assert!(read_only(&["list"]).out.contains(&key));
    assert_eq!(read_only(&["init"]).code, Some(0));
    for arguments in [&["create"][..], &["delete", &key], &["clearsessions"]] {
        read_only(arguments).fails(1, &["may not be written", "mode"]);
    }
}

#[test]
fn a_closed_pipe_ends_a_list_quietly() {
    let place = Place::new();
    let database = rusqlite::Connection::open(place.database()).unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
        INSERT INTO django_session SELECT printf('key%05d', i), 'x', '2099-01-01 00:00:00' FROM n";
    database.execute_batch(rows).unwrap();
    for arguments in ["list", "list --json"] {
        let run = shell(
            &place,
            &format!("{{ $TENURE {arguments}; echo $? > code; }} | head -1"),
        );
        assert_eq!((run.code, run.out.lines().count()), (Some(0), 1), "{run:?}");
        assert_eq!(run.err, "");
        assert_eq!(
            fs::read_to_string(place.path().join("code")).unwrap(),
            "0\n"
        );
    }
    let run = shell(&place, "$TENURE --help | head -1");
    assert_eq!((run.code, &*run.err), (Some(0), ""));
}

#[test]
fn output_that_cannot_be_written_is_said() {
    if Path::new("/dev/full").exists() {
        let place = Place::new();
        shell(&place, "exec $TENURE create > /dev/full").fails(1, &["cannot be written"]);
    }
}

#[test]
fn a_full_disk_refuses_new_sessions_and_keeps_old_ones() {
    let place = Place::new();
    let old = place.create(&["--data", "{\"a\": 1}"]);
    let noise: Vec<String> = (0_u64..20_000)
        .map(|n| format!("{:08x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32))
        .collect();
    let noise = noise.concat();
    fs::write(
        place.path().join("data.json"),
        format!("{{\"a\": \"{noise}\"}}"),
    )
    .unwrap();
    // Blocks of 512 or 1024 bytes: enough for what is there, too little for what comes.
    let run = shell(
        &place,
        "trap '' XFSZ; ulimit -f 64; exec $TENURE create --data - < data.json",
    );
    assert_eq!(run.out, "");
    run.fails(1, &["disk full"]);
    assert_eq!(place.shown(&old)["data"]["a"], 1);
    assert_eq!(place.done(&["list"]).lines().count(), 1);
    assert_eq!(
        place.with_input(&["create", "--data", "-"], "{}").code,
        Some(0)
    );
}

#[test]
fn a_locked_database_is_named_and_still_read() {
    let place = Place::new();
    let key = place.create(&["--data", "{\"a\": 1}"]);
    let holder = rusqlite::Connection::open(place.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let impatient =
        |arguments: &[&str]| output(place.command(arguments).env("TENURE_STORE_TIMEOUT", "1"));
    for arguments in [&["create"][..], &["delete", &key], &["clearsessions"]] {
        let run = impatient(arguments);
        run.fails(1, &["locked"]);
        assert_eq!(run.out, "");
    }
    assert!(impatient(&["show", &key]).out.contains("\"a\": 1"));
    assert!(impatient(&["list"]).out.contains(&key));
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(place.done(&["delete", &key]), "1 session deleted\n");
}

#[test]
fn looking_at_a_database_leaves_its_journal_mode() {
    let place = Place::new();
    let key = place.create(&["--data", "{\"a\": 1}"]);
    let mode = |wanted: &str| -> String {
        let connection = rusqlite::Connection::open(place.database()).unwrap();
        let sql = format!("PRAGMA journal_mode{wanted}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(mode(" = delete"), "delete");
    assert!(place.done(&["show", &key]).contains("\"a\": 1"));
    assert!(place.done(&["list"]).contains(&key));
    assert_eq!(mode(""), "delete");
}
