//! A contestant at work: started, filled, checked.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use testkit::{Server, free_port};

use super::{
    client::Client,
    load, process,
    registry::{Contestant, Engine, Program},
    route::{Route, Sessions},
};
use crate::Error;

/// How long a contestant may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A contestant that listens.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) contestant: Contestant,
    pub(super) address: SocketAddr,
    server: Server,
    /// The sessions that its requests rotate over.
    small: Vec<String>,
    large: Vec<String>,
    folder: TempDir,
}

impl Running {
    /// Starts it on `core`, with its sessions at `place`.
    pub(super) fn start(contestant: Contestant, place: &str, core: usize) -> Result<Self, Error> {
        let own = program(&contestant)?;
        let mut command = Command::new("taskset");
        command
            .args(["-c", &core.to_string()])
            .arg(own.get_program());
        command.args(own.get_args()).args(contestant.arguments);
        if let Some(folder) = own.get_current_dir() {
            command.current_dir(folder);
        }
        Self::launch(contestant, command, place)
    }

    /// Starts it by this command.
    pub(super) fn launch(
        contestant: Contestant,
        mut command: Command,
        place: &str,
    ) -> Result<Self, Error> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        command
            .env("BENCH_ADDRESS", address.to_string())
            .env("BENCH_URL", place);
        let folder = tempfile::tempdir()?;
        let mut running = Self {
            contestant,
            address,
            server: Server::start(contestant.name, &command, folder.path()),
            small: Vec::new(),
            large: Vec::new(),
            folder,
        };
        running.wait()?;
        Ok(running)
    }

    fn wait(&mut self) -> Result<(), Error> {
        let (started, mut client) = (Instant::now(), self.client());
        while !client
            .get("/plain", None)
            .is_ok_and(|answer| answer.status == 200)
        {
            if !process::lives(self.process()) || started.elapsed() > PATIENCE {
                return Err(format!("it did not start:\n{}", self.server.log()).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.address)
    }

    pub(super) fn process(&self) -> u32 {
        self.server.id()
    }

    /// Makes so many sessions of each size for the routes that read, as many for those that write, and looks at whether every route answers as it must.
    pub(super) fn fill(&mut self, sessions: usize) -> Result<(), Error> {
        if self.contestant.engine == Engine::None {
            self.small = vec!["sessionid=0123456789abcdefghijklmnopqrstuv".to_owned(); sessions];
            return Ok(());
        }
        self.check("/fill/300")?;
        self.small = self.made("/fill/300", sessions * 2)?;
        if self.contestant.engine.is_large() {
            self.check("/fill/10k")?;
            self.large = self.made("/fill/10k", sessions * 2)?;
        }
        Ok(())
    }

    /// The cookies of new sessions.
    pub(super) fn made(&self, path: &str, sessions: usize) -> Result<Vec<String>, Error> {
        let mut client = self.client();
        (0..sessions).map(|_| made(&mut client, path)).collect()
    }

    /// Takes a session through the routes.
    fn check(&self, fill: &str) -> Result<(), Error> {
        let mut client = self.client();
        let mut cookie = made(&mut client, fill)?;
        expect(&mut client, "/plain", &mut cookie, "ok")?;
        expect(&mut client, "/read", &mut cookie, USER)?;
        let before = visits(&mut client, &mut cookie)?;
        for step in 1..=2 {
            let visits = (before + step).to_string();
            expect(&mut client, "/write", &mut cookie, &visits)?;
        }
        expect(&mut client, "/read", &mut cookie, USER)?;
        let mut new = made(&mut client, "/new")?;
        expect(&mut client, "/read", &mut new, USER)?;
        let stranger = client.get("/read", None)?;
        if stranger.status != 500 {
            return Err(format!("/read without a session answered {}", stranger.status).into());
        }
        Ok(())
    }

    /// The requests of a route as a script, if this contestant has it.
    pub(super) fn script(&self, route: Route) -> Result<Option<PathBuf>, Error> {
        let cookies: &[String] = match route.sessions() {
            Sessions::None => &[],
            Sessions::Small => &self.small,
            Sessions::Large => &self.large,
        };
        // What writers do to a session must not show in the figures of readers.
        let (read, written) = cookies.split_at(cookies.len() / 2);
        let cookies = if route.path() == Route::Write.path() {
            written
        } else {
            read
        };
        let bare = self.contestant.engine == Engine::None;
        if (bare && !route.is_untouched())
            || (cookies.is_empty() && route.sessions() != Sessions::None)
        {
            return Ok(None);
        }
        self.script_of(route.path(), cookies).map(Some)
    }

    /// Requests for a path with these cookies in turn.
    pub(super) fn script_of(&self, path: &str, cookies: &[String]) -> Result<PathBuf, Error> {
        let name = format!(
            "{}-{}-{}",
            path.replace('/', ""),
            cookies.len(),
            cookies.first().map_or(0, String::len)
        );
        load::script(self.folder.path(), &name, path, cookies)
    }
}

/// What every session holds.
const USER: &str = "4711";

fn made(client: &mut Client, path: &str) -> Result<String, Error> {
    let answer = client.get(path, None)?;
    match answer.cookie {
        Some(cookie) if answer.status == 200 && answer.body == "ok" => Ok(cookie),
        cookie => {
            let with = if cookie.is_some() { "with" } else { "without" };
            Err(format!(
                "{path} answered {} {:?} {with} a cookie",
                answer.status, answer.body
            )
            .into())
        }
    }
}

/// Asks with the cookie, and keeps the one that comes back, if one does.
fn expect(client: &mut Client, path: &str, cookie: &mut String, body: &str) -> Result<(), Error> {
    let answer = client.get(path, Some(cookie))?;
    if answer.status != 200 || answer.body != body {
        return Err(format!(
            "{path} answered {} {:?}, not {body:?}",
            answer.status, answer.body
        )
        .into());
    }
    if let Some(new) = answer.cookie {
        *cookie = new;
    }
    Ok(())
}

fn visits(client: &mut Client, cookie: &mut String) -> Result<u64, Error> {
    let answer = client.get("/write", Some(cookie))?;
    if let Some(new) = answer.cookie {
        *cookie = new;
    }
    let visits = answer.body.parse().ok().filter(|_| answer.status == 200);
    visits.ok_or_else(|| format!("/write answered {} {:?}", answer.status, answer.body).into())
}

/// The command that starts it.
fn program(contestant: &Contestant) -> Result<Command, Error> {
    // The programs of the workspace are built together, so that this one stands beside them.
    let own = std::env::current_exe()?;
    let release = own.parent().ok_or("no folder of programs")?;
    let built = release.parent().ok_or("no target folder")?.join("peers");
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let in_folder = |program: PathBuf, folder: &str, script: &str| {
        let mut command = Command::new(program);
        command.arg(script).current_dir(peers.join(folder));
        command
    };
    let command = match contestant.program {
        Program::Workspace => {
            let mut command = Command::new(release.join("contestants"));
            command.arg(contestant.name);
            command
        }
        Program::Crate(_, name) => Command::new(built.join("release").join(name)),
        Program::Node(folder, script) => return Ok(in_folder("node".into(), folder, script)),
        Program::Python(folder, script) => {
            in_folder(built.join(folder).join("bin/python"), folder, script)
        }
    };
    let file = Path::new(command.get_program());
    if !file.is_file() {
        return Err(format!("not built: {} is missing", file.display()).into());
    }
    Ok(command)
}
