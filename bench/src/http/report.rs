//! The run as text: Markdown, which a terminal shows as well.

use std::fmt::{self, Write as _};

use super::{
    memory::Growth,
    results::{Results, noise},
    rounds::{Figure, Group, Row},
    route::Route,
    scale::{Axis, Step},
    sizes::Point,
    statistics::Spread,
    table::{Table, short},
};

/// The whole report.
pub(super) fn write(results: &Results) -> Result<String, fmt::Error> {
    let mut out = String::from("# Session systems side by side\n\n");
    for (name, value) in &results.machine.facts {
        writeln!(out, "- {name}: {value}")?;
    }
    if let Some((stray, whose)) = noise(&results.groups) {
        writeln!(
            out,
            "\nNoise: each engine's floor ran as two contestants. The same program strayed by up to {:.0} % from itself ({whose}); a \
             difference that is not larger means nothing.",
            stray * 100.0
        )?;
    }
    for group in &results.groups {
        self::group(&mut out, group)?;
    }
    memory(&mut out, results)?;
    sizes(&mut out, &results.sizes)?;
    scale(&mut out, &results.scale)?;
    if !results.broken.is_empty() {
        writeln!(out, "\n## NOT MEASURED\n")?;
        for (name, why) in &results.broken {
            writeln!(out, "- **{name}**: {}", why.trim().replace('\n', "\n  "))?;
        }
    }
    Ok(out)
}

fn group(out: &mut String, group: &Group) -> fmt::Result {
    let title = group.version.as_deref().unwrap_or(group.engine.name());
    writeln!(
        out,
        "\n## {title}\n\nThe server's CPU per request over the floor's (`plain`: over bare axum's), median and quartiles; microseconds.\n"
    )?;
    write!(
        out,
        "{}",
        by_route(&group.rows, |figure, _| {
            let micros = format!("{} µs", short(figure.server.median));
            match figure.ratio {
                Some(ratio) => format!("{}  {micros}", quartiles(ratio)),
                None => micros,
            }
        })
    )?;
    writeln!(
        out,
        "\nThe engine's CPU per request in microseconds; round trips to it.\n"
    )?;
    if group.rows.iter().any(|row| !row.trips.is_empty()) {
        let cells = by_route(&group.rows, |figure, trips| {
            let engine = figure
                .engine
                .map_or(String::new(), |engine| short(engine.median));
            let trips = trips.map_or(String::new(), |trips| format!("; {}", trimmed(trips)));
            format!("{engine}{trips}")
        });
        write!(out, "{cells}")?;
    } else {
        writeln!(out, "It has no server of its own.")?;
    }
    writeln!(
        out,
        "\nRequests per second; p50 and p99 in milliseconds, of 64 connections that ask without a pause.\n"
    )?;
    let cells = by_route(&group.rows, |figure, _| {
        let wrong = match figure.wrong {
            some if some > 0.0 => format!("; {some:.0} WRONG"),
            _ => String::new(),
        };
        let millis = |spread: Spread| short(spread.median / 1e3);
        format!(
            "{}; {} {}{wrong}",
            short(figure.per_second.median),
            millis(figure.p50),
            millis(figure.p99)
        )
    });
    write!(out, "{cells}")
}

/// A row for each contestant, a column for each route. What was not measured is a dash.
fn by_route(rows: &[Row], cell: impl Fn(&Figure, Option<f64>) -> String) -> Table {
    let titles = Route::ALL.map(Route::title);
    let mut table = Table::new(["contestant"].into_iter().chain(titles));
    for row in rows {
        let cells = Route::ALL.map(|route| match row.figures.get(&route) {
            Some(figure) => cell(figure, row.trips.get(&route).copied()),
            None => "–".to_owned(),
        });
        table.row([row.label.clone()].into_iter().chain(cells));
    }
    table
}

fn quartiles(spread: Spread) -> String {
    format!(
        "{} ({}–{})",
        short(spread.median),
        short(spread.low),
        short(spread.high)
    )
}

/// `2` and not `2.00`: most contestants ask equally often each time.
fn trimmed(count: f64) -> String {
    let text = format!("{count:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn memory(out: &mut String, results: &Results) -> fmt::Result {
    if results.memory.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Memory\n\nMebibytes before and with so many live sessions of 300 bytes; the engine's is its server's memory, or its files' size.\n"
    )?;
    let mut table = Table::new([
        "contestant",
        "sessions",
        "server",
        "engine",
        "both, per 100,000",
    ]);
    for taken in &results.memory {
        let grown = |growth: Growth| growth.after - growth.before;
        let from_to =
            |growth: Growth| format!("{} → {}", short(growth.before), short(growth.after));
        let both = grown(taken.server) + taken.engine.map_or(0.0, grown);
        table.row([
            taken.contestant.to_owned(),
            short(taken.sessions),
            from_to(taken.server),
            taken.engine.map_or("–".to_owned(), from_to),
            short(both * 1e5 / taken.sessions),
        ]);
    }
    write!(out, "{table}")
}

fn sizes(out: &mut String, points: &[Point]) -> fmt::Result {
    if points.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Size of a session\n\nThe server's CPU per request in microseconds, by bytes of JSON.\n"
    )?;
    let mut bytes: Vec<u32> = points.iter().map(|point| point.bytes).collect();
    bytes.sort_unstable();
    bytes.dedup();
    let heads = bytes.iter().map(|bytes| short(f64::from(*bytes)));
    let mut table = Table::new(["contestant".to_owned()].into_iter().chain(heads));
    let mut names: Vec<(&str, &str)> = Vec::new();
    for point in points {
        if !names.contains(&(point.contestant, point.path)) {
            names.push((point.contestant, point.path));
        }
    }
    for (contestant, path) in names {
        let of = |bytes: &u32| {
            let mut own = points
                .iter()
                .filter(|point| (point.contestant, point.path) == (contestant, path));
            own.find(|point| point.bytes == *bytes)
                .map_or("–".to_owned(), |point| short(point.server.median))
        };
        table.row(
            [format!("{contestant} {path}")]
                .into_iter()
                .chain(bytes.iter().map(of)),
        );
    }
    write!(out, "{table}")
}

fn scale(out: &mut String, steps: &[Step]) -> fmt::Result {
    for (axis, title, about) in [
        (
            Axis::Connections,
            "connections",
            "Connections that stay open",
        ),
        (Axis::Sessions, "sessions", "Sessions in Redis"),
    ] {
        let mut table = Table::new([
            title,
            "contestant",
            "p50 µs",
            "p99 µs",
            "CPU µs",
            "server MiB",
            "engine MiB",
        ]);
        let mut some = false;
        for step in steps.iter().filter(|step| step.axis == axis) {
            some = true;
            let numbers = [step.p50, step.p99, step.cpu, step.server, step.engine].map(short);
            table.row(
                [short(f64::from(step.count)), step.contestant.to_owned()]
                    .into_iter()
                    .chain(numbers),
            );
        }
        if some {
            writeln!(
                out,
                "\n## {about}\n\n`/read`, one client, one request after the other.\n\n{table}"
            )?;
        }
    }
    Ok(())
}
