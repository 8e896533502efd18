//! A process that does one job.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use tenure::Settings;
use tokio::runtime::Runtime;

const JOB: &str = "WORKER_JOB";
const SETTINGS: &str = "WORKER_SETTINGS";
const ARGUMENT: &str = "WORKER_ARGUMENT";
/// Stands before every line that is meant for the parent, since the test harness talks too.
const MARK: &str = "worker: ";

/// What the processes and the test itself use: the engine's settings, with a secret.
pub(crate) fn settings(engine: &str) -> Settings {
    let secret = "a secret for tests alone, never for a site that visitors use";
    Settings::from_toml(&format!("SECRET_KEY = {secret:?}\n{engine}")).unwrap()
}

pub(crate) fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(1).enable_all().build().unwrap()
}

/// Says something to the parent.
pub(crate) fn say(line: impl std::fmt::Display) {
    println!("{MARK}{line}");
}

/// A running process, which dies with this.
pub(crate) struct Worker {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    pub(crate) fn start(job: &str, engine: &str, argument: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "worker::job", "--nocapture"])
            .envs([(JOB, job), (SETTINGS, engine), (ARGUMENT, argument)])
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What it says next; `None` when it is dead.
    pub(crate) fn hear(&mut self) -> Option<String> {
        // A last line that was cut by the kill is none.
        let mut heard = self.lines.by_ref().map_while(Result::ok);
        heard.find_map(|line| line.split_once(MARK).map(|(_, said)| said.to_owned()))
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has done its job.
    pub(crate) fn finish(mut self) {
        while self.hear().is_some() {}
        assert!(self.child.wait().unwrap().success(), "a worker failed");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a worker does. Nothing, when it is run as a test.
#[test]
fn job() {
    let told = |name| std::env::var(name).ok();
    let (Some(job), Some(engine), Some(argument)) = (told(JOB), told(SETTINGS), told(ARGUMENT))
    else {
        return;
    };
    let settings = settings(&engine);
    runtime().block_on(async {
        match job.as_str() {
            "count" => crate::lost::count(settings, &argument).await,
            "write" => crate::crash::write(settings, &argument).await,
            other => panic!("{other} is no job"),
        }
    });
}
