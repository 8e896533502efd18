//! One server process.

use std::{
    ffi::OsStr,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::leaks;

/// How long a server may take until it answers. Machines that run tests are busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that runs as long as this lives, with what it writes to its log in `folder`.
#[derive(Debug)]
pub struct Server {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Server {
    /// Starts `command`, whose output goes to `<name>.log` in `folder`.
    ///
    /// The server dies with this process, also if that is killed. No key may come into its log, or into that of this process.
    pub fn start(name: &str, command: &Command, folder: &Path) -> Self {
        leaks::watch();
        let log = folder.join(format!("{name}.log"));
        let output = fs::File::create(&log).unwrap();
        let mut wrapped = Command::new("setpriv");
        wrapped.args(["--pdeathsig", "KILL"]);
        wrapped
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(variable, value),
                None => wrapped.env_remove(variable),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            wrapped.current_dir(folder);
        }
        let child = spawn(wrapped)
            .unwrap_or_else(|error| panic!("`setpriv` (package util-linux) cannot start: {error}"));
        Self {
            child,
            name: name.to_owned(),
            log,
        }
    }

    /// Waits until `ready` is true.
    ///
    /// # Panics
    ///
    /// When the server ends, or takes longer than a minute; shows its log then.
    pub fn wait_until(&mut self, mut ready: impl FnMut() -> bool) {
        let started = Instant::now();
        while !ready() {
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || started.elapsed() > PATIENCE {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                panic!("{} did not start ({ended:?}):\n{log}", self.name);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its output.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Stops the process without ending it: nothing answers any more, and no connection breaks.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        // Threads on other processors go on until they hear of it.
        let tasks = format!("/proc/{}/task", self.id());
        wait_until("the server's threads", || {
            let tasks = fs::read_dir(&tasks).unwrap().filter_map(Result::ok);
            let mut states =
                tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
            states.all(|state| state.contains("State:\tT"))
        });
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends the process at once, as a crash does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the process to end, and waits for it.
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        let _ = self.child.wait();
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if !thread::panicking() {
            leaks::search_log(&self.name, &self.log());
        }
    }
}

/// Starts a process from a thread that lives as long as this program: the kernel's "dies with its parent" means the thread.
fn spawn(command: Command) -> std::io::Result<Child> {
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static ORDERS: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, started) = mpsc::channel();
    orders.send((command, answer)).unwrap();
    started.recv().unwrap()
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The path of a program: on `PATH`, in the folders where Debian hides servers, or in one of `folders`.
///
/// # Panics
///
/// When it is nowhere; names the package to install.
pub fn program(name: &str, package: &str, folders: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .chain(folders.iter().map(PathBuf::from));
    let mut found = places
        .map(|place| place.join(name))
        .filter(|file| file.is_file());
    found.next().unwrap_or_else(|| {
        panic!(
            "`{name}` is not installed: `apt-get install {package}`, or `cargo xtask setup` for all that the tests need"
        )
    })
}

/// Waits until `ready` is true, for at most a minute.
///
/// # Panics
///
/// When it takes longer.
pub fn wait_until(what: impl AsRef<OsStr>, mut ready: impl FnMut() -> bool) {
    let started = Instant::now();
    while !ready() {
        assert!(
            started.elapsed() < PATIENCE,
            "it took longer than {PATIENCE:?}: {}",
            what.as_ref().display()
        );
        thread::sleep(Duration::from_millis(2));
    }
}
