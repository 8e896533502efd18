//! Many connections, and many sessions: what stays flat.

use std::time::Instant;

use testkit::Redis;

use super::{
    cores, engine,
    options::Options,
    process::{self, Cpu},
    registry::{Contestant, Engine, Program},
    results::Broken,
    server::Running,
    statistics::Spread,
};
use crate::Error;

const CONNECTIONS: [u32; 3] = [100, 1_000, 10_000];
const SESSIONS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Requests of one client, one after the other, of which a latency is told.
const REQUESTS: u32 = 4_000;
/// Files that are open besides the connections.
const OTHER_FILES: u64 = 200;

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// Connections that have asked once and stay open.
    Connections,
    /// Sessions in Redis.
    Sessions,
}

/// What a server shows at one step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) contestant: &'static str,
    pub(super) axis: Axis,
    pub(super) count: u32,
    /// Microseconds until an answer to `/read`.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Microseconds of CPU for each request.
    pub(super) cpu: f64,
    /// Mebibytes of memory.
    pub(super) server: f64,
    pub(super) engine: f64,
}

/// Measures the workspace's own contestants on Redis.
pub(super) fn measure(
    options: &Options,
    core: usize,
    broken: &mut Broken,
) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    let files = cores::open_files()?;
    let ours = options.of(Engine::Redis);
    for contestant in ours
        .into_iter()
        .filter(|one| one.program == Program::Workspace)
    {
        eprintln!("  {}", contestant.name);
        if let Err(error) = connections(contestant, core, files, &mut steps, broken)
            .and_then(|()| sessions(contestant, core, &mut steps))
        {
            broken.push((format!("{}, scale", contestant.name), error.to_string()));
        }
    }
    Ok(steps)
}

fn started(
    contestant: Contestant,
    core: usize,
) -> Result<(engine::Running, Running, Vec<String>), Error> {
    let engine = engine::Running::start(Engine::Redis)?;
    let running = Running::start(contestant, &engine.place(contestant.name, &[])?, core)?;
    let cookies = running.made("/fill/300", 500)?;
    Ok((engine, running, cookies))
}

fn connections(
    contestant: Contestant,
    core: usize,
    files: u64,
    steps: &mut Vec<Step>,
    broken: &mut Broken,
) -> Result<(), Error> {
    let (mut engine, running, cookies) = started(contestant, core)?;
    let mut open = Vec::new();
    for count in CONNECTIONS {
        if files < u64::from(count) + OTHER_FILES {
            let why =
                format!("only {files} open files are allowed: raise the hard limit (`ulimit -Hn`)");
            broken.push((format!("{}, {count} connections", contestant.name), why));
            return Ok(());
        }
        while open.len() < usize::try_from(count)? {
            let mut client = running.client();
            client.get("/read", cookies.first().map(String::as_str))?;
            open.push(client);
        }
        steps.push(look(
            (Axis::Connections, count),
            &running,
            &mut engine,
            &cookies,
        )?);
    }
    Ok(())
}

fn sessions(contestant: Contestant, core: usize, steps: &mut Vec<Step>) -> Result<(), Error> {
    let (mut engine, running, cookies) = started(contestant, core)?;
    let mut there = u32::try_from(cookies.len())?;
    for count in SESSIONS {
        copy(engine.redis().ok_or("no Redis")?, there..count)?;
        there = count;
        steps.push(look(
            (Axis::Sessions, count),
            &running,
            &mut engine,
            &cookies,
        )?);
    }
    Ok(())
}

/// Copies a session under other keys of the same length, within Redis.
fn copy(redis: &Redis, numbers: std::ops::Range<u32>) -> Result<(), Error> {
    const COPY: &str = "for i = ARGV[1], ARGV[2] - 1 do
  redis.call('COPY', KEYS[1], string.sub(KEYS[1], 1, -13) .. string.format('%012d', i))
end
return redis.call('DBSIZE')";
    let key = redis.command(&["RANDOMKEY"]);
    let mut from = numbers.start;
    while from < numbers.end {
        let to = numbers.end.min(from + 50_000);
        let answer = redis.command(&["EVAL", COPY, "1", &key, &from.to_string(), &to.to_string()]);
        if answer != to.to_string() {
            return Err(format!("Redis holds {answer} sessions and not {to}").into());
        }
        from = to;
    }
    Ok(())
}

fn look(
    (axis, count): (Axis, u32),
    running: &Running,
    engine: &mut engine::Running,
    cookies: &[String],
) -> Result<Step, Error> {
    let mut client = running.client();
    let (mut times, mut before) = (Vec::new(), None);
    // The first quarter warms up.
    let asked = cookies.iter().cycle().zip(0..REQUESTS + REQUESTS / 4);
    for (cookie, number) in asked {
        if number == REQUESTS / 4 {
            before = Some(Cpu::now(&[running.process()]));
        }
        let start = Instant::now();
        let answer = client.get("/read", Some(cookie))?;
        if before.is_some() {
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        if answer.status != 200 {
            return Err(format!("/read answered {}", answer.status).into());
        }
    }
    let after = Cpu::now(&[running.process()]);
    let cpu = before
        .map(|before| after.since(&before).as_secs_f64())
        .unwrap_or_default();
    let mebibytes = |kibibytes: Option<u32>| kibibytes.map_or(0.0, |size| f64::from(size) / 1024.0);
    times.sort_by(f64::total_cmp);
    let p99 = times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default();
    Ok(Step {
        contestant: running.contestant.name,
        axis,
        count,
        p50: Spread::of(times).ok_or("no request")?.median,
        p99,
        cpu: cpu * 1e6 / f64::from(REQUESTS),
        server: mebibytes(process::memory(&[running.process()])),
        engine: mebibytes(engine.kibibytes()),
    })
}
