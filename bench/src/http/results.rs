//! All that a run has shown, and as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    machine::Machine,
    memory::{Growth, Taken},
    rounds::{Figure, Group, Row},
    route::Route,
    scale::{Axis, Step},
    sizes::Point,
    statistics::Spread,
};

/// What was asked for and could not be measured, and why.
pub(super) type Broken = Vec<(String, String)>;

/// A run. A part that was not asked for is empty.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) machine: Machine,
    pub(super) groups: Vec<Group>,
    pub(super) memory: Vec<Taken>,
    pub(super) sizes: Vec<Point>,
    pub(super) scale: Vec<Step>,
    pub(super) broken: Broken,
}

impl Results {
    /// Everything, for programs.
    pub(super) fn json(&self) -> Value {
        let groups = self.groups.iter().map(|group| {
            let rows: Vec<Value> = group.rows.iter().map(row).collect();
            json!({ "engine": group.engine.name(), "version": group.version, "contestants": rows })
        });
        let memory = self.memory.iter().map(|taken| {
            json!({
                "contestant": taken.contestant,
                "sessions": taken.sessions,
                "server_mib": growth(taken.server),
                "engine_mib": taken.engine.map(growth),
            })
        });
        let sizes = self.sizes.iter().map(|point| {
            json!({
                "contestant": point.contestant,
                "path": point.path,
                "bytes": point.bytes,
                "server_cpu_us": spread(point.server),
            })
        });
        let scale = self.scale.iter().map(|step| {
            json!({
                "contestant": step.contestant,
                "of": match step.axis {
                    Axis::Connections => "connections",
                    Axis::Sessions => "sessions",
                },
                "count": step.count,
                "p50_us": step.p50,
                "p99_us": step.p99,
                "server_cpu_us": step.cpu,
                "server_mib": step.server,
                "engine_mib": step.engine,
            })
        });
        let broken = self
            .broken
            .iter()
            .map(|(name, why)| json!({ "what": name, "why": why }));
        json!({
            "machine": self.machine.facts.iter().cloned().collect::<BTreeMap<_, _>>(),
            "engines": groups.collect::<Vec<_>>(),
            "memory": memory.collect::<Vec<_>>(),
            "sizes": sizes.collect::<Vec<_>>(),
            "scale": scale.collect::<Vec<_>>(),
            "not_measured": broken.collect::<Vec<_>>(),
        })
    }
}

fn row(row: &Row) -> Value {
    let routes: BTreeMap<&str, Value> = row
        .figures
        .iter()
        .map(|(route, figure)| (route.title(), measured(figure, row.trips.get(route))))
        .collect();
    json!({ "contestant": row.label, "routes": routes })
}

fn measured(figure: &Figure, trips: Option<&f64>) -> Value {
    json!({
        "ratio_to_floor": figure.ratio.map(spread),
        "server_cpu_us": spread(figure.server),
        "engine_cpu_us": figure.engine.map(spread),
        "round_trips": trips,
        "requests_per_second": spread(figure.per_second),
        "p50_us": spread(figure.p50),
        "p99_us": spread(figure.p99),
        "requests": figure.requests,
        "wrong": figure.wrong,
    })
}

fn spread(spread: Spread) -> Value {
    json!({ "median": spread.median, "quartiles": [spread.low, spread.high] })
}

fn growth(growth: Growth) -> Value {
    json!({ "before": growth.before, "after": growth.after })
}

/// How far the floors stray from themselves: the largest distance of a median from 1, and whose it is. A smaller difference between two
/// contestants means nothing.
pub(super) fn noise(groups: &[Group]) -> Option<(f64, String)> {
    let rows = groups.iter().flat_map(|group| &group.rows);
    let again = rows.filter(|row| row.label.ends_with(super::rounds::AGAIN));
    let strays = again.flat_map(|row| {
        let figures = row
            .figures
            .iter()
            .filter(|(route, _)| !route.is_untouched());
        figures.filter_map(|(route, figure): (&Route, &Figure)| {
            let stray = (figure.ratio?.median - 1.0).abs();
            Some((stray, format!("{}, {}", row.label, route.title())))
        })
    });
    strays.max_by(|one, other| one.0.total_cmp(&other.0))
}
