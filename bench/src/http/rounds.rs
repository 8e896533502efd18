//! All contestants of an engine, side by side: short slices in turn, so that whatever else the machine does meets all of them alike.

use std::{
    collections::BTreeMap,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{
    engine,
    load::{self, Slice},
    options::Options,
    process::Cpu,
    registry::{Contestant, Engine},
    results::Broken,
    route::Route,
    server::Running,
    statistics::Spread,
};
use crate::Error;

/// One slice, with what it has taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) slice: Slice,
    /// Microseconds of the server's CPU for each request, and of the engine's.
    pub(super) server: f64,
    pub(super) engine: Option<f64>,
}

/// What the cycles have shown of one contestant on one route.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// Microseconds of the server's CPU for each request.
    pub(super) server: Spread,
    pub(super) engine: Option<Spread>,
    /// `server` as a multiple of the floor's within the same cycle; of bare axum's, where the session is not touched.
    pub(super) ratio: Option<Spread>,
    pub(super) per_second: Spread,
    pub(super) p50: Spread,
    pub(super) p99: Spread,
    pub(super) wrong: f64,
    pub(super) requests: f64,
}

/// One engine's part of the table.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) engine: Engine,
    pub(super) version: Option<String>,
    pub(super) rows: Vec<Row>,
    pub(super) broken: Broken,
}

/// One contestant.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) figures: BTreeMap<Route, Figure>,
    /// Round trips to the engine for one request of each route.
    pub(super) trips: BTreeMap<Route, f64>,
}

/// The name of the second process of the floor. What differs between the two is the run's noise.
pub(super) const AGAIN: &str = " (again)";

/// Measures the contestants of an engine.
pub(super) fn run(
    engine: Engine,
    contestants: &[Contestant],
    options: &Options,
    core: usize,
) -> Result<Group, Error> {
    let mut server = engine::Running::start(engine)?;
    let mut group = Group {
        engine,
        version: server.version(),
        rows: Vec::new(),
        broken: Vec::new(),
    };
    let mut running: Vec<(String, Running)> = Vec::new();
    let again = contestants
        .iter()
        .filter(|one| one.is_floor() && one.engine == engine);
    let again = again.map(|floor| (format!("{}{AGAIN}", floor.name), *floor));
    let all = contestants.iter().map(|one| (one.name.to_owned(), *one));
    for (label, contestant) in all.chain(again) {
        let started = start(contestant, &label, &server, options, core);
        match started {
            Ok(one) => running.push((label, one)),
            Err(error) => group.broken.push((label, error.to_string())),
        }
    }
    let samples = cycles(&running, &server.processes(), options, &mut group.broken)?;
    let base_of = |route: Route| {
        let base = running.iter().position(|(_, one)| {
            one.contestant.is_floor()
                && (one.contestant.engine == Engine::None) == route.is_untouched()
        });
        base.and_then(|index| samples.get(&(index, route)))
    };
    for (index, (label, one)) in running.iter().enumerate() {
        let figures = Route::ALL.into_iter().filter_map(|route| {
            let own = samples.get(&(index, route))?;
            Some((route, figure(own, base_of(route))?))
        });
        let mut row = Row {
            label: label.clone(),
            figures: figures.collect(),
            trips: BTreeMap::new(),
        };
        // The floor a second time would show the same.
        if !label.ends_with(AGAIN) && one.contestant.engine != Engine::None {
            match super::trips::count(one.contestant, &server, core) {
                Ok(trips) => row.trips = trips,
                Err(error) => group
                    .broken
                    .push((format!("{label}, round trips"), error.to_string())),
            }
        }
        group.rows.push(row);
    }
    Ok(group)
}

fn start(
    contestant: Contestant,
    label: &str,
    engine: &engine::Running,
    options: &Options,
    core: usize,
) -> Result<Running, Error> {
    if options.is_missing(&contestant) {
        return Err("it was not built".into());
    }
    let place = match contestant.engine {
        Engine::None => String::new(),
        _ => engine.place(&label.replace([' ', '(', ')'], ""), &[])?,
    };
    let mut running = Running::start(contestant, &place, core)?;
    running.fill(options.sessions())?;
    // Connections are opened and statements prepared before anything counts.
    for route in [Route::Read, Route::Write] {
        if let Some(script) = running.script(route)? {
            load::run(running.address, &script, Duration::from_millis(100))?;
        }
    }
    Ok(running)
}

/// By contestant and route, one of each cycle; none where no request was answered.
type Samples = BTreeMap<(usize, Route), Vec<Option<Sample>>>;

