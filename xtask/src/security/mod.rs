//! `cargo xtask security`: each promise of SECURITY.md with its tests, and what became of them.

mod results;
mod table;

use std::fs;

pub(crate) use results::Results;
use table::Row;

use crate::workspace::Workspace;
use crate::{Outcome, checks};

/// The rows of SECURITY.md.
fn rows(workspace: &Workspace) -> Outcome<Vec<Row>> {
    let path = workspace.root.join("SECURITY.md");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    table::rows(&text)
}

/// Runs the tests that the rows name, and no others; prints what became of each.
pub(crate) fn step(workspace: &Workspace, browser: bool) -> Outcome {
    let rows = rows(workspace)?;
    let names = rows.iter().flat_map(|row| &row.tests);
    let filters: Vec<String> = names.map(|name| filter(name)).collect();
    // Its own verdict is of no use: the tests are judged row by row.
    let _ = checks::nextest(workspace, browser, &["-E", &filters.join(" | ")]);
    judge(&rows, &Results::load(workspace)?, true)
}

/// The rows hold, as far as a run of all tests tells.
pub(crate) fn check(workspace: &Workspace, results: &Results, browser: bool) -> Outcome {
    let mut rows = rows(workspace)?;
    if !browser {
        rows.retain(|row| {
            row.tests.is_empty() || !row.tests.iter().all(|name| needs_browser(name))
        });
        for row in &mut rows {
            row.tests.retain(|name| !needs_browser(name));
        }
    }
    judge(&rows, results, false)
}

fn needs_browser(name: &str) -> bool {
    name.contains("browser")
}

/// What chooses the tests of this name: `name`, `module::name` or `binary::module::name`.
///
/// Whatever else it chooses runs in vain, and is not looked at.
fn filter(name: &str) -> String {
    let last = name.rsplit("::").next().unwrap_or(name);
    format!("test(/(^|::){last}$/)")
}

fn judge(rows: &[Row], results: &Results, print: bool) -> Outcome {
    let mut failed = Vec::new();
    for row in rows {
        let verdicts: Vec<_> = row
            .tests
            .iter()
            .map(|name| (name, results.verdict(name)))
            .collect();
        let holds = !verdicts.is_empty() && verdicts.iter().all(|(_, verdict)| verdict.is_ok());
        if !holds {
            failed.push(row.id.as_str());
        }
        if print || !holds {
            println!("{} {}: {}", word(holds), row.id, row.about);
            for (name, verdict) in &verdicts {
                match verdict {
                    Ok(()) => println!("       pass {name}"),
                    Err(why) => println!("       FAIL {name}: {why}"),
                }
            }
            if verdicts.is_empty() {
                println!("       FAIL no test is named");
            }
        }
    }
    if failed.is_empty() {
        println!("all {} rows of SECURITY.md hold", rows.len());
        return Ok(());
    }
    Err(format!(
        "{} of {} rows of SECURITY.md: {}",
        failed.len(),
        rows.len(),
        failed.join("; ")
    ))
}

fn word(holds: bool) -> &'static str {
    if holds { "pass" } else { "FAIL" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(tests: &[&str]) -> bool {
        let row = Row {
            id: "R1".to_owned(),
            about: String::new(),
            tests: tests.iter().map(|&name| name.to_owned()).collect(),
        };
        let results = Results::from_junit(
            r#"<testcase name="a::good" classname="tenure"></testcase>
            <testcase name="bad" classname="tenure::web"><failure type="test failure"/></testcase>"#,
        );
        judge(&[row], &results, false).is_ok()
    }

    #[test]
    fn a_row_holds_if_it_has_tests_that_ran_and_passed() {
        assert!(judged(&["good"]));
        assert!(judged(&["tenure::a::good"]));
        for tests in [&[][..], &["good", "bad"], &["gone"], &["ood"], &["b::good"]] {
            assert!(!judged(tests), "{tests:?}");
        }
    }
}
