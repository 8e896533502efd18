//! What `tenure settings` writes, and what both commands say where there is nothing to ask.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::{
    site::{Site, manage, run},
    support::{Place, Run, SECRET},
};

#[test]
fn the_file_with_the_secret_is_private_and_never_overwritten() {
    let site = Site::plain();
    let printed = run(&mut site.beside_django(&["settings"]));
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(
        printed.out.contains("It holds the secret key"),
        "{}",
        printed.out
    );
    assert!(
        printed.out.contains(&format!("SECRET_KEY = {SECRET:?}\n")),
        "{}",
        printed.out
    );

    site.take_settings();
    let file = site.place.path().join("tenure.toml");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), printed.out);
    fs::write(&file, "mine").unwrap();
    run(&mut site.beside_django(&["settings", "--output", "tenure.toml"]))
        .fails(1, &["tenure.toml is there already", "name another file"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn what_is_not_taken_over_is_told() {
    let site = Site::plain();
    site.change("SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nprint('good morning')");
    let printed = run(&mut site.beside_django(&["settings"]));
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(
        printed
            .out
            .contains("# - CACHES[\"default\"]: it is the memory of one Python process"),
        "{}",
        printed.out
    );
    assert!(
        printed
            .err
            .contains("tenure: not shared with Django: CACHES"),
        "{}",
        printed.err
    );
    assert!(!printed.out.contains("good morning"), "{}", printed.out);
    site.change("SECRET_KEY = 'short'");
    run(&mut site.beside_django(&["settings"])).fails(
        1,
        &["SECRET_KEY is only 5 characters long", "change it there"],
    );
}

fn both(place: &Place, manage: &Path, python: &Path) -> [Run; 2] {
    ["settings", "doctor"].map(|name| {
        let mut command = place.command(&[name, "--django"]);
        command.arg(manage).arg("--python").arg(python);
        run(command
            .env("DJANGO_SECRET_KEY", SECRET)
            .env("DJANGO_DB", place.database()))
    })
}

#[test]
fn a_project_that_cannot_be_asked_is_told_with_what_to_do() {
    let place = Place::new();
    let python = testkit::python();
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    for run in both(&place, Path::new("nowhere/manage.py"), &python) {
        run.fails(
            2,
            &[
                "there is no file nowhere/manage.py",
                "--django takes the path",
            ],
        );
    }
    for run in both(&place, &manage(), Path::new("/nowhere/python")) {
        run.fails(
            2,
            &[
                "Python cannot be started as /nowhere/python",
                "--python names the Python",
            ],
        );
    }
    let bare = write(
        "bare",
        &format!("#!/bin/sh\nexec {} -S \"$@\"\n", python.display()),
    );
    for run in both(&place, &manage(), &bare) {
        run.fails(
            1,
            &["this Python has no Django", "--python names the Python"],
        );
    }
    write(
        "broken_settings.py",
        "raise RuntimeError('the vault is closed')\n",
    );
    let start = |module: &str| {
        format!(
            "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = {module:?}\nfrom django.core import management\nmanagement.execute_from_command_line()\n"
        )
    };
    for run in both(
        &place,
        &write("broken.py", &start("broken_settings")),
        &python,
    ) {
        run.fails(
            1,
            &[
                "broken.py cannot be loaded: RuntimeError: the vault is closed",
                "manage.py check",
            ],
        );
    }
    for run in both(
        &place,
        &write("absent.py", &start("absent_settings")),
        &python,
    ) {
        run.fails(
            1,
            &["cannot be loaded: ModuleNotFoundError", "absent_settings"],
        );
    }
    for run in both(&place, &write("other.py", "print('hello')\n"), &python) {
        run.fails(1, &["other.py does not start Django", "startproject"]);
    }
    place
        .run(&["settings"])
        .fails(2, &["--django MANAGE.PY is needed"]);
    place
        .run(&["doctor", "--python", "python3"])
        .fails(2, &["--django"]);
}

#[test]
fn a_django_that_fails_half_way_leaves_no_session_and_what_was_found() {
    let site = Site::plain();
    site.take_settings();
    let engine = |method: &str| {
        site.write(
            "failing.py",
            &format!("import os\nfrom django.contrib.sessions.backends import db\nclass SessionStore(db.SessionStore):\n    {method}\n"),
        );
        site.change("SESSION_ENGINE = 'failing'");
        let run = run(&mut site.beside_django(&["doctor"]));
        let keys = site.place.done(&["list", "--all", "--json"]);
        assert_eq!(keys, "[]\n", "{run:?}");
        run
    };
    let run = engine("def load(self): os._exit(7)");
    assert!(run.out.contains("SESSION_COOKIE_AGE"), "{run:?}");
    run.fails(1, &["Python ended without an answer (exit status: 7)"]);
    let run = engine("def delete(self, session_key=None): raise RuntimeError('no')");
    assert_eq!((run.code, &*run.err), (Some(0), ""), "{run:?}");
    engine("def save(self, must_create=False): raise RuntimeError('full')")
        .fails_on_output("Django cannot write a session: RuntimeError: full");
}

#[test]
fn without_django_the_doctor_checks_what_is_there() {
    let place = Place::empty();
    place
        .run(&["doctor"])
        .fails_on_output("site.sqlite3 cannot be opened");
    place.done(&["init"]);
    let text = place.done(&["doctor"]);
    assert!(
        text.contains("tenure writes and reads") && text.ends_with("no problem found\n"),
        "{text}"
    );
    assert_eq!(place.done(&["list", "--all", "--json"]), "[]\n");
    rusqlite::Connection::open(place.database())
        .unwrap()
        .execute_batch("DROP TABLE django_session")
        .unwrap();
    place
        .run(&["doctor"])
        .fails_on_output("`tenure init` makes it");
}

impl Run {
    /// It ended with findings, and says this on standard output.
    #[track_caller]
    fn fails_on_output(&self, says: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.out.contains(says), "{says:?} is not said: {self:?}");
        assert_eq!(self.err, "");
    }
}
