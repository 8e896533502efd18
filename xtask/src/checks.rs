//! The steps that Cargo does.

use std::process::Command;

use crate::Outcome;
use crate::security::{self, Results};
use crate::shell::{first_line, run};
use crate::workspace::Workspace;
use crate::{django, leaks, tools};

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

/// Cargo on the tests of the workspace, all features on.
///
/// Tests find their tools through these variables: `TENURE_TEST_PYTHON` (a Python that has Django), `CHROME` and
/// `CHROMEDRIVER`. Where one is not set, a test that needs it fails and says what to install.
fn with_tools(workspace: &Workspace, browser: bool, arguments: &[&str]) -> Outcome<Command> {
    let mut command = cargo(workspace, arguments);
    command
        .args(["--workspace", "--all-features", "--locked"])
        .env("TENURE_TEST_PYTHON", django::environment(workspace)?);
    if browser {
        command.envs(
            tools::browser()
                .into_iter()
                .map(|(name, found)| (name, found.path)),
        );
    }
    Ok(command)
}

/// The options that leave out the tests that need a browser.
fn skipped(browser: bool) -> &'static [&'static str] {
    if browser { &[] } else { &["--skip", "browser"] }
}

/// Runs tests through nextest, which leaves a report for [`Results::load`].
pub(crate) fn nextest(workspace: &Workspace, browser: bool, choice: &[&str]) -> Outcome {
    Results::forget(workspace);
    let base = ["nextest", "run", "--no-fail-fast", "--no-tests=pass"];
    let mut command = with_tools(workspace, browser, &base)?;
    run(command.args(choice).arg("--").args(skipped(browser)))
}

/// Every test. Through nextest if it is there, which tells more about a hanging or flaky one; it cannot run doctests.
///
/// With it, what the tests have written is searched for live keys, and the promises of SECURITY.md are checked.
pub(crate) fn test(workspace: &Workspace, browser: bool) -> Outcome {
    if first_line("cargo", &["nextest", "--version"]).is_none() {
        let mut command = with_tools(workspace, browser, &["test", "--no-fail-fast"])?;
        return run(command.arg("--").args(skipped(browser)));
    }
    let tests = nextest(workspace, browser, &[]);
    let promises = Results::load(workspace).and_then(|results| {
        let rows = security::check(workspace, &results, browser);
        leaks::search(&results).and(rows)
    });
    let doctests = run(&mut with_tools(
        workspace,
        browser,
        &["test", "--doc", "--no-fail-fast"],
    )?);
    tests.and(promises).and(doctests)
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
