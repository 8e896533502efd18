//! How the cost of a request grows with the size of its session.

use std::collections::BTreeMap;

use super::{
    engine, options::Options, registry::Engine, results::Broken, rounds, server::Running,
    statistics::Spread,
};
use crate::Error;

/// Bytes of JSON in a session.
const SIZES: [u32; 6] = [300, 1_000, 3_000, 10_000, 30_000, 100_000];
const ENGINES: [Engine; 2] = [Engine::Redis, Engine::Sqlite];
const PATHS: [&str; 2] = ["/read", "/write"];
/// Fewer than elsewhere: 100 kB each.
const SESSIONS: usize = 100;

/// Microseconds of the server's CPU.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) contestant: &'static str,
    pub(super) path: &'static str,
    pub(super) bytes: u32,
    pub(super) server: Spread,
}

/// Measures the contestants of two engines.
pub(super) fn measure(
    options: &Options,
    core: usize,
    broken: &mut Broken,
) -> Result<Vec<Point>, Error> {
    let mut points = Vec::new();
    for engine in ENGINES {
        let mut server = engine::Running::start(engine)?;
        let processes = server.processes();
        let mut running = Vec::new();
        for contestant in options.of(engine) {
            if options.is_missing(&contestant) {
                continue;
            }
            let place = server.place(contestant.name, &[])?;
            match Running::start(contestant, &place, core) {
                Ok(one) => running.push(one),
                Err(error) => {
                    broken.push((format!("{}, sizes", contestant.name), error.to_string()));
                }
            }
        }
        for bytes in SIZES {
            eprintln!("  {}, {bytes} bytes", engine.name());
            let mut scripts = Vec::new();
            for one in &running {
                match one.made(&format!("/fill/{bytes}"), SESSIONS) {
                    Ok(cookies) => {
                        for path in PATHS {
                            scripts.push((one, path, one.script_of(path, &cookies)?));
                        }
                    }
                    Err(error) => broken.push((
                        format!("{}, {bytes} bytes", one.contestant.name),
                        error.to_string(),
                    )),
                }
            }
            let mut samples: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
            for _ in 0..options.cycles().div_ceil(3) {
                for (number, (one, _, script)) in scripts.iter().enumerate() {
                    let sample = rounds::sample(one, script, &processes, options.slice())?;
                    samples.entry(number).or_default().push(sample.server);
                }
            }
            for ((one, path, _), samples) in scripts.iter().zip(samples.into_values()) {
                points.extend(Spread::of(samples).map(|server| Point {
                    contestant: one.contestant.name,
                    path,
                    bytes,
                    server,
                }));
            }
        }
    }
    Ok(points)
}
