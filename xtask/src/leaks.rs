//! Whether a live key is in what the tests have written.

#[path = "../../testkit/src/leaks/form.rs"]
mod form;

use crate::Outcome;
use crate::security::Results;

/// Looks at every line of every test.
pub(crate) fn search(results: &Results) -> Outcome {
    let mut lines = 0;
    let mut found = Vec::new();
    for test in &results.0 {
        for line in test.output.lines() {
            lines += 1;
            // What a failed test shows is for the person who mends it.
            if test.passed && form::find(line).is_some() {
                println!("a live key in the output of {}: {line}", test.name);
                found.push(test.name.as_str());
            }
        }
    }
    found.dedup();
    if found.is_empty() {
        println!("no live key in {lines} lines of {} tests", results.0.len());
        return Ok(());
    }
    Err(format!(
        "live keys in what these tests write: {}",
        found.join(", ")
    ))
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
        assert!(search(&report("session=1f0c9a2b7d3e created")).is_ok());
        assert!(search(&report("cookie: k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f")).is_err());
    }
}
