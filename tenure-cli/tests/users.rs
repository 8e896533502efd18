//! The sessions of a user: `tenure list --user` and `tenure revoke`.

#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::Value;
    use tenure::{
        Secret, Sessions, Settings,
        auth::{self, Auth, Remember},
    };

    use super::support::{Place, Run, SECRET};

    /// A site with the list of users' sessions, and the user `ada`, who has id 1.
    struct Site(Place);

    impl Site {
        fn new() -> Self {
            let site = Self(Place::empty());
            assert_eq!(site.run(&["init", "--users"]).code, Some(0));
            let mut made = site.command(&["createuser", "ada", "--password-stdin"]);
            made.stdin(std::process::Stdio::piped());
            let mut made = made.spawn().unwrap();
            made.stdin
                .take()
                .unwrap()
                .write_all(b"correct horse\n")
                .unwrap();
            assert!(made.wait().unwrap().success());
            site
        }

        fn command(&self, arguments: &[&str]) -> std::process::Command {
            let mut command = self.0.command(arguments);
            command.env("TENURE_USER_SESSIONS", "true");
            command.env("TENURE_PASSWORD_HASHER", "pbkdf2_sha256$10");
            command
        }

        fn run(&self, arguments: &[&str]) -> Run {
            self.command(arguments).output().unwrap().into()
        }

        fn done(&self, arguments: &[&str]) -> String {
            let run = self.run(arguments);
            assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.err);
            run.out
        }

        /// The keys of so many sessions of Ada's; the last is remembered beyond it.
        fn log_in(&self, times: usize) -> Vec<String> {
            let mut settings = Settings::django();
            settings.secret_key = Some(Secret::new(SECRET));
            settings.user_sessions = true;
            settings.set_database_url(format!("sqlite://{}", self.0.database().display()));
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                let sessions = Sessions::open(settings.clone()).await.unwrap();
                let auth = Auth::open(&settings).await.unwrap();
                let ada = auth.user_by_name("ada").await.unwrap().unwrap();
                let remember = Remember::new(&sessions, auth).unwrap();
                let mut keys = Vec::new();
                for time in 1..=times {
                    let session = sessions.new_session().load().await.unwrap();
                    auth::login(&session, &ada).await.unwrap();
                    if time == times {
                        remember.begin(&session, &ada).await.unwrap();
                    }
                    session.save().await.unwrap();
                    keys.push(session.key().unwrap().as_str().to_owned());
                }
                keys
            })
        }

        fn handles(&self) -> Vec<String> {
            let listed = self.done(&["list", "--user", "ada", "--json"]);
            let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
            let handle = |session: &Value| session["handle"].as_str().unwrap().to_owned();
            listed.iter().map(handle).collect()
        }
    }

    #[test]
    fn r05_a_users_sessions_are_listed_without_their_keys_and_end() {
        let site = Site::new();
        assert_eq!(site.done(&["list", "--user", "ada", "--json"]), "[]\n");
        let none = site.run(&["list", "--user", "ada"]);
        assert_eq!(
            (none.code, &*none.err),
            (Some(0), "tenure: ada has no sessions\n")
        );

        let keys = site.log_in(3);
        let as_text = site.done(&["list", "--user", "1"]);
        let as_json = site.done(&["list", "--user", "ada", "--json"]);
        for key in &keys {
            assert!(
                !as_text.contains(key) && !as_json.contains(key),
                "{as_text}"
            );
        }
        let handles = site.handles();
        assert_eq!(handles.len(), 3);
        let mut lines = as_text.lines();
        let titles: Vec<_> = lines
            .next()
            .unwrap()
            .split("  ")
            .filter(|title| !title.is_empty())
            .collect();
        assert_eq!(
            titles.iter().map(|title| title.trim()).collect::<Vec<_>>(),
            ["HANDLE", "CREATED", "LAST SEEN", "ADDRESS", "USER AGENT"]
        );
        for (line, handle) in lines.zip(&handles) {
            assert!(line.starts_with(handle) && line.contains("UTC"), "{line}");
        }

        let ended = site.done(&["revoke", "--user", "ada", "--handle", &handles[0]]);
        assert_eq!(ended, "1 session of ada ended\n");
        assert_eq!(site.handles().len(), 2);
        site.run(&["revoke", "--user", "ada", "--handle", &handles[0]])
            .fails(1, &["ada has no session with the handle"]);
        assert_eq!(
            site.done(&["revoke", "--user", "1", "--all"]),
            "2 sessions of ada ended\n"
        );
        assert!(site.handles().is_empty());
        for key in &keys {
            assert_eq!(site.run(&["show", key]).code, Some(1));
        }
        assert_eq!(site.done(&["list"]), "", "what remembers her is gone too");
        assert_eq!(
            site.done(&["revoke", "--user", "ada", "--all"]),
            "0 sessions of ada ended\n"
        );
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        let site = Site::new();
        for command in [
            &["list", "--user", "bob"][..],
            &["revoke", "--all", "--user", "bob"],
        ] {
            site.run(command)
                .fails(1, &["there is no user with the name or id \"bob\""]);
            site.0.run(command).fails(
                2,
                &[
                    "TENURE_USER_SESSIONS is off",
                    "set TENURE_USER_SESSIONS in tenure.toml to true",
                    "tenure init",
                ],
            );
        }
        site.run(&["revoke", "--user", "ada"])
            .fails(2, &["--handle", "--all"]);
        site.run(&["revoke", "--all"]).fails(2, &["--user"]);
        site.run(&["revoke", "--user", "ada", "--all", "--handle", "x"])
            .fails(2, &["--handle", "--all"]);
        site.run(&["list", "--user", "ada", "--limit", "3"])
            .fails(2, &["--limit"]);

        let mut in_cookies = site.command(&["list", "--user", "ada"]);
        in_cookies.env("SESSION_ENGINE", "signed_cookies");
        in_cookies.env("TENURE_COOKIE_REVOCATION", "none");
        Run::from(in_cookies.output().unwrap())
            .fails(1, &["an engine that keeps sessions on the server"]);
    }
}
