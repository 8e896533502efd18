//! What the command line asks for.

use crate::workspace::Workspace;
use crate::{Outcome, bench, checks, counts, django, licences, security, tools};

/// One thing that must hold.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The later steps are pointless without it.
    pub(crate) prerequisite: bool,
    pub(crate) run: fn(&Workspace, browser: bool) -> Outcome,
}

const fn step(
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace, bool) -> Outcome,
) -> Step {
    Step {
        name,
        about,
        prerequisite: false,
        run,
    }
}

/// Every step but the last is one of `test`.
const STEPS: [Step; 10] = [
    Step {
        prerequisite: true,
        ..step("tools", "what must be installed", tools::step)
    },
    Step {
        prerequisite: true,
        ..step(
            "django",
            "a Python environment with the pinned Django",
            django::step,
        )
    },
    step("fmt", "formatting", checks::fmt),
    step("clippy", "lints, warnings as errors", checks::clippy),
    step(
        "features",
        "each feature of tenure alone, none, all",
        checks::features,
    ),
    step(
        "licences",
        "every dependency's licence is on the list",
        licences::step,
    ),
    step(
        "test",
        "every test, every example in the docs",
        checks::test,
    ),
    step(
        "counts",
        "no count of instructions or allocations grew",
        counts::step,
    ),
    step("doc", "the docs build, warnings as errors", checks::doc),
    step(
        SECURITY,
        "each promise of SECURITY.md and what its tests say",
        security::step,
    ),
];

/// The steps of `setup`.
const SETUP: [&str; 2] = ["tools", "django"];

/// The step of `security`; `test` runs the same tests among all others.
const SECURITY: &str = "security";

/// Not a step but a part of two: the browser among the tools, and the tests with `browser` in their name.
const BROWSER: &str = "browser";

/// The steps to run, and what the person chose to leave out.
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) browser: bool,
    pub(crate) left_out: Vec<&'static str>,
}

impl Plan {
    /// Reads `test`, `setup` or `security` with their options.
    pub(crate) fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut words = arguments.iter().map(String::as_str);
        let command = words.next().ok_or("say what to do")?;
        let mut only: Option<Vec<&str>> = match command {
            "test" => None,
            "setup" => Some(SETUP.to_vec()),
            "security" => Some(vec![SECURITY]),
            other => return Err(format!("there is no command `{other}`")),
        };
        let mut without: Vec<&str> = Vec::new();
        while let Some(option) = words.next() {
            let mut names = || -> Outcome<Vec<&str>> {
                let list = words
                    .next()
                    .ok_or_else(|| format!("`{option}` needs names"))?;
                Ok(list.split(',').collect())
            };
            match option {
                "--only" if command == "test" => only = Some(names()?),
                "--without" => without.extend(names()?),
                other => return Err(format!("`{command}` has no option `{other}`")),
            }
        }
        for name in only.iter().flatten() {
            known(name, false)?;
        }
        for name in &without {
            known(name, true)?;
        }
        let asked = |name: &str| match &only {
            Some(only) => only.contains(&name),
            None => name != SECURITY,
        };
        let (steps, others): (Vec<Step>, Vec<Step>) = STEPS
            .into_iter()
            .partition(|step| asked(step.name) && !without.contains(&step.name));
        if steps.is_empty() {
            return Err("nothing is left to do".to_owned());
        }
        let browser = !without.contains(&BROWSER);
        let mut left_out: Vec<&'static str> = Vec::new();
        if command == "test" {
            let others = others.iter().map(|step| step.name);
            left_out.extend(others.filter(|name| *name != SECURITY));
        }
        if !browser {
            left_out.push(BROWSER);
        }
        Ok(Self {
            steps,
            browser,
            left_out,
        })
    }
}

fn known(name: &str, browser_too: bool) -> Outcome {
    if STEPS.iter().any(|step| step.name == name) || (browser_too && name == BROWSER) {
        return Ok(());
    }
    Err(format!("there is no step `{name}`"))
}

/// The help text.
pub(crate) fn usage() -> String {
    let steps: Vec<String> = STEPS
        .iter()
        .filter(|step| step.name != SECURITY)
        .map(|step| format!("  {:10} {}", step.name, step.about))
        .collect();
    format!(
        "\
cargo xtask test [--only STEP,…] [--without STEP,…]
    installs or names what is missing, then runs every step:
{}
    `--without browser` needs no Chromium and runs no browser test.
    CHROME and CHROMEDRIVER name the browser to use, if not the one on PATH.
cargo xtask security [--without browser]
    each promise of SECURITY.md, with its tests and what became of them
cargo xtask {}
cargo xtask counts [--write | --beside]
    the step `counts` alone; `--write` writes bench/counts.txt anew, `--beside` times Django's Python and tenure at the same work
cargo xtask setup [--without browser]
    only the first two steps
cargo xtask help",
        steps.join("\n"),
        bench::options::USAGE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Outcome<(Vec<&'static str>, bool, Vec<&'static str>)> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let plan = Plan::parse(&arguments)?;
        Ok((
            plan.steps.iter().map(|step| step.name).collect(),
            plan.browser,
            plan.left_out,
        ))
    }

    #[test]
    fn test_alone_runs_every_step() {
        let (steps, browser, left_out) = parse("test").unwrap();
        assert_eq!(steps.len(), STEPS.len() - 1);
        assert!(browser);
        assert!(left_out.is_empty());
    }

    #[test]
    fn what_is_left_out_is_remembered() {
        let (steps, browser, left_out) =
            parse("test --only fmt,doc --without browser,doc").unwrap();
        assert_eq!(steps, ["fmt"]);
        assert!(!browser);
        assert_eq!(
            left_out,
            [
                "tools", "django", "clippy", "features", "licences", "test", "counts", "doc",
                "browser"
            ]
        );
    }

    #[test]
    fn setup_is_tools_and_django() {
        assert_eq!(
            parse("setup").unwrap(),
            (vec!["tools", "django"], true, vec![])
        );
    }

    #[test]
    fn security_is_a_step_of_its_own() {
        assert_eq!(parse("security").unwrap(), (vec!["security"], true, vec![]));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "",
            "tset",
            "test fmt",
            "test --only",
            "test --only tset",
            "test --only browser",
            "setup --only fmt",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("test --only fmt --without fmt").is_err());
    }
}
