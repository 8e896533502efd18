//! Plots, as SVG.

use std::path::Path;

use plotters::prelude::*;

use super::{
    results::Results,
    rounds::Group,
    route::Route,
    scale::{Axis, Step},
    sizes::Point,
};
use crate::Error;

/// Distinct in light and dark, and for most eyes.
const COLOURS: [RGBColor; 8] = [
    RGBColor(120, 120, 120),
    RGBColor(170, 170, 170),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

/// The width of the contestants' names.
const NAMES: i32 = 230;

/// Writes every plot that the run has figures for.
pub(super) fn write(results: &Results, folder: &Path) -> Result<(), Error> {
    for group in &results.groups {
        ratios(group, &folder.join(format!("{}.svg", group.engine.name())))?;
    }
    if !results.sizes.is_empty() {
        lines(&sizes(&results.sizes), &folder.join("sizes.svg"))?;
    }
    if !results.scale.is_empty() {
        lines(&scale(&results.scale), &folder.join("scale.svg"))?;
    }
    Ok(())
}

/// A line for each contestant, with a dot for each route where its ratio is, and its quartiles as a dash.
fn ratios(group: &Group, file: &Path) -> Result<(), Error> {
    let rows: Vec<_> = group
        .rows
        .iter()
        .filter(|row| row.label != "bare")
        .collect();
    let ratios = || {
        rows.iter()
            .flat_map(|row| row.figures.values().filter_map(|figure| figure.ratio))
    };
    let low = ratios().map(|ratio| ratio.low).fold(0.9, f64::min) / 1.05;
    let high = ratios().map(|ratio| ratio.high).fold(1.5, f64::max) * 1.1;
    let count = u32::try_from(rows.len())?;
    let root = SVGBackend::new(file, (960, 130 + 44 * count)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!(
        "{}: the server's CPU per request, floor = 1",
        group.version.as_deref().unwrap_or(group.engine.name())
    );
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(NAMES)
        .right_y_label_area_size(110)
        .build_cartesian_2d((low..high).log_scale(), f64::from(count)..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc("times the floor (plain: times bare axum), logarithmic")
        .x_label_formatter(&|value| format!("{value}"))
        .draw()?;
    let area = chart.plotting_area();
    area.draw(&PathElement::new(
        vec![(1.0, 0.0), (1.0, f64::from(count))],
        BLACK.stroke_width(1),
    ))?;
    for (row, place) in rows.iter().zip(0u32..) {
        let label = ("sans-serif", 14).into_font().color(&BLACK);
        let (left, middle) = (low, f64::from(place) + 0.5);
        area.draw(
            &(EmptyElement::at((left, middle)) + Text::new(row.label.clone(), (-NAMES, -7), label)),
        )?;
        for ((route, colour), step) in Route::ALL.into_iter().zip(COLOURS).zip(0u32..) {
            let Some(ratio) = row.figures.get(&route).and_then(|figure| figure.ratio) else {
                continue;
            };
            let height = f64::from(place) + 0.14 + 0.12 * f64::from(step);
            let dash = vec![(ratio.low, height), (ratio.high, height)];
            area.draw(&PathElement::new(dash, colour.stroke_width(2)))?;
            area.draw(&Circle::new((ratio.median, height), 4, colour.filled()))?;
        }
    }
    for ((route, colour), step) in Route::ALL.into_iter().zip(COLOURS).zip(0i32..) {
        let label = ("sans-serif", 13).into_font().color(&BLACK);
        let entry = EmptyElement::at((high, 0.0))
            + Circle::new((14, 10 + 18 * step), 4, colour.filled())
            + Text::new(route.title(), (24, 4 + 18 * step), label);
        area.draw(&entry)?;
    }
    root.present()?;
    Ok(())
}

/// One of several charts in a plot.
struct Panel<'a> {
    title: String,
    x: &'a str,
    y: &'a str,
    lines: Vec<(String, Vec<(f64, f64)>)>,
}

fn sizes(points: &[Point]) -> Vec<Panel<'_>> {
    let paths = ["/read", "/write"].into_iter();
    let panels = paths.map(|path| Panel {
        title: format!("{path}, by the size of the session"),
        x: "bytes of JSON",
        y: "µs of CPU per request",
        lines: by_name(
            points
                .iter()
                .filter(|point| point.path == path)
                .map(|point| {
                    (
                        point.contestant.to_owned(),
                        (f64::from(point.bytes), point.server.median),
                    )
                }),
        ),
    });
    panels.collect()
}

fn scale(steps: &[Step]) -> Vec<Panel<'_>> {
    let axes = [
        (Axis::Connections, "open connections"),
        (Axis::Sessions, "sessions in Redis"),
    ];
    let mut panels = Vec::new();
    for (axis, x) in axes {
        let of = |name: &str, value: fn(&Step) -> f64| {
            let own = steps.iter().filter(|step| step.axis == axis);
            let name = name.to_owned();
            own.map(move |step| {
                (
                    format!("{}{name}", step.contestant),
                    (f64::from(step.count), value(step)),
                )
            })
            .collect::<Vec<_>>()
        };
        panels.push(Panel {
            title: "latency of /read".to_owned(),
            x,
            y: "µs",
            lines: by_name(
                of(" p50", |step| step.p50)
                    .into_iter()
                    .chain(of(" p99", |step| step.p99)),
            ),
        });
        panels.push(Panel {
            title: "memory of the server".to_owned(),
            x,
            y: "MiB",
            lines: by_name(of("", |step| step.server)),
        });
    }
    panels
}

/// The points of each name, in the order of the names' first points.
fn by_name(
    points: impl IntoIterator<Item = (String, (f64, f64))>,
) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut lines: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (name, point) in points {
        match lines.iter_mut().find(|(other, _)| *other == name) {
            Some((_, line)) => line.push(point),
            None => lines.push((name, vec![point])),
        }
    }
    lines
}

/// Two charts a row, with both axes logarithmic.
fn lines(panels: &[Panel<'_>], file: &Path) -> Result<(), Error> {
    let rows = panels.len().div_ceil(2);
    let root = SVGBackend::new(file, (1_100, 420 * u32::try_from(rows)?)).into_drawing_area();
    root.fill(&WHITE)?;
    for (panel, area) in panels.iter().zip(root.split_evenly((rows, 2))) {
        let points = || panel.lines.iter().flat_map(|(_, line)| line);
        let range = |value: fn(&(f64, f64)) -> f64| {
            let low = points().map(value).fold(f64::INFINITY, f64::min);
            let high = points().map(value).fold(0.0, f64::max);
            low..high
        };
        if points().next().is_none() {
            continue;
        }
        let (x, y) = (range(|point| point.0), range(|point| point.1));
        // Room for what is flat to look flat, and above for the names.
        let (x, y) = (x.start / 1.3..x.end * 1.3, y.start / 3.0..y.end * 10.0);
        let mut chart = ChartBuilder::on(&area)
            .caption(&panel.title, ("sans-serif", 16))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(x.log_scale(), y.log_scale())?;
        chart
            .configure_mesh()
            .max_light_lines(1)
            .x_desc(panel.x)
            .y_desc(panel.y)
            .x_label_formatter(&|value| super::table::short(*value))
            .y_label_formatter(&|value| super::table::short(*value))
            .draw()?;
        for ((name, line), colour) in panel.lines.iter().zip(COLOURS.into_iter().rev().cycle()) {
            chart
                .draw_series(
                    LineSeries::new(line.iter().copied(), colour.stroke_width(2)).point_size(3),
                )?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .draw()?;
    }
    root.present()?;
    Ok(())
}
