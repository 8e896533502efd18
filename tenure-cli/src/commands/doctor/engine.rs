//! The engine, and what it writes.

use tenure::Settings;

use super::report::Report;
use crate::{
    django::{Described, LOCMEM, SALT, SERIALIZERS, TABLE},
    site::Site,
};

/// The versions of Django that tenure is tested against.
const OLDEST: (u32, u32) = (4, 2);
const NEWEST: (u32, u32) = (6, 1);

pub(super) fn compare(described: &Described, ours: &Settings, site: &Site, report: &mut Report) {
    version(described, report);
    let name = "SESSION_ENGINE";
    let theirs = described.setting(name).as_str().unwrap_or_default();
    let Some(engine) = described.engine.told() else {
        return report.problem(
            name,
            [theirs, &ours.engine],
            format!(
                "Django cannot load its engine: {}",
                described.engine.error().unwrap_or_default()
            ),
            format!(
                "mend SESSION_ENGINE in Django's settings {}",
                described.module
            ),
        );
    };
    let Some(base) = engine.base.as_deref() else {
        return report.problem(
            name,
            [theirs, &ours.engine],
            "Django's engine is one of the project's own, of which tenure knows nothing",
            format!(
                "set SESSION_ENGINE in Django's settings {} to one of django.contrib.sessions.backends.…",
                described.module
            ),
        );
    };
    let local = described
        .cache
        .told()
        .is_some_and(|cache| cache.backend == LOCMEM);
    if local && matches!(base, "cache" | "cached_db") {
        return report.problem(
            name,
            [base, &ours.engine],
            "Django keeps sessions in the memory of each of its processes: what others have changed or ended lives on there",
            format!(
                "set CACHES in Django's settings {} to a Redis or memcached, or SESSION_ENGINE to \"django.contrib.sessions.backends.db\", then \
                 make {} the same",
                described.module,
                site.place(name)
            ),
        );
    }
    if base != ours.engine {
        return report.problem(
            name,
            [base, &ours.engine],
            "the two keep sessions in different places",
            format!("set {} to {base:?}", site.place(name)),
        );
    }
    if ours.hash_keys {
        report.problem(
            "TENURE_HASH_KEYS",
            ["", "true"],
            "the store has the hash of each key, under which Django finds no session",
            format!("set {} to false", site.place("TENURE_HASH_KEYS")),
        );
    }
    if theirs == format!("django.contrib.sessions.backends.{base}") {
        report.good(name, [base, &ours.engine]);
    } else {
        report.note(
            name,
            [theirs, &ours.engine],
            format!("it is made from Django's engine {base}"),
        );
    }
    if matches!(base, "db" | "cached_db" | "file") {
        report.equal(
            "salt",
            [&engine.salt, SALT],
            "Django's engine signs with a salt of its own, so that neither side can verify what the other wrote: sessions are empty",
            format!("take `key_salt` out of the class SessionStore in {theirs}, so that it is Django's {SALT:?} again"),
        );
    }
    if base != "cache" {
        serializer(described, &engine.serializer, report);
    }
    if let Some(table) = &engine.table {
        report.equal(
            "table of sessions",
            [table, TABLE],
            "the two keep sessions in different tables",
            format!(
                "give the session model of {theirs} the table {TABLE:?} (`db_table` in its Meta)"
            ),
        );
    }
}

fn serializer(described: &Described, class: &str, report: &mut Report) {
    let name = "SESSION_SERIALIZER";
    let ours = "JSONSerializer";
    if SERIALIZERS.contains(&class) {
        return report.good(name, [ours, ours]);
    }
    report.problem(
        name,
        [class, ours],
        "Django writes what tenure cannot read, and the reverse: tenure knows JSON alone",
        format!(
            "set SESSION_SERIALIZER = \"{}\" in Django's settings {}; sessions of before are lost",
            SERIALIZERS[0], described.module
        ),
    );
}

fn version(described: &Described, report: &mut Report) {
    let name = "version of Django";
    let tested = format!("{}.{} to {}.{}", OLDEST.0, OLDEST.1, NEWEST.0, NEWEST.1);
    let sides = [&*described.django, &*tested];
    if described.version < OLDEST {
        report.problem(
            name,
            sides,
            "this Django is older than those whose sessions tenure knows: it may write them in another way, and gets no security updates",
            format!("update Django to {}.{} or later", OLDEST.0, OLDEST.1),
        );
    } else if described.version > NEWEST {
        report.note(name, sides, "this Django is newer than those that tenure was tested with: what follows tells whether it still fits");
    } else {
        report.good(name, sides);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::django::tests::described;

    fn found(changes: &[(&str, Value)]) -> Vec<String> {
        let mut report = Report::default();
        let ours = Settings::django();
        compare(&described(changes), &ours, &Site::new(None), &mut report);
        report.found().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn an_engine_of_the_projects_own_counts_by_what_it_is_made_from() {
        let mut own = described(&[]);
        own.settings
            .insert("SESSION_ENGINE".into(), json!("site.sessions"));
        let mut report = Report::default();
        compare(&own, &Settings::django(), &Site::new(None), &mut report);
        assert_eq!(report.found(), Vec::<&str>::new());
        assert_eq!(found(&[("/engine/base", json!(null))]), ["SESSION_ENGINE"]);
        assert_eq!(
            found(&[("/engine", json!({"error": "ImportError"}))]),
            ["SESSION_ENGINE"]
        );
    }

    #[test]
    fn what_is_written_in_another_way_is_found() {
        for (change, check) in [
            (("/engine/base", json!("file")), "SESSION_ENGINE"),
            (("/engine/salt", json!("other")), "salt"),
            (
                ("/engine/serializer", json!("site.Pickle")),
                "SESSION_SERIALIZER",
            ),
            (("/engine/table", json!("sessions")), "table of sessions"),
            (("/version", json!([4, 1])), "version of Django"),
        ] {
            assert_eq!(found(&[change]), [check]);
        }
        assert!(found(&[("/version", json!([7, 0]))]).is_empty());
    }

    #[test]
    fn a_cache_in_the_memory_of_a_process_is_shared_by_nobody() {
        assert_eq!(
            found(&[("/engine/base", json!("cached_db"))]),
            ["SESSION_ENGINE"]
        );
    }
}
