//! `tenure secret rotate` and `forget`: the secrets of a settings file change, and nothing else of it.

#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
        path::PathBuf,
    };

    use tenure::Settings;

    use super::support::{Place, Run, SECRET};

    const FALLBACK: &str = "the one before, which had more than 32 characters";

    fn file() -> String {
        format!(
            "# The site's settings.
SESSION_COOKIE_AGE = 86_400   # a day

# Keep it to yourself.
SECRET_KEY = '{SECRET}' # not in git
SECRET_KEY_FALLBACKS = [ # oldest last
    \"{FALLBACK}\", # of 2024
]
USE_TZ=true

[DATABASES.default]
URL = \"sqlite:site.sqlite3\" # beside us
"
        )
    }

    struct Site {
        place: Place,
        path: PathBuf,
    }

    impl Site {
        fn with(text: &str) -> Self {
            let place = Place::empty();
            let path = place.path().join("tenure.toml");
            fs::write(&path, text).unwrap();
            Self { place, path }
        }

        fn run(&self, arguments: &[&str]) -> Run {
            let mut command = self.place.command(&[&["secret"], arguments].concat());
            command.env_remove("SECRET_KEY").env_remove("DATABASE_URL");
            let run = Run::from(command.output().unwrap());
            for secret in self.secrets().iter().chain([&SECRET.to_owned()]) {
                assert!(!run.out.contains(secret), "{run:?}");
                assert!(!run.err.contains(secret), "{run:?}");
            }
            run
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.path).unwrap()
        }

        /// The secret and the fallbacks, as a service reads them.
        fn secrets(&self) -> Vec<String> {
            let text = fs::read_to_string(&self.path).unwrap_or_default();
            let Ok(settings) = Settings::from_toml(&text) else {
                return Vec::new();
            };
            let secrets = settings
                .secret_key
                .iter()
                .chain(&settings.secret_key_fallbacks);
            secrets
                .map(|secret| String::from_utf8(secret.as_bytes().to_vec()).unwrap())
                .collect()
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.place.path()).unwrap();
            let mut names: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    #[test]
    fn a_rotation_changes_the_secrets_and_nothing_else() {
        let site = Site::with(&file());
        fs::set_permissions(&site.path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&site.path).unwrap();

        let tried = site.run(&["rotate", "--dry-run"]);
        assert_eq!(tried.code, Some(0), "{tried:?}");
        assert!(
            tried.out.starts_with("would make a new SECRET_KEY in /"),
            "{tried:?}"
        );
        assert!(
            tried.out.contains("SECRET_KEY_FALLBACKS, 2 secrets now"),
            "{tried:?}"
        );
        assert_eq!(site.text(), file());

        let run = site.run(&["rotate"]);
        assert_eq!((run.code, &*run.err), (Some(0), ""), "{run:?}");
        for part in [
            "made a new SECRET_KEY in /",
            "in front of SECRET_KEY_FALLBACKS, 2 secrets now",
            "settings.py",
            "Restart every process",
            "86400 seconds",
            "`tenure secret forget`",
        ] {
            assert!(run.out.contains(part), "{part}: {run:?}");
        }
        let [new, old, older] = &site.secrets()[..] else {
            panic!("{}", site.text());
        };
        assert_eq!((new.len(), &**old, &**older), (50, SECRET, FALLBACK));
        // All the rest is as it was, to the byte.
        let quoted = toml_text(&site.text(), new);
        let back = site
            .text()
            .replace(&quoted, &format!("'{SECRET}'"))
            .replace(&format!("[\"{SECRET}\","), "[");
        assert_eq!(back, file());
        let after = fs::metadata(&site.path).unwrap();
        assert_eq!(after.mode(), before.mode());
        assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
        assert_ne!(
            after.ino(),
            before.ino(),
            "it was replaced, not written over"
        );
        assert_eq!(site.names(), ["tenure.toml"]);
    }

    /// The secret as it stands in the file, with its quotes.
    fn toml_text(text: &str, secret: &str) -> String {
        let at = text.find(secret).unwrap();
        text[at - 1..=at + secret.len()].to_owned()
    }

    #[test]
    fn a_rotation_begins_the_list_of_fallbacks_and_forgetting_empties_it() {
        let site = Site::with(&format!(
            "SECRET_KEY = \"{SECRET}\"\n[CACHES.default]\nBACKEND = 'x'\n"
        ));
        assert_eq!(site.run(&["rotate"]).code, Some(0));
        assert_eq!(site.run(&["rotate"]).code, Some(0));
        let secrets = site.secrets();
        assert_eq!((secrets.len(), &*secrets[2]), (3, SECRET));

        let tried = site.run(&["forget", "--dry-run"]);
        assert!(
            tried.out.contains("which leaves 1 secret there"),
            "{tried:?}"
        );
        assert_eq!(site.secrets(), secrets);
        let run = site.run(&["forget"]);
        assert!(run.out.contains("restart every process"), "{run:?}");
        assert_eq!(site.secrets(), secrets[..2]);
        assert_eq!(site.run(&["forget"]).code, Some(0));
        assert_eq!(site.secrets(), secrets[..1]);
        site.run(&["forget"])
            .fails(1, &["no secret in its SECRET_KEY_FALLBACKS"]);
        assert!(site.text().contains("BACKEND = 'x'"));
    }

    #[test]
    fn one_bare_fallback_becomes_a_list() {
        let site = Site::with(&format!(
            "SECRET_KEY = '{SECRET}'\nSECRET_KEY_FALLBACKS = '{FALLBACK}'\n"
        ));
        assert_eq!(site.run(&["rotate"]).code, Some(0));
        assert_eq!(site.secrets()[1..], [SECRET, FALLBACK]);
    }

    #[test]
    fn a_weak_secret_can_be_rotated_away() {
        let site = Site::with("SECRET_KEY = \"django-insecure-abc\"\n");
        let run = site.run(&["rotate"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.err.contains("django-insecure-"), "{run:?}");
        assert_eq!(site.secrets()[1], "django-insecure-abc");
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let site = Site::with("");
        let real = site.place.path().join("shared");
        fs::create_dir(&real).unwrap();
        fs::remove_file(&site.path).unwrap();
        fs::write(real.join("site.toml"), file()).unwrap();
        symlink("shared/site.toml", &site.path).unwrap();
        assert_eq!(site.run(&["rotate"]).code, Some(0));
        assert!(fs::symlink_metadata(&site.path).unwrap().is_symlink());
        assert_eq!(site.secrets()[1..], [SECRET, FALLBACK]);
        assert_eq!(fs::read_dir(real).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_rotated_is_left_as_it_is() {
        for (text, says) in [
            ("USE_TZ = true\n".to_owned(), "there is no SECRET_KEY in it"),
            (
                "SECRET_KEY = 7\n".into(),
                "its SECRET_KEY is empty or no text",
            ),
            (
                "SECRET_KEY = ''\n".into(),
                "its SECRET_KEY is empty or no text",
            ),
            (
                format!("[SECRET_KEY]\nnow = '{SECRET}'\n"),
                "its SECRET_KEY is empty or no text",
            ),
            (
                format!("SECRET_KEY = '{SECRET}'\nSECRET_KEY_FALLBACKS = [1]\n"),
                "its SECRET_KEY_FALLBACKS is no list of texts",
            ),
            (
                format!("# …\nSECRET_KEY = '{SECRET}\n"),
                "it is no TOML, in line 2",
            ),
        ] {
            let site = Site::with(&text);
            for arguments in [&["rotate"][..], &["rotate", "--dry-run"]] {
                site.run(arguments).fails(1, &[says, "nothing was changed"]);
            }
            assert_eq!(site.text(), text);
            assert_eq!(site.names(), ["tenure.toml"]);
        }
    }

    #[test]
    fn a_file_that_must_not_be_changed_is_not() {
        let site = Site::with(&file());
        fs::set_permissions(&site.path, fs::Permissions::from_mode(0o440)).unwrap();
        site.run(&["rotate"])
            .fails(1, &["is read-only", "chmod u+w"]);
        assert_eq!(site.text(), file());

        fs::remove_file(&site.path).unwrap();
        site.run(&["rotate"])
            .fails(1, &["there is no settings file tenure.toml", "--settings"]);
        fs::create_dir(&site.path).unwrap();
        site.run(&["rotate"]).fails(1, &["is no file"]);
    }

    #[test]
    fn a_secret_from_the_environment_is_said_to_win() {
        let site = Site::with(&file());
        for name in ["SECRET_KEY", "SECRET_KEY_FALLBACKS"] {
            for command in ["rotate", "forget"] {
                let mut command = site.place.command(&["secret", command]);
                command.env_remove("SECRET_KEY").env(name, SECRET);
                let says = format!("{name} is an environment variable");
                Run::from(command.output().unwrap()).fails(1, &[&says, "`tenure secret`"]);
            }
        }
        assert_eq!(site.text(), file());
    }
}
