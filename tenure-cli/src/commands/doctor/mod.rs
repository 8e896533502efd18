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

use serde::Deserialize;
use serde_json::json;
use tenure::{Secret, Sessions, Settings, engine as engines, system::OperatingSystem};

use self::report::Report;
use crate::{
    django::{Described, Named, Part, Project},
    output::{Failure, Out},
    site::Site,
};

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
        Some(project) => Some(compare(project, &settings, site, &mut report).await?),
        None => None,
    };
    look(project.as_mut(), &settings, &mut report).await?;
    match Sessions::open(settings.clone()).await {
        Err(error) => report.problem(
            "store of sessions",
            ["", "not opened"],
            Failure::from(error).text(),
            "mend that, then run `tenure doctor` again",
        ),
        Ok(sessions) => match (&described, &mut project) {
            (Some(described), Some(project)) if described.base() == Some(&*settings.engine) => {
                exchange::both_ways(project, &sessions, &mut report).await?;
            }
            _ => exchange::alone(&sessions, &mut report).await,
        },
    }
    let django = described.as_ref().map(|described| &*described.django);
    if arguments.json {
        writeln!(out, "{:#}", report.to_json(django))?;
    } else {
        report.print(django.is_some(), out)?;
    }
    report.end()
}

/// What the settings of both sides say.
async fn compare(
    project: &mut Project,
    settings: &Settings,
    site: &Site,
    report: &mut Report,
) -> Result<Described, Failure> {
    let key = Secret::generate(&OperatingSystem)?;
    let text = String::from_utf8_lossy(key.as_bytes());
    let described: Described = project.ask(&json!({"op": "describe", "key": text}))?;
    engine::compare(&described, settings, site, report);
    secrets::compare(
        &described.secrets,
        &secrets::hashes(settings, &key),
        &described.module,
        site,
        report,
    );
    cookie::compare(&described, settings, site, report);
    clock::zones(&described, settings, site, report);
    let same_engine = described.base() == Some(&*settings.engine);
    if same_engine && table::is_used(settings) {
        table::compare(&described, settings, site, report);
    }
    if same_engine && is_cached(settings) {
        cache::compare(&described, settings, site, report);
    }
    if same_engine && settings.engine == "file" {
        folder::compare(&described, settings, site, report);
    }
    users::compare(&described, settings, project, report).await?;
    let asked = clock::seconds(SystemTime::now());
    let times = project.ask(&json!({"op": "clock"}))?;
    let answered = clock::seconds(SystemTime::now());
    clock::of_django(&times, f64::midpoint(asked, answered), report);
    Ok(described)
}

fn is_cached(settings: &Settings) -> bool {
    matches!(&*settings.engine, "cache" | "cached_db")
}

/// Which of Django's tables are there.
#[derive(Deserialize)]
struct Tables {
    session: Option<Part<bool>>,
}

/// What is there: table, servers, folder.
async fn look(
    project: Option<&mut Project>,
    settings: &Settings,
    report: &mut Report,
) -> Result<(), Failure> {
    if table::is_used(settings) {
        let tables: Option<Tables> = match project {
            Some(project) => Some(project.ask(&json!({"op": "tables"}))?),
            None => None,
        };
        let django = tables
            .and_then(|tables| tables.session)
            .map(|there| match there {
                Part::Told(true) => "there".to_owned(),
                Part::Told(false) => "missing".to_owned(),
                Part::Failed { error } => error,
            });
        match engines::inspect_table(settings).await {
            Ok(state) => {
                table::examine(&state, django.as_deref(), report);
                clock::of_server("the database", state.clock, report);
            }
            Err(error) => report.problem(
                "table django_session",
                [django.as_deref().unwrap_or_default(), "not reached"],
                Failure::from(error).text(),
                "mend that, then run `tenure doctor` again",
            ),
        }
    }
    // A cache that cannot be opened is told of where the store is.
    if is_cached(settings)
        && let Ok(state) = engines::inspect_cache(settings).await
    {
        cache::eviction(&state, &settings.engine, report);
        clock::of_server("Redis", state.clock, report);
    }
    if settings.engine == "file" {
        folder::examine(settings, report);
    }
    Ok(())
}
