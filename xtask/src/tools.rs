//! The programs that the other steps need: found, else installed, else named.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::shell::{first_line, run, which};
use crate::workspace::Workspace;

/// A program that runs.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

/// How a missing tool gets here.
enum Source {
    Apt(&'static [&'static str]),
    Rustup(&'static str),
}

struct Tool {
    name: &'static str,
    version: Option<String>,
    source: Source,
}

/// The variables that name the browser and its driver, and what these are called on PATH; the name with a dot is the
/// snap's.
const BROWSER: [(&str, &[&str]); 2] = [
    (
        "CHROME",
        &[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
            "chrome",
        ],
    ),
    ("CHROMEDRIVER", &["chromedriver", "chromium.chromedriver"]),
];

/// The servers that the tests start: program, where it is if not on PATH, and Debian's package.
const SERVERS: [(&str, &[&str], &[&str]); 7] = [
    ("setpriv", &[], &["util-linux"]),
    ("postgres", &["/usr/lib/postgresql"], &["postgresql"]),
    ("mariadbd", &["/usr/sbin"], &["mariadb-server"]),
    ("redis-server", &[], &["redis-server"]),
    ("redis-sentinel", &[], &["redis-sentinel"]),
    ("openssl", &[], &["openssl"]),
    ("memcached", &[], &["memcached"]),
];

/// What the benchmark needs besides: program, and Debian's package.
const LOAD: [(&str, &[&str]); 4] = [
    ("wrk", &["wrk"]),
    ("taskset", &["util-linux"]),
    ("node", &["nodejs"]),
    ("npm", &["npm"]),
];

/// Prints the table; installs what is missing where that needs no question.
pub(crate) fn step(_workspace: &Workspace, browser: bool) -> Outcome {
    provide(|| survey(browser))?;
    if browser { same_version() } else { Ok(()) }
}

/// Prints what the survey finds, and installs what it misses.
fn provide(survey: impl Fn() -> Vec<Tool>) -> Outcome {
    if print_table(&survey()) {
        install(&survey())?;
        if print_table(&survey()) {
            return Err(
                "still missing, though the installation went well: see the table".to_owned(),
            );
        }
    }
    Ok(())
}

/// What the benchmark starts; Node and Python only for who needs them. Installs what is missing.
pub(crate) fn for_bench(node: bool, python: bool) -> Outcome {
    let wanted = |tool: &Tool| match tool.name {
        "node" | "npm" => node,
        "python3 venv" => python,
        name => ["wrk", "taskset"].contains(&name) || SERVERS.iter().any(|server| server.0 == name),
    };
    provide(|| {
        let mut tools = survey(false);
        for (name, package) in LOAD {
            // `wrk` fails when it shows its version.
            let version = which(name).map(|path| path.display().to_string());
            tools.push(Tool {
                name,
                version,
                source: Source::Apt(package),
            });
        }
        tools.retain(wanted);
        tools
    })
}

fn survey(browser: bool) -> Vec<Tool> {
    let apt = |name, version, packages| Tool {
        name,
        version,
        source: Source::Apt(packages),
    };
    let mut tools = vec![
        Tool {
            name: "rustfmt",
            version: first_line("cargo", &["fmt", "--version"]),
            source: Source::Rustup("rustfmt"),
        },
        Tool {
            name: "clippy",
            version: first_line("cargo", &["clippy", "--version"]),
            source: Source::Rustup("clippy"),
        },
        apt(
            "C compiler",
            first_line("cc", &["--version"]),
            &["gcc", "libc6-dev"],
        ),
        apt(
            "python3 venv",
            python().map(|found| found.version),
            &["python3", "python3-venv"],
        ),
        apt(
            "valgrind",
            first_line("valgrind", &["--version"]),
            &["valgrind"],
        ),
    ];
    // What the tests start, on ports and in folders of their own.
    for (name, places, package) in SERVERS {
        tools.push(apt(
            name,
            server(name, places).map(|found| found.version),
            package,
        ));
    }
    if browser {
        let [chrome, driver] =
            BROWSER.map(|(variable, names)| find(variable, names).map(|found| found.version));
        tools.push(apt("chromium", chrome, &["chromium"]));
        tools.push(apt("chromedriver", driver, &["chromium-driver"]));
    }
    tools
}

/// Prints every tool with its version; whether one is missing.
fn print_table(tools: &[Tool]) -> bool {
    for tool in tools {
        println!(
            "{:13} {}",
            tool.name,
            tool.version.as_deref().unwrap_or("MISSING")
        );
    }
    let nextest = first_line("cargo", &["nextest", "--version"]);
    println!(
        "{:13} {}",
        "nextest",
        nextest
            .as_deref()
            .unwrap_or("none; `cargo test` does, but nothing checks SECURITY.md then")
    );
    tools.iter().any(|tool| tool.version.is_none())
}

