//! Clocks and time zones.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;
use tenure::{Settings, engine::Clock};

use super::report::Report;
use crate::{
    django::{self, Described},
    site::Site,
};

/// Answers take their time, and clocks that are kept by NTP are well within it.
const TOLERATED: Duration = Duration::from_secs(5);

/// What Django takes the time to be, in seconds since 1970.
#[derive(Deserialize)]
pub(super) struct Times {
    /// Python's `time.time()`.
    python: f64,
    /// `django.utils.timezone.now()`.
    django: f64,
}

/// Seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// `61 minutes ahead`, `right`.
pub(super) fn off(by: f64) -> String {
    let distance = by.abs();
    if distance <= TOLERATED.as_secs_f64() {
        return "right".into();
    }
    let (number, unit) = match distance {
        ..120.0 => (distance, "seconds"),
        ..7_200.0 => (distance / 60.0, "minutes"),
        ..172_800.0 => (distance / 3_600.0, "hours"),
        _ => (distance / 86_400.0, "days"),
    };
    format!(
        "{number:.0} {unit} {}",
        if by > 0.0 { "ahead" } else { "behind" }
    )
}

/// Django's clock, which was asked at a moment in the middle of `here`.
pub(super) fn of_django(times: &Times, here: f64, report: &mut Report) {
    // The one that is further away: a project may replace either.
    let by = [times.python - here, times.django - here];
    let by = if by[0].abs() > by[1].abs() {
        by[0]
    } else {
        by[1]
    };
    let shown = off(by);
    report.equal(
        "clock of Django",
        [&shown, "right"],
        "Django's process has another time than this machine: a session ends early on one side and late on the other",
        format!(
            "set the clock of the machine that is wrong by {:.0} s (NTP), or take out what replaces `time.time` or `timezone.now` in the project",
            by.abs()
        ),
    );
}

pub(super) fn of_server(server: &str, clock: Option<Clock>, report: &mut Report) {
    let Some(clock) = clock else {
        return;
    };
    let shown = off(seconds(clock.server) - seconds(clock.here));
    let name = format!("clock of {server}");
    if shown == "right" {
        return report.good(&name, ["", &shown]);
    }
    report.problem(
        &name,
        ["", &shown],
        "the server has another time than this machine",
        format!(
            "set the clock of the machine that is wrong by {} s (NTP)",
            clock.difference().as_secs()
        ),
    );
}

/// Time zones, which count where dates are stored without one.
pub(super) fn zones(described: &Described, ours: &Settings, site: &Site, report: &mut Report) {
    let setting = |name: &str| described.setting(name);
    let theirs = setting("USE_TZ").as_bool().unwrap_or_default();
    let what = if theirs {
        "Django keeps dates in UTC and tenure in local time (naive dates): sessions end hours early or late"
    } else {
        "Django keeps dates in local time (naive dates) and tenure in UTC: sessions end hours early or late"
    };
    let change = if theirs {
        format!("set {} to true", site.place("USE_TZ"))
    } else {
        format!(
            "set {} to false and {} to {}; better, USE_TZ = True in Django's settings {}, with all dates in its databases moved to UTC",
            site.place("USE_TZ"),
            site.place("TIME_ZONE"),
            django::value(setting("TIME_ZONE")),
            described.module
        )
    };
    report.equal(
        "USE_TZ",
        [&theirs.to_string(), &ours.use_tz.to_string()],
        what,
        change,
    );
    if theirs || ours.use_tz {
        // It does not count.
        return database_zone(described, ours, site, report);
    }
    report.equal(
        "TIME_ZONE",
        [
            setting("TIME_ZONE").as_str().unwrap_or_default(),
            &ours.time_zone,
        ],
        "the two mean different moments by the same date: sessions end hours early or late",
        format!(
            "set {} to {}",
            site.place("TIME_ZONE"),
            django::value(setting("TIME_ZONE"))
        ),
    );
}

fn database_zone(described: &Described, ours: &Settings, site: &Site, report: &mut Report) {
    let theirs = described
        .database
        .told()
        .and_then(|database| database.time_zone.as_deref());
    let tenure = ours
        .databases
        .get("default")
        .and_then(|entry| entry.time_zone.as_deref());
    if theirs.is_none() && tenure.is_none() {
        return;
    }
    let value = theirs.map_or(Value::Null, Value::from);
    report.equal(
        "database TIME_ZONE",
        [theirs.unwrap_or("UTC"), tenure.unwrap_or("UTC")],
        "the two mean different moments by the same date in the database: sessions end hours early or late",
        format!("set {} to {}", site.place("DATABASES.default.TIME_ZONE"), django::value(&value)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::django::tests::described;

    #[test]
    fn zones_count_where_dates_have_none() {
        let found = |theirs: (bool, &str), ours: (bool, &str)| {
            let described = described(&[
                ("/settings/USE_TZ", theirs.0.into()),
                ("/settings/TIME_ZONE", theirs.1.into()),
            ]);
            let mut settings = Settings::django();
            (settings.use_tz, settings.time_zone) = (ours.0, ours.1.to_owned());
            let mut report = Report::default();
            zones(&described, &settings, &Site::new(None), &mut report);
            report.found().join(" ")
        };
        let (rome, utc) = ("Europe/Rome", "UTC");
        assert_eq!(found((true, rome), (true, utc)), "");
        assert_eq!(found((false, rome), (false, rome)), "");
        assert_eq!(found((false, rome), (true, rome)), "USE_TZ");
        assert_eq!(found((true, rome), (false, rome)), "USE_TZ");
        assert_eq!(found((false, rome), (false, utc)), "TIME_ZONE");
    }

    #[test]
    fn a_distance_is_told_in_its_unit_and_direction() {
        for (by, text) in [
            (0.0, "right"),
            (-4.9, "right"),
            (60.0, "60 seconds ahead"),
            (-3_600.0, "60 minutes behind"),
            (21_600.0, "6 hours ahead"),
            (-864_000.0, "10 days behind"),
        ] {
            assert_eq!(off(by), text);
        }
    }
}
