//! The steps that Cargo does.

use std::process::Command;

use crate::Outcome;
use crate::shell::{first_line, run};
use crate::workspace::Workspace;
use crate::{django, tools};

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(&workspace.root);
    command
}

/// Nothing to reformat.
pub(crate) fn fmt(workspace: &Workspace, _browser: bool) -> Outcome {
    run(&mut cargo(workspace, &["fmt", "--all", "--check"]))
}

/// No warning anywhere, tests and examples included.
pub(crate) fn clippy(workspace: &Workspace, _browser: bool) -> Outcome {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    run(&mut cargo(workspace, &arguments))
}

/// `tenure` builds without a warning with each feature alone, with none and with all.
///
/// Through clippy, as that can refuse warnings without RUSTFLAGS, which would build every dependency once more.
/// The list comes from Cargo, so that a new feature is never forgotten.
pub(crate) fn features(workspace: &Workspace, _browser: bool) -> Outcome {
    let base = ["clippy", "--package=tenure", "--locked"];
    let mut choices = vec![vec!["--no-default-features".to_owned()]];
    for feature in workspace.features("tenure")? {
        choices.push(vec![
            "--no-default-features".to_owned(),
            format!("--features={feature}"),
        ]);
    }
    choices.push(vec!["--all-features".to_owned()]);
    let mut failed = Vec::new();
    for choice in choices {
        let mut command = cargo(workspace, &base);
        if run(command.args(&choice).args(["--", "-D", "warnings"])).is_err() {
            failed.push(choice.join(" "));
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed.join(" | "))
    }
}

/// Every test. Through nextest if it is there, which tells more about a hanging or flaky one; it cannot run doctests.
///
/// Tests find their tools through these variables: `TENURE_TEST_PYTHON` (a Python that has Django), `CHROME` and
/// `CHROMEDRIVER`. Where one is not set, a test that needs it fails and says what to install.
pub(crate) fn test(workspace: &Workspace, browser: bool) -> Outcome {
    let python = django::environment(workspace)?;
    let skip: &[&str] = if browser { &[] } else { &["--skip", "browser"] };
    let everything = ["--workspace", "--all-features", "--locked"];
    let with_tools = |arguments: &[&str]| {
        let mut command = cargo(workspace, arguments);
        command.args(everything).env("TENURE_TEST_PYTHON", &python);
        if browser {
            command.envs(
                tools::browser()
                    .into_iter()
                    .map(|(name, found)| (name, found.path)),
            );
        }
        command
    };
    if first_line("cargo", &["nextest", "--version"]).is_none() {
        return run(with_tools(&["test", "--no-fail-fast"]).arg("--").args(skip));
    }
    let tests = run(
        with_tools(&["nextest", "run", "--no-fail-fast", "--no-tests=pass"])
            .arg("--")
            .args(skip),
    );
    let doctests = run(&mut with_tools(&["test", "--doc", "--no-fail-fast"]));
    tests.and(doctests)
}

/// The docs build, with no broken link.
pub(crate) fn doc(workspace: &Workspace, _browser: bool) -> Outcome {
    let arguments = [
        "doc",
        "--workspace",
        "--no-deps",
        "--all-features",
        "--locked",
    ];
    run(cargo(workspace, &arguments).env("RUSTDOCFLAGS", "-D warnings"))
}
