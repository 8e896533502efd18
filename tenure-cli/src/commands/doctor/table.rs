//! The database, and the table of sessions in it.

use tenure::{Settings, engine::TableState};

use super::report::Report;
use crate::{
    django::{
        Described, TABLE,
        database::{self, Place},
    },
    site::Site,
};

/// What stands for a table that is not there.
pub(super) const MISSING: &str = "missing";

/// Whether sessions are in the database.
pub(super) fn is_used(settings: &Settings) -> bool {
    let in_cookies = matches!(&*settings.engine, "signed_cookies" | "encrypted_cookies");
    let revoked_there = in_cookies && settings.cookie_revocation.as_deref() == Some("db");
    matches!(&*settings.engine, "db" | "cached_db") || revoked_there
}

/// Whether both mean the same database. One has many names, so that another name is no problem yet.
pub(super) fn compare(described: &Described, ours: &Settings, site: &Site, report: &mut Report) {
    let name = "database";
    let url = ours
        .databases
        .get("default")
        .map_or("", |entry| &*entry.url);
    let tenure = Place::of(url);
    let tenure_shown = tenure.as_ref().map(ToString::to_string).unwrap_or_default();
    let place = site.place("DATABASES.default.URL");
    let theirs = described.database.told().map(database::address);
    let django = match theirs {
        Some(Ok(address)) => Place::of(&address.url),
        Some(Err(why)) => {
            return report.problem(
                name,
                [&why, &tenure_shown],
                why.clone(),
                "keep sessions in a database that both can use",
            );
        }
        None => {
            let why = described.database.error().unwrap_or_default();
            return report.problem(
                name,
                [why, &tenure_shown],
                "Django cannot use its database",
                "mend DATABASES in Django's settings",
            );
        }
    };
    let django_shown = django.as_ref().map(ToString::to_string).unwrap_or_default();
    let sides = [&*django_shown, &*tenure_shown];
    let (Some(django), Some(tenure)) = (django, tenure) else {
        return report.note(name, sides, "it cannot be compared");
    };
    if django == tenure {
        report.good(name, sides);
    } else if django.kind == tenure.kind && django.name == tenure.name {
        report.note(
            name,
            sides,
            format!("two names of one server are all right; else set {place} to that of Django, which `tenure settings --django` prints"),
        );
    } else {
        report.problem(
            name,
            sides,
            "the two use different databases",
            format!("set {place} to that of Django, which `tenure settings --django` prints"),
        );
    }
}

/// The table itself. `django` tells whether Django finds it, where that was asked.
pub(super) fn examine(state: &TableState, django: &str, report: &mut Report) {
    let name = "table django_session";
    if state.columns.is_empty() {
        return report.problem(
            name,
            [django, MISSING],
            "there is no table of sessions in tenure's database",
            "run `python manage.py migrate`, with django.contrib.sessions in INSTALLED_APPS; without Django `tenure init` makes it",
        );
    }
    if django == MISSING {
        return report.problem(
            name,
            [django, "there"],
            "Django finds no table of sessions, so that it looks into another database or schema than tenure",
            "run `python manage.py migrate`, and compare DATABASES on both sides",
        );
    }
    let column = |name: &str| state.columns.iter().find(|column| column.name == name);
    let missing: Vec<_> = ["session_key", "session_data", "expire_date"]
        .into_iter()
        .filter(|name| column(name).is_none())
        .collect();
    if !missing.is_empty() {
        return report.problem(
            name,
            [django, &format!("without {}", missing.join(", "))],
            "it is not Django's table of sessions",
            "rename it, then run `python manage.py migrate sessions`",
        );
    }
    report.good(name, [django, "there"]);
    let Some(expires) = column("expire_date") else {
        return;
    };
    if expires.kind.starts_with("timestamp without") {
        report.problem(
            "column expire_date",
            ["", &expires.kind],
            "PostgreSQL keeps these dates without a time zone, so that what moment they mean depends on the connection",
            format!("ALTER TABLE {TABLE} ALTER COLUMN expire_date TYPE timestamp with time zone USING expire_date AT TIME ZONE 'UTC', if they are in UTC"),
        );
    }
    if expires.indexed {
        report.good("index on expire_date", ["", "there"]);
    } else {
        report.problem(
            "index on expire_date",
            ["", MISSING],
            "to find sessions that have ended, the whole table is read",
            format!("CREATE INDEX {TABLE}_expire_date_a5c62663 ON {TABLE} (expire_date), as Django's migration does"),
        );
    }
}
