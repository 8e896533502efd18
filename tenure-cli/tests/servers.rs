//! The commands on databases with a server.

#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::{MariaDb, Postgres, free_port};

    use crate::support::{Place, Run};

    /// A whole round of the commands on an empty database.
    fn a_round(url: &str) {
        let place = Place::empty();
        let run = |arguments: &[&str]| -> Run {
            let mut command = place.command(arguments);
            command.env("DATABASE_URL", url).output().unwrap().into()
        };
        let done = |arguments: &[&str]| {
            let run = run(arguments);
            assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.err);
            run.out
        };
        run(&["list"]).fails(1, &["has no table `django_session`", "tenure init"]);
        assert_eq!(done(&["init"]), "made the table django_session\n");
        assert_eq!(
            done(&["init"]),
            "the table django_session was there already\n"
        );
        run(&["createuser", "ada", "--password-stdin"])
            .fails(1, &["`auth_user`", "tenure init --users"]);
        let made = "the table django_session was there already\nmade the table auth_user\n";
        assert_eq!(done(&["init", "--users"]), made);
        let key = done(&["create", "--data", r#"{"a":1}"#]);
        let key = key.trim_end();
        let shown: serde_json::Value =
            serde_json::from_str(&done(&["show", "--json", key])).unwrap();
        assert_eq!(shown["data"], json!({"a": 1}));
        assert!(done(&["list"]).contains(key));
        assert_eq!(done(&["clearsessions"]), "0 expired sessions deleted\n");
        done(&["delete", key]);
        run(&["show", key]).fails(1, &[]);
    }

    fn away(url: &str, port: u16) {
        let place = Place::empty();
        let mut command = place.command(&["list"]);
        let run: Run = command.env("DATABASE_URL", url).output().unwrap().into();
        run.fails(1, &[&format!("127.0.0.1:{port}"), "tried for", "because: "]);
        assert!(!run.err.contains("sesame"), "{run:?}");
    }

    #[test]
    fn every_command_works_on_postgresql() {
        let server = Postgres::start();
        a_round(&server.url(&server.create_database()));
        let port = free_port();
        away(&server.url_through(port, "site"), port);
    }

    #[test]
    fn every_command_works_on_mariadb() {
        let server = MariaDb::start();
        a_round(&server.url(&server.create_database()));
        let port = free_port();
        away(&server.url_through(port, "site"), port);
    }
}