/// A Python that Django 5.2 runs on and that can make an environment.
///
/// Debian's `python3` has the module `venv` without the package python3-venv, but then lacks `ensurepip`.
pub(crate) fn python() -> Option<Found> {
    let program = "import ensurepip, sys, venv; assert sys.version_info >= (3, 10); print(sys.version.split()[0])";
    ["python3", "/usr/bin/python3"].iter().find_map(|name| {
        let path = which(name)?;
        let version = first_line(&path, &["-c", program])?;
        Some(Found { path, version })
    })
}

/// A server on PATH, in one of `places`, or in the `bin` of a version below one of them.
fn server(name: &str, places: &[&str]) -> Option<Found> {
    let below = |place: &str| {
        let versions = std::fs::read_dir(place).into_iter().flatten().flatten();
        let bins = versions.map(|version| version.path().join("bin"));
        std::iter::once(PathBuf::from(place))
            .chain(bins)
            .collect::<Vec<_>>()
    };
    let elsewhere = places.iter().flat_map(|place| below(place));
    let mut paths = which(name)
        .into_iter()
        .chain(elsewhere.map(|place| place.join(name)));
    paths.find_map(|path| {
        // OpenSSL 3.0 knows the word alone.
        let version = ["--version", "version"];
        let version = version.iter().find_map(|word| first_line(&path, &[word]))?;
        Some(Found { path, version })
    })
}

/// The browser and its driver under the variables by which tests find them.
pub(crate) fn browser() -> Vec<(&'static str, Found)> {
    BROWSER
        .into_iter()
        .filter_map(|(variable, names)| Some((variable, find(variable, names)?)))
        .collect()
}

fn find(variable: &str, names: &[&str]) -> Option<Found> {
    let found = |name: &str| {
        let path = which(name)?;
        let version = first_line(&path, &["--version"])?;
        Some(Found { path, version })
    };
    match std::env::var(variable) {
        Ok(name) => found(&name),
        Err(_) => names.iter().find_map(|name| found(name)),
    }
}

/// A driver of another major version refuses the browser, in words that do not say so.
fn same_version() -> Outcome {
    let major = |(_, found): &(&str, Found)| {
        let number = found
            .version
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        number.split('.').next().map(str::to_owned)
    };
    let majors: Vec<Option<String>> = browser().iter().map(major).collect();
    if majors.windows(2).all(|pair| pair.first() == pair.last()) {
        return Ok(());
    }
    Err("chromium and chromedriver differ in their major version: set CHROME and CHROMEDRIVER to a pair".to_owned())
}

fn install(tools: &[Tool]) -> Outcome {
    for (variable, names) in BROWSER {
        if let Ok(name) = std::env::var(variable)
            && tools
                .iter()
                .any(|tool| tool.version.is_none() && names.contains(&tool.name))
        {
            return Err(format!("{variable} is {name:?}, which does not run"));
        }
    }
    let (mut packages, mut components): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for tool in tools.iter().filter(|tool| tool.version.is_none()) {
        match tool.source {
            Source::Apt(names) => packages.extend(names),
            Source::Rustup(name) => components.push(name),
        }
    }
    if !components.is_empty() {
        run(Command::new("rustup")
            .args(["component", "add"])
            .args(components))?;
    }
    // Ubuntu's packages of that name only fetch the snap, which a container cannot run.
    let ubuntu =
        std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.contains("\nID=ubuntu\n"));
    let snaps: Vec<&str> = packages
        .extract_if(.., |package| ubuntu && package.starts_with("chromium"))
        .collect();
    if !packages.is_empty() {
        apt_get(&packages)?;
    }
    if snaps.is_empty() {
        return Ok(());
    }
    Err("Ubuntu has Chromium as a snap only: run `sudo snap install chromium`, or set CHROME and CHROMEDRIVER to Chrome \
         for Testing and its driver, or add `--without browser`"
        .to_owned())
}

fn apt_get(packages: &[&str]) -> Outcome {
    let line = format!(
        "apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    let (Some(program), Some(prefix)) = (which("apt-get"), privilege()) else {
        return Err(format!(
            "run this, then try again: sudo apt-get update && sudo {line}"
        ));
    };
    run(as_root(prefix, &program).args(["update", "-qq"]))?;
    run(as_root(prefix, &program)
        .args([
            "install",
            "-y",
            "-qq",
            "-oDpkg::Use-Pty=0",
            "--no-install-recommends",
        ])
        .args(packages))
    .map_err(|error| format!("{error}; by hand: sudo {line}"))
}

/// What goes before a command that root must run; none if we may not.
fn privilege() -> Option<&'static [&'static str]> {
    if first_line("id", &["-u"]).as_deref() == Some("0") {
        return Some(&[]);
    }
    first_line("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}

fn as_root(prefix: &[&str], program: &Path) -> Command {
    let mut words = prefix
        .iter()
        .copied()
        .chain(["env", "DEBIAN_FRONTEND=noninteractive"]);
    let mut command = Command::new(words.next().unwrap_or("env"));
    command.args(words).arg(program);
    command
}
