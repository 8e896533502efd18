//! Whether a live key is in what the tests have written.

#[path = "../../testkit/src/leaks/form.rs"]
mod form;

use crate::Outcome;
use crate::security::Results;

/// Looks at every line of every test that passed: what a failed one shows is for the person who mends it.
pub(crate) fn search(results: &Results) -> Outcome {
    let mut found = leaks(results);
    for (test, line) in &found {
        println!("a live key in the output of {test}: {line}");
    }
    if found.is_empty() {
        println!("no live key in the output of {} tests", results.0.len());
        return Ok(());
    }
    found.dedup_by_key(|(test, _)| *test);
    let tests: Vec<&str> = found.into_iter().map(|(test, _)| test).collect();
    Err(format!(
        "live keys in what these tests write: {}",
        tests.join(", ")
    ))
}

/// The test and the line of each.
fn leaks(results: &Results) -> Vec<(&str, &str)> {
    let passed = results.0.iter().filter(|test| test.passed);
    let lines = passed.flat_map(|test| {
        let lines = test.output.lines();
        lines.map(|line| (test.name.as_str(), line))
    });
    lines
        .filter(|(_, line)| form::find(line).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_a_test_printed_is_found() {
        let report = |line: &str| {
            Results::from_junit(&format!(
                r#"<testcase name="a" classname="b"><system-out>{line}</system-out></testcase>"#
            ))
        };
        assert!(leaks(&report("session=1f0c9a2b7d3e created")).is_empty());
        let leaking = report("cookie: k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f");
        assert_eq!(leaks(&leaking).len(), 1);
        // Printed here, it would be found by the search itself.
        assert!(search(&report("nothing")).is_ok());
    }
}
