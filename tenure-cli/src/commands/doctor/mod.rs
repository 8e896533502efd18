//! `tenure doctor`: whether a Django project and tenure share their sessions.
//!
//! * `report.rs`: what was found;
//! * one file for each group of checks, which compares what both sides say;
//! * `exchange.rs`: a session written by one side and read by the other.

mod cache;
mod clock;
mod cookie;
mod engine;
mod exchange;
mod folder;
mod report;
mod secrets;
mod table;
mod users;

use std::time::SystemTime;

use serde_json::json;
use tenure::{Secret, Sessions, Settings, engine as engines, system::OperatingSystem};

use self::report::Report;
use crate::{
    django::{Described, Named, Project},
    output::{Failure, Out},
    site::{Site, with_hint},
};

/// What to do about a server that cannot be used.
const AGAIN: &str = "mend that, then run `tenure doctor` again";

/// Check that sessions work, and that a Django project shares them
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    project: Named,
    /// Print one JSON object: `django`, `problems`, and `checks` with `check`, `django`, `tenure`, `verdict`, `what` and `to_do`
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
With --django, the project's manage.py runs as it would for a command of Django's, in this environment: both sides' settings are compared, \
then each writes a session that the other reads. Without, what can be checked alone is. Those sessions are deleted again.

Secrets are compared by a hash that is new in every run. Exit code 0 only if no problem is found.

Examples:
  tenure doctor
  tenure doctor --django /srv/site/manage.py
  tenure doctor --django manage.py --python venv/bin/python --json | jq '.checks[] | select(.verdict == \"problem\")'";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let settings = site.settings()?;
    let mut project = Project::start(&arguments.project)?;
    let mut report = Report::default();
    let described = match &mut project {
        Some(project) => Some(describe(project, &settings, site, &mut report)?),
        None => None,
    };
    let beside = described.as_ref().zip(project.as_mut());
    let examined = examine(beside, &settings, site, &mut report).await;
    let django = described.map(|described| described.django);
    if arguments.json {
        writeln!(out, "{:#}", report.to_json(django.as_deref()))?;
    } else {
        report.print(django.is_some(), out)?;
    }
    // What was found before a failure is worth having too.
    examined.and(report.end())
}

/// What Django says of itself. Secrets are compared here, where the key of their hashes is.
fn describe(
    project: &mut Project,
    settings: &Settings,
    site: &Site,
    report: &mut Report,
) -> Result<Described, Failure> {
    let key = Secret::generate(&OperatingSystem)?;
    let text = String::from_utf8_lossy(key.as_bytes());
    let described: Described = project.ask(&json!({"op": "describe", "key": text}))?;
    let ours = secrets::hashes(settings, &key);
    secrets::compare(&described.secrets, &ours, &described.module, site, report);
    Ok(described)
}

async fn examine(
    mut beside: Option<(&Described, &mut Project)>,
    settings: &Settings,
    site: &Site,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut django_has_table = None;
    let mut shared = false;
    if let Some((described, project)) = &mut beside {
        compare(described, project, settings, site, report).await?;
        shared = described.base() == Some(&*settings.engine);
        if shared && table::is_used(settings) {
            django_has_table = Some(project.try_ask(&json!({"op": "has_table"}))?);
        }
    } else {
        report.good("SESSION_ENGINE", ["", &settings.engine]);
    }
    look(django_has_table, settings, report).await;
    match (Sessions::open(settings.clone()).await, beside) {
        (Err(error), _) => report.problem(
            "store of sessions",
            ["", "not opened"],
            with_hint(error.into(), settings).text(),
            AGAIN,
        ),
        (Ok(sessions), Some((_, project))) if shared => {
            exchange::both_ways(project, &sessions, report).await?;
        }
        (Ok(sessions), _) => exchange::alone(&sessions, report).await,
    }
    Ok(())
}

/// What the settings of both sides say.
async fn compare(
    described: &Described,
    project: &mut Project,
    settings: &Settings,
    site: &Site,
    report: &mut Report,
) -> Result<(), Failure> {
    engine::compare(described, settings, site, report);
    cookie::compare(described, settings, site, report);
    clock::zones(described, settings, site, report);
    if described.base() == Some(&*settings.engine) {
        if table::is_used(settings) {
            table::compare(described, settings, site, report);
        }
        if is_cached(settings) {
            cache::compare(described, settings, site, report);
        }
        if settings.engine == "file" {
            folder::compare(described, settings, site, report);
        }
    }
    users::compare(described, settings, site, project, report).await?;
    let asked = clock::seconds(SystemTime::now());
    let times = project.ask(&json!({"op": "clock"}))?;
    let answered = clock::seconds(SystemTime::now());
    clock::of_django(&times, f64::midpoint(asked, answered), report);
    Ok(())
}

fn is_cached(settings: &Settings) -> bool {
    matches!(&*settings.engine, "cache" | "cached_db")
}

/// What is there: table, servers, folder.
async fn look(
    django_has_table: Option<Result<Option<bool>, String>>,
    settings: &Settings,
    report: &mut Report,
) {
    if table::is_used(settings) {
        let django = match django_has_table {
            None | Some(Ok(None)) => String::new(),
            Some(Ok(Some(true))) => "there".into(),
            Some(Ok(Some(false))) => table::MISSING.into(),
            Some(Err(error)) => error,
        };
        match engines::inspect_table(settings).await {
            Ok(state) => {
                table::examine(&state, &django, report);
                clock::of_server("the database", state.clock, report);
            }
            Err(error) => report.problem(
                "table django_session",
                [&django, "not reached"],
                with_hint(error.into(), settings).text(),
                AGAIN,
            ),
        }
    }
    if is_cached(settings) {
        match engines::inspect_cache(settings).await {
            Ok(state) => {
                cache::eviction(&state, &settings.engine, report);
                clock::of_server("Redis", state.clock, report);
            }
            Err(error) => report.problem(
                "server of the cache",
                ["", "not reached"],
                Failure::from(error).text(),
                AGAIN,
            ),
        }
    }
    if settings.engine == "file" {
        folder::examine(settings, report);
    }
}
