//! What live sessions take.

use std::time::{Duration, Instant};

use super::{
    engine, load,
    options::Options,
    process,
    registry::{Contestant, Engine},
    server::Running,
};
use crate::Error;

/// Sessions that are made, if the contestant is quick enough.
const SESSIONS: f64 = 100_000.0;
/// A contestant that is not gets as far as it can in this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Mebibytes before and after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub(super) before: f64,
    pub(super) after: f64,
}

/// What one contestant took.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) contestant: &'static str,
    /// Sessions of 300 bytes that were made, all alive.
    pub(super) sessions: f64,
    pub(super) server: Growth,
    /// Of the engine's server, or on the disk; none if sessions live in the contestant or in cookies.
    pub(super) engine: Option<Growth>,
}

/// Makes sessions on a new engine.
pub(super) fn measure(
    contestant: Contestant,
    options: &Options,
    core: usize,
) -> Result<Taken, Error> {
    let mut engine = engine::Running::start(contestant.engine)?;
    let place = engine.place(contestant.name, &[])?;
    let running = Running::start(contestant, &place, core)?;
    // Connections and buffers are there before the count.
    load::run(
        running.address,
        &running.script_of("/plain", &[])?,
        options.slice(),
    )?;
    let before = look(&running, &mut engine)?;
    let fill = running.script_of("/fill/300", &[])?;
    let (started, mut sessions) = (Instant::now(), 0.0);
    while sessions < SESSIONS && started.elapsed() < PATIENCE {
        sessions += load::run(running.address, &fill, Duration::from_millis(500))?.requests;
    }
    let after = look(&running, &mut engine)?;
    let of = |before, after| Growth { before, after };
    Ok(Taken {
        contestant: contestant.name,
        sessions,
        server: of(before.0, after.0),
        engine: before
            .1
            .zip(after.1)
            .map(|(before, after)| of(before, after)),
    })
}

fn look(running: &Running, engine: &mut engine::Running) -> Result<(f64, Option<f64>), Error> {
    let mebibytes = |kibibytes: u32| f64::from(kibibytes) / 1024.0;
    let server =
        process::memory(&[running.process()]).ok_or("the server's memory cannot be read")?;
    let engine = match running.contestant.engine {
        Engine::Memory => None,
        _ => engine.kibibytes(),
    };
    Ok((mebibytes(server), engine.map(mebibytes)))
}
