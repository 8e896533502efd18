//! What became of each test, as nextest reports it: in the format of `JUnit`.

use std::{fs, path::PathBuf};

use crate::Outcome;
use crate::workspace::Workspace;

/// One test.
pub(crate) struct Test {
    /// `binary::module::name`.
    pub(crate) name: String,
    pub(crate) passed: bool,
    /// What it wrote, as XML has it: `&`, `<` and `>` are escaped.
    pub(crate) output: String,
}

/// Those of the last run.
pub(crate) struct Results(pub(crate) Vec<Test>);

impl Results {
    /// Where nextest writes it (`.config/nextest.toml`).
    fn path(workspace: &Workspace) -> PathBuf {
        workspace.target.join("nextest/default/junit.xml")
    }

    /// Before a run: an old report must not answer for one that never began.
    pub(crate) fn forget(workspace: &Workspace) {
        // It fails if there is none.
        let _ = fs::remove_file(Self::path(workspace));
    }

    /// Reads the report of a run.
    pub(crate) fn load(workspace: &Workspace) -> Outcome<Self> {
        let path = Self::path(workspace);
        let text = fs::read_to_string(&path).map_err(|error| {
            format!(
                "no report of the tests, is nextest installed? {}: {error}",
                path.display()
            )
        })?;
        Ok(Self::from_junit(&text))
    }

    /// Of the text; `<` of a test's output is escaped there, so that every element is one of the report.
    pub(crate) fn from_junit(text: &str) -> Self {
        let cases = text.split("<testcase ").skip(1).map(|case| Test {
            name: format!(
                "{}::{}",
                attribute(case, "classname"),
                attribute(case, "name")
            ),
            passed: !case.contains("<failure") && !case.contains("<error"),
            output: case.to_owned(),
        });
        Self(cases.collect())
    }

    /// Whether the one test of this name, or whose full name ends so, has passed.
    pub(crate) fn verdict(&self, name: &str) -> Outcome {
        let end = format!("::{name}");
        let mut tests = self
            .0
            .iter()
            .filter(|test| test.name == name || test.name.ends_with(&end));
        match (tests.next(), tests.next()) {
            (None, _) => Err("no such test has run".to_owned()),
            (Some(one), Some(other)) => Err(format!(
                "two tests are called so, {} and {}",
                one.name, other.name
            )),
            (Some(test), None) if test.passed => Ok(()),
            (Some(_), None) => Err("it failed".to_owned()),
        }
    }
}

/// Of an element that begins with its attributes.
fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let tag = element.split('>').next().unwrap_or_default();
    let mut attributes = tag
        .split("\" ")
        .filter_map(|one| one.trim().split_once("=\""));
    let found = attributes.find(|(known, _)| *known == name);
    found.map_or("", |(_, value)| value.trim_end_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<testsuite name="tenure::web" tests="2">
        <testcase name="site::holds" classname="tenure::web" time="0.1">
            <system-out>said &lt;failure</system-out>
        </testcase>
        <testcase name="breaks" classname="tenure::web" time="0.1">
            <failure type="test failure"/>
        </testcase>
        <testcase name="other::breaks" classname="shop::http"></testcase>
        </testsuite>"#;

    #[test]
    fn a_report_tells_names_verdicts_and_outputs() {
        let results = Results::from_junit(REPORT);
        assert_eq!(results.0[0].name, "tenure::web::site::holds");
        assert!(results.0[0].output.contains("said"));
        assert!(results.verdict("holds").is_ok());
        assert!(results.verdict("web::site::holds").is_ok());
        assert!(results.verdict("olds").is_err());
        assert!(results.verdict("web::breaks").is_err());
        assert!(results.verdict("other::breaks").is_ok());
        assert!(results.verdict("breaks").unwrap_err().contains("two"));
    }
}
