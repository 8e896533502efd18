//! A Django project in a folder of its own: that of the tests, with settings that a test changes.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use testkit::{Django, python};

use crate::support::{Place, Run, SECRET};

pub(crate) struct Site {
    pub(crate) place: Place,
    variables: BTreeMap<&'static str, OsString>,
    /// Lines of Python that stand behind the settings of the tests.
    settings: String,
}

impl Site {
    /// On this database, as `DATABASES["default"]`, with the tables that Django makes and one user.
    pub(crate) fn on(database: &Value) -> Self {
        let mut site = Self::new();
        site.set("DJANGO_DATABASE", database.to_string());
        site.migrate();
        site
    }

    /// On a file, with the tables that Django makes and one user.
    pub(crate) fn migrated() -> Self {
        let site = Self::new();
        site.migrate();
        site
    }

    fn migrate(&self) {
        let mut django = Django::start(self.variables.clone());
        django.ask(&json!({"op": "migrate"}));
        django.ask(&json!({"op": "create_user", "username": "ada", "password": "correct horse"}));
    }

    /// On a file, with the tables that tenure makes: faster.
    pub(crate) fn plain() -> Self {
        let site = Self::new();
        site.place.done(&["init", "--users"]);
        site
    }

    fn new() -> Self {
        let place = Place::empty();
        let mut site = Self {
            variables: BTreeMap::new(),
            settings: String::new(),
            place,
        };
        site.set("DJANGO_DB", site.place.database());
        site.set("DJANGO_SECRET_KEY", SECRET);
        site.change("");
        site.set("DJANGO_SETTINGS_MODULE", "changed_settings");
        let folder = site.place.path().to_owned();
        site.set("PYTHONPATH", folder);
        // A file that Python has compiled counts by its second, and tests are faster.
        site.set("PYTHONDONTWRITEBYTECODE", "1");
        site
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.variables.insert(name, value.into());
    }

    /// Lines of Python at the end of Django's settings, for good.
    pub(crate) fn settle(&mut self, python: &str) {
        self.settings = format!("{python}\n");
        self.change("");
    }

    /// Lines behind those, until the next change.
    pub(crate) fn change(&self, python: &str) {
        let text = format!("from site_settings import *\n{}{python}\n", self.settings);
        self.write("changed_settings.py", &text);
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.place.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A `tenure` that has its settings from `tenure.toml` alone.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command
            .env_remove("SECRET_KEY")
            .env_remove("DATABASE_URL")
            .envs(&self.variables);
        command
    }

    /// A `tenure` that is told of the project.
    pub(crate) fn beside_django(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command
            .arg("--django")
            .arg(manage())
            .arg("--python")
            .arg(python());
        command
    }

    /// Makes `tenure.toml` of Django's settings as they are.
    pub(crate) fn take_settings(&self) {
        let _ = fs::remove_file(self.place.path().join("tenure.toml"));
        let run = run(&mut self.beside_django(&["settings", "--output", "tenure.toml"]));
        assert_eq!((run.code, &*run.err), (Some(0), ""), "{run:?}");
    }

    pub(crate) fn diagnose(&self) -> Diagnosis {
        let run = run(&mut self.beside_django(&["doctor", "--json"]));
        assert_eq!(run.err, "", "{run:?}");
        assert!(!run.out.contains(SECRET), "{run:?}");
        let found: Value = serde_json::from_str(&run.out).unwrap();
        let problems = found["problems"].as_u64().unwrap();
        assert_eq!(run.code, Some(i32::from(problems > 0)), "{run:?}");
        Diagnosis(found["checks"].as_array().unwrap().clone())
    }
}

pub(crate) fn run(command: &mut Command) -> Run {
    command.output().unwrap().into()
}

pub(crate) fn manage() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/django/manage.py")
}

/// What the doctor has found.
pub(crate) struct Diagnosis(Vec<Value>);

impl Diagnosis {
    pub(crate) fn problems(&self) -> Vec<&str> {
        let problems = self.0.iter().filter(|check| check["verdict"] == "problem");
        problems
            .map(|check| check["check"].as_str().unwrap())
            .collect()
    }

    /// What it says of this check.
    #[track_caller]
    pub(crate) fn check(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("{name} is not among the checks"))
    }
}

/// The problems alone.
impl fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.0.iter().filter(|check| check["verdict"] == "problem");
        problems
            .into_iter()
            .try_for_each(|check| writeln!(f, "{check:#}"))
    }
}