/// One slice of each route on each contestant, so many times over. Every other cycle runs backwards, so that nobody is always first.
fn cycles(
    running: &[(String, Running)],
    engine: &[u32],
    options: &Options,
    broken: &mut Broken,
) -> Result<Samples, Error> {
    let mut samples = Samples::new();
    for cycle in 0..options.cycles() {
        for route in Route::ALL {
            let mut order: Vec<usize> = (0..running.len()).collect();
            if cycle % 2 == 1 {
                order.reverse();
            }
            for index in order {
                let Some((label, one)) = running.get(index) else {
                    continue;
                };
                let Some(script) = one.script(route)? else {
                    continue;
                };
                let sample = sample(one, &script, engine, options.slice());
                if let Err(error) = &sample {
                    let what = format!("{label}, {}, cycle {}", route.title(), cycle + 1);
                    broken.push((what, error.to_string()));
                }
                samples.entry((index, route)).or_default().push(sample.ok());
            }
        }
        eprintln!("  cycle {} of {}", cycle + 1, options.cycles());
    }
    Ok(samples)
}

/// Puts load on a contestant. One that does not answer within a slice gets a longer one.
pub(super) fn sample(
    one: &Running,
    script: &Path,
    engine: &[u32],
    length: Duration,
) -> Result<Sample, Error> {
    let clocks = || (Cpu::now(&[one.process()]), Cpu::now(engine));
    for length in [length, length * 10] {
        let before = clocks();
        let slice = load::run(one.address, script, length)?;
        let after = clocks();
        settle(one, engine)?;
        if slice.requests < 1.0 {
            continue;
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / slice.requests;
        return Ok(Sample {
            slice,
            server: each(after.0.since(&before.0)),
            engine: (!engine.is_empty()).then(|| each(after.1.since(&before.1))),
        });
    }
    Err("no request was answered".into())
}

/// Waits until nobody works any more on requests whose sender is gone, so that the next slice is alone.
fn settle(one: &Running, engine: &[u32]) -> Result<(), Error> {
    // A server that answers one request after the other gets to this one last, however long it waits for its engine before.
    one.client().get("/plain", None)?;
    let started = Instant::now();
    let clocks = || (Cpu::now(&[one.process()]), Cpu::now(engine));
    let mut last = clocks();
    while started.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(10));
        let now = clocks();
        let taken = now.0.since(&last.0) + now.1.since(&last.1);
        if taken < Duration::from_millis(1) {
            break;
        }
        last = now;
    }
    Ok(())
}

fn figure(samples: &[Option<Sample>], base: Option<&Vec<Option<Sample>>>) -> Option<Figure> {
    let taken: Vec<&Sample> = samples.iter().flatten().collect();
    let spread = |value: fn(&Sample) -> f64| Spread::of(taken.iter().map(|sample| value(sample)));
    let ratio = base.and_then(|base| {
        let pairs = samples.iter().zip(base);
        let pairs = pairs.filter_map(|(own, base)| own.zip(*base));
        Spread::of(pairs.map(|(own, base)| own.server / base.server))
    });
    Some(Figure {
        server: spread(|sample| sample.server)?,
        engine: Spread::of(taken.iter().filter_map(|sample| sample.engine)),
        ratio,
        per_second: spread(|sample| sample.slice.requests / sample.slice.seconds)?,
        p50: spread(|sample| sample.slice.p50)?,
        p99: spread(|sample| sample.slice.p99)?,
        wrong: taken.iter().map(|sample| sample.slice.wrong).sum(),
        requests: taken.iter().map(|sample| sample.slice.requests).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as cycles hold them")]
    fn sample_of(server: f64) -> Option<Sample> {
        let slice = Slice {
            requests: 100.0,
            seconds: 0.5,
            p50: 1.0,
            p99: 2.0,
            wrong: 1.0,
        };
        Some(Sample {
            slice,
            server,
            engine: None,
        })
    }

    #[test]
    fn a_ratio_is_taken_within_its_cycle() {
        // The machine was twice as slow in the second cycle, for both.
        let own = [10.0, 20.0, 11.0].map(sample_of);
        let base = [10.0, 20.0, 10.0].map(sample_of).to_vec();
        let figure = figure(&own, Some(&base)).unwrap();
        assert!((figure.ratio.unwrap().median - 1.0).abs() < 1e-9);
        assert!((figure.server.median - 11.0).abs() < 1e-9);
        assert!((figure.per_second.median - 200.0).abs() < 1e-9);
        assert!((figure.wrong - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_cycle_without_an_answer_leaves_the_others_in_their_pairs() {
        let own = [sample_of(10.0), None, sample_of(30.0)];
        let base = [10.0, 7.0, 30.0].map(sample_of).to_vec();
        let ratio = figure(&own, Some(&base)).unwrap().ratio.unwrap();
        assert!((ratio.low - 1.0).abs() < 1e-9 && (ratio.high - 1.0).abs() < 1e-9);
        assert!(figure(&[None], Some(&base)).is_none());
    }
}
