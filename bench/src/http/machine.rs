//! Where a run took place.

use std::{fs, process::Command};

/// Names and values, for the report.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) facts: Vec<(String, String)>,
}

impl Machine {
    /// Looks around. `cores` is what contestants run on, and how many others there are.
    pub(super) fn look() -> Self {
        let mut machine = Self { facts: Vec::new() };
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let models: Vec<&str> = cpus
            .lines()
            .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map(|(_, name)| name)
            .collect();
        let model = models.first().copied().unwrap_or("unknown");
        machine.add("processor", Some(format!("{} × {model}", models.len())));
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = memory
            .lines()
            .next()
            .and_then(|line| line.split_whitespace().nth(1));
        let gibibytes = total
            .and_then(|kib| kib.parse::<u32>().ok())
            .map(|kib| f64::from(kib) / 1_048_576.0);
        machine.add("memory", gibibytes.map(|size| format!("{size:.0} GiB")));
        machine.add("kernel", read("/proc/sys/kernel/osrelease"));
        machine.add(
            "commit",
            first_line("git", &["describe", "--always", "--dirty"]),
        );
        machine.add("rustc", first_line("rustc", &["--version"]));
        machine.load("load before");
        machine
    }

    /// A fact, if it is known.
    pub(super) fn add(&mut self, name: &str, value: Option<String>) {
        self.facts
            .extend(value.map(|value| (name.to_owned(), value)));
    }

    /// The load average: what else the machine had to do.
    pub(super) fn load(&mut self, name: &str) {
        let averages = read("/proc/loadavg");
        self.add(
            name,
            averages.and_then(|text| text.split(' ').next().map(str::to_owned)),
        );
    }
}

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// What a program prints first, whatever it then says of itself by its exit: `wrk` fails when it shows its version.
pub(super) fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(|line| line.trim().to_owned())
}
